"""Whatever is written, in whatever order: an index holds what its table's rows make of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tablestore_server import RunningTablestore, sdk

from infra.localcloud.core.cloud import Cloud

KEYS = st.sampled_from([("a", 1), ("a", 2), ("b", 1)])
VALUES = st.fixed_dictionaries(
    {}, optional={"c": st.sampled_from(["red", "blue", 7]), "n": st.integers(0, 3)}
)
WRITES = st.lists(
    st.tuples(st.sampled_from(["put", "update", "drop column", "delete"]), KEYS, VALUES),
    max_size=12,
)
INDEXES = [
    sdk.SecondaryIndexMeta("g", ["c"], ["n"]),
    sdk.SecondaryIndexMeta("gn", ["n", "p"], []),
    sdk.SecondaryIndexMeta("l", ["p", "c"], [], index_type=sdk.SecondaryIndexType.LOCAL_INDEX),
]
COLUMNS = {"g": ("c", "p", "s"), "gn": ("n", "p", "s"), "l": ("p", "c", "s")}


@pytest.fixture(scope="module")
def server() -> Iterator[RunningTablestore]:
    """One server for all the examples."""
    running = RunningTablestore(Cloud())
    running.service.behaviour.transactions_everywhere = True
    yield running
    running.stop()


@settings(max_examples=60, deadline=None)
@given(writes=WRITES, lag_ms=st.sampled_from([0, 1000]), in_transaction=st.booleans())
def test_index_is_what_its_table_makes_of_it(
    server: RunningTablestore, writes: list[Any], lag_ms: int, in_transaction: bool
) -> None:
    client = server.client(enable_native=False)
    server.service.behaviour.index_lag_ms = lag_ms
    client.create_table(
        sdk.TableMeta(
            "t", [("p", "STRING"), ("s", "INTEGER")], [("c", "STRING"), ("n", "INTEGER")]
        ),
        sdk.TableOptions(),
        sdk.ReservedThroughput(sdk.CapacityUnit(0, 0)),
        INDEXES,
    )
    try:
        transactions: dict[str, str] = {}
        for kind, key, values in writes:
            if in_transaction and key[0] not in transactions:
                begun = client.start_local_transaction("t", [("p", key[0])])
                transactions[key[0]] = begun
            write(client, kind, key, values, transactions.get(key[0]))
        for transaction in transactions.values():
            client.commit_transaction(transaction)
        server.cloud.clock.advance(lag_ms / 1000)
        rows = scan(client, "t", ("p", "s"))
        for name, columns in COLUMNS.items():
            expected = {
                tuple({**dict(key), **values}[column] for column in columns): {
                    copied: values[copied] for copied in ("n",) if name == "g" and copied in values
                }
                for key, values in rows
                if isinstance(values.get("c"), str) or name == "gn"
                if "n" in values or name != "gn"
            }
            found = {
                tuple(value for _, value in key): values
                for key, values in scan(client, name, columns)
            }
            assert found == expected, name
    finally:
        client.delete_table("t")


def write(
    client: sdk.OTSClient, kind: str, key: Any, values: dict[str, Any], transaction: str | None
) -> None:
    primary_key = [("p", key[0]), ("s", key[1])]
    columns = list(values.items()) or [("x", 0)]
    match kind:
        case "put":
            client.put_row("t", sdk.Row(primary_key, columns), None, transaction_id=transaction)
        case "delete":
            client.delete_row("t", primary_key, None, transaction_id=transaction)
        case _:
            names = [name for name, _ in columns]
            changes = {"PUT": columns} if kind == "update" else {"DELETE_ALL": names}
            row = sdk.Row(primary_key, changes)
            client.update_row("t", row, None, transaction_id=transaction)


def scan(client: sdk.OTSClient, table: str, names: tuple[str, ...]) -> list[Any]:
    _, _, rows, _ = client.get_range(
        table,
        "FORWARD",
        [(name, sdk.INF_MIN) for name in names],
        [(name, sdk.INF_MAX) for name in names],
        max_version=1,
    )
    return [
        (row.primary_key, {name: value for name, value, _ in row.attribute_columns}) for row in rows
    ]
