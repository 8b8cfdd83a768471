"""Secondary indexes: which there can be, what stands in them, and when."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tablestore_server import RunningTablestore, sdk

from infra.localcloud.core.cloud import Cloud

GLOBAL, LOCAL = sdk.SecondaryIndexType.GLOBAL_INDEX, sdk.SecondaryIndexType.LOCAL_INDEX
DEFINED = [("c", "STRING"), ("n", "INTEGER"), ("x", "DOUBLE"), ("b", "BINARY")]


def index(name: str = "i", keys: Any = ("c",), copied: Any = ("n",), kind: Any = GLOBAL) -> Any:
    return sdk.SecondaryIndexMeta(name, list(keys), list(copied), index_type=kind)


def create(client: sdk.OTSClient, *indexes: Any, name: str = "t", **options: Any) -> None:
    client.create_table(
        sdk.TableMeta(name, [("p", "STRING"), ("s", "INTEGER")], DEFINED),
        sdk.TableOptions(**options),
        sdk.ReservedThroughput(sdk.CapacityUnit(0, 0)),
        list(indexes),
    )


def put(client: sdk.OTSClient, p: str, s: int = 1, **values: Any) -> None:
    client.put_row("t", sdk.Row([("p", p), ("s", s)], list(values.items())), None)


def entries(client: sdk.OTSClient, name: str, *keys: str) -> list[tuple[Any, ...]]:
    """The rows of an index: the values of its key, then those of its columns."""
    _, _, rows, _ = client.get_range(
        name,
        "FORWARD",
        [(key, sdk.INF_MIN) for key in keys],
        [(key, sdk.INF_MAX) for key in keys],
        max_version=1,
    )
    return [
        (*(value for _, value in row.primary_key), *(cell[1] for cell in row.attribute_columns))
        for row in rows
    ]


def refusal(call: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(sdk.OTSServiceError) as caught:
        call()
    return caught.value.get_error_code(), caught.value.get_error_message()


def test_index_follows_puts_updates_and_deletes(client: sdk.OTSClient) -> None:
    create(client, index())
    put(client, "a", c="red", n=1)
    put(client, "b", c="red", n=2)
    put(client, "c", n=3)
    key = ("c", "p", "s")
    assert entries(client, "i", *key) == [("red", "a", 1, 1), ("red", "b", 1, 2)]

    change = sdk.Row([("p", "a"), ("s", 1)], {"PUT": [("c", "blue")], "INCREMENT": [("n", 9)]})
    client.update_row("t", change, None)
    assert entries(client, "i", *key) == [("blue", "a", 1, 10), ("red", "b", 1, 2)]

    client.update_row("t", sdk.Row([("p", "b"), ("s", 1)], {"DELETE_ALL": ["c"]}), None)
    client.delete_row("t", [("p", "a"), ("s", 1)], None)
    assert entries(client, "i", *key) == []


def test_local_index_begins_with_the_partition_key(client: sdk.OTSClient) -> None:
    create(client, index(keys=("p", "n"), copied=("c",), kind=LOCAL))
    put(client, "a", 1, n=5, c="x")
    put(client, "a", 2, n=4)
    assert entries(client, "i", "p", "n", "s") == [("a", 4, 2), ("a", 5, 1, "x")]


def test_global_index_lags_by_the_cloud_s_clock_and_a_local_one_does_not(
    client: sdk.OTSClient, server: RunningTablestore
) -> None:
    server.service.behaviour.index_lag_ms = 5_000
    create(client, index(), index("l", ("p", "c"), (), LOCAL))
    put(client, "a", c="red", n=1)
    assert entries(client, "i", "c", "p", "s") == []
    assert entries(client, "l", "p", "c", "s") == [("a", "red", 1)]
    server.cloud.clock.advance(5)
    assert entries(client, "i", "c", "p", "s") == [("red", "a", 1, 1)]


def test_late_change_is_not_overtaken_where_the_lag_shrinks(
    client: sdk.OTSClient, server: RunningTablestore
) -> None:
    create(client, index())
    server.service.behaviour.index_lag_ms = 5_000
    put(client, "a", c="red", n=1)
    server.service.behaviour.index_lag_ms = 0
    put(client, "a", c="red", n=2)
    assert entries(client, "i", "c", "p", "s") == []
    server.cloud.clock.advance(5)
    assert entries(client, "i", "c", "p", "s") == [("red", "a", 1, 2)]


def test_late_change_outlives_a_restart(tmp_path: Path) -> None:
    first = RunningTablestore(Cloud(tmp_path))
    first.service.behaviour.index_lag_ms = 5_000
    create(first.client(), index())
    put(first.client(), "a", c="red", n=1)
    first.stop()
    second = RunningTablestore(Cloud(tmp_path))
    try:
        second.cloud.clock.advance(5)
        assert entries(second.client(), "i", "c", "p", "s") == [("red", "a", 1, 1)]
        put(second.client(), "a", c="blue", n=1)
        assert entries(second.client(), "i", "c", "p", "s") == [("blue", "a", 1, 1)]
    finally:
        second.stop()


@pytest.mark.parametrize("includes_base_data", [True, False])
def test_new_index_takes_in_old_rows_where_it_is_told_to(
    client: sdk.OTSClient, includes_base_data: bool
) -> None:
    create(client)
    put(client, "old", c="red", n=1)
    client.create_secondary_index("t", index(), includes_base_data)
    put(client, "new", c="red", n=2)
    expected = [("red", "new", 1, 2), ("red", "old", 1, 1)]
    assert entries(client, "i", "c", "p", "s") == expected[: 1 + includes_base_data]


def test_value_of_another_type_does_not_stand_in_the_index(client: sdk.OTSClient) -> None:
    create(client, index())
    put(client, "a", c=7, n=1)
    assert entries(client, "i", "c", "p", "s") == []


def test_index_is_described_read_by_row_and_dropped(client: sdk.OTSClient) -> None:
    create(client, index())
    put(client, "a", c="red", n=1)
    described = client.describe_table("t").secondary_indexes
    assert [(each.index_name, each.primary_key_names) for each in described] == [("i", ["c"])]
    assert client.describe_table("i").table_meta.schema_of_primary_key == [
        ("c", "STRING"),
        ("p", "STRING"),
        ("s", "INTEGER"),
    ]
    _, row, _ = client.get_row("i", [("c", "red"), ("p", "a"), ("s", 1)], max_version=1)
    assert row.attribute_columns[0][:2] == ("n", 1)
    assert list(client.list_table()) == ["t"]
    client.delete_secondary_index("t", "i")
    assert client.describe_table("t").secondary_indexes == []
    assert refusal(lambda: client.describe_table("i"))[0] == "OTSObjectNotExist"


def test_deleting_a_table_deletes_its_indexes(client: sdk.OTSClient) -> None:
    create(client, index())
    client.delete_table("t")
    assert refusal(lambda: entries(client, "i", "c", "p", "s"))[0] == "OTSObjectNotExist"
    create(client, index())


def test_index_is_not_written_directly(client: sdk.OTSClient) -> None:
    create(client, index())
    row = sdk.Row([("c", "red"), ("p", "a"), ("s", 1)], [("n", 1)])
    text = "Can't write index table directly."
    assert refusal(lambda: client.put_row("i", row, None)) == ("OTSParameterInvalid", text)
    for call in (
        lambda: client.delete_table("i"),
        lambda: client.update_table("i", sdk.TableOptions(time_to_live=-1)),
        lambda: client.create_secondary_index("i", index("j"), False),
    ):
        assert refusal(call)[0] == "OTSParameterInvalid"


COUNT = "The number of primary key columns must be in range: [1, 4] in index."


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (index(keys=()), COUNT),
        (index(keys=("c", "n", "b", "p", "s")), COUNT),
        (
            index(copied=[f"d{i}" for i in range(33)]),
            "The number of attribute columns must be in range: [0, 32] in index.",
        ),
        (index(keys=("none",)), "Column does not exist:'none'."),
        (index(copied=("none",)), "Column does not exist:'none'."),
        (
            index(keys=("x",)),
            "Invalid column type, only STRING,INTEGER,BINARY is allowed.",
        ),
        (
            index(kind=LOCAL),
            "The first primary key column of a local index must be that of its table.",
        ),
        (index(keys=("c", "c")), "Duplicated primary key name: 'c'."),
        (index("no-name"), "Invalid table name: 'no-name'."),
    ],
)
def test_impossible_index_is_refused(client: sdk.OTSClient, made: Any, text: str) -> None:
    assert refusal(lambda: create(client, made)) == ("OTSParameterInvalid", text)
    create(client)
    assert refusal(lambda: client.create_secondary_index("t", made, False)) == (
        "OTSParameterInvalid",
        text,
    )


def test_table_has_five_indexes_at_most(client: sdk.OTSClient) -> None:
    text = "Number of index per table exceeds the quota:5."
    six = [index(f"i{i}") for i in range(6)]
    assert refusal(lambda: create(client, *six)) == ("OTSParameterInvalid", text)
    create(client, *six[:5])
    assert refusal(lambda: client.create_secondary_index("t", six[5], False)) == (
        "OTSParameterInvalid",
        text,
    )


def test_name_of_an_index_is_taken_like_a_table_s(client: sdk.OTSClient) -> None:
    create(client, index())
    for call in (
        lambda: client.create_secondary_index("t", index(), False),
        lambda: create(client, name="i"),
        lambda: create(client, index("t"), name="t2"),
    ):
        assert refusal(call) == ("OTSObjectAlreadyExist", "Requested table already exists.")


@pytest.mark.parametrize("options", [{"max_version": 2}, {"time_to_live": 86_400}])
def test_versions_and_expiry_exclude_indexes(
    client: sdk.OTSClient, options: dict[str, int]
) -> None:
    assert refusal(lambda: create(client, index(), **options))[0] == "OTSParameterInvalid"
    create(client, index())
    change = sdk.TableOptions(**{"time_to_live": -1, "max_version": 1, **options})
    assert refusal(lambda: client.update_table("t", change))[0] == "OTSParameterInvalid"


def test_expiry_is_fine_where_updates_are_prohibited(
    client: sdk.OTSClient, server: RunningTablestore
) -> None:
    create(client, index(), time_to_live=86_400, allow_update=False)
    put(client, "a", c="red", n=1)
    assert len(entries(client, "i", "c", "p", "s")) == 1
    server.cloud.clock.advance(86_401)
    assert entries(client, "i", "c", "p", "s") == []


def test_transaction_changes_indexes_when_it_is_committed(
    client: sdk.OTSClient, server: RunningTablestore
) -> None:
    server.service.behaviour.transactions_everywhere = True
    create(client, index())
    transaction = client.start_local_transaction("t", [("p", "a")])
    row = sdk.Row([("p", "a"), ("s", 1)], [("c", "red"), ("n", 1)])
    client.put_row("t", row, None, transaction_id=transaction)
    assert entries(client, "i", "c", "p", "s") == []
    client.commit_transaction(transaction)
    assert entries(client, "i", "c", "p", "s") == [("red", "a", 1, 1)]
