"""Single rows: put, get, update and delete, versions, auto-increment keys and returned rows."""

from __future__ import annotations

from typing import Any

import pytest
from tablestore_server import (
    RunningTablestore,
    columns,
    create_table,
    provided,
    put,
    read,
    sdk,
    where,
)

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.tablestore import ots_pb2
from infra.localcloud.tablestore.behaviour import Behaviour
from infra.localcloud.tablestore.plainbuffer import Cell, Op, decode_row, encode_row

KEY = [("pk", "a")]


def update(client: sdk.OTSClient, changes: dict[str, Any], **options: Any) -> Any:
    """Update the row `a`."""
    return client.update_row("t", sdk.Row(KEY, changes), options.pop("condition", None), **options)


def test_row_gives_back_every_type(client: sdk.OTSClient) -> None:
    create_table(client)
    values = {
        "integer": -(2**63),
        "double": 0.1,
        "yes": True,
        "no": False,
        "string": "验证码\x00",
        "empty": "",
        "blob": bytearray(b"\x00\xff"),
    }
    put(client, "a", **values)
    assert read(client, "a") == values


def test_row_that_is_not_there_is_none(client: sdk.OTSClient) -> None:
    create_table(client)
    assert read(client, "a") is None


def test_put_replaces_the_whole_row(client: sdk.OTSClient) -> None:
    create_table(client)
    put(client, "a", old=1, both=1)
    put(client, "a", both=2)
    assert read(client, "a") == {"both": 2}


def test_update_changes_the_named_columns_alone(client: sdk.OTSClient) -> None:
    create_table(client)
    put(client, "a", keep=1, change=1, drop=1)
    update(client, {"PUT": [("change", "x"), ("new", 2.5)], "DELETE_ALL": ["drop"]})
    assert read(client, "a") == {"keep": 1, "change": "x", "new": 2.5}


def test_update_makes_a_row_unless_it_only_deletes(client: sdk.OTSClient) -> None:
    create_table(client)
    update(client, {"DELETE_ALL": ["x"]})
    assert read(client, "a") is None
    update(client, {"PUT": [("x", 1)]})
    assert read(client, "a") == {"x": 1}


def test_row_without_columns_left_is_still_a_row(client: sdk.OTSClient) -> None:
    create_table(client)
    put(client, "a", x=1)
    update(client, {"DELETE_ALL": ["x"]})
    assert read(client, "a") == {}
    update(client, {"PUT": [("x", 2)]}, condition=provided(existence="EXPECT_EXIST"))
    assert read(client, "a") == {"x": 2}


def test_delete_removes_the_row(client: sdk.OTSClient) -> None:
    create_table(client)
    put(client, "a", x=1)
    client.delete_row("t", sdk.Row(KEY), None)
    assert read(client, "a") is None


def test_get_gives_the_columns_asked_for(client: sdk.OTSClient) -> None:
    create_table(client)
    put(client, "a", x=1, y=2, z=3)
    _, row, _ = client.get_row("t", KEY, ["z", "x", "absent"], max_version=1)
    assert columns(row) == {"x": 1, "z": 3}
    _, row, _ = client.get_row("t", KEY, ["absent"], max_version=1)
    assert row is None


def test_get_gives_columns_between_two_names(client: sdk.OTSClient) -> None:
    create_table(client)
    put(client, "a", a=1, b=2, c=3)
    _, row, _ = client.get_row("t", KEY, max_version=1, start_column="b", end_column="c")
    assert columns(row) == {"b": 2}


def test_get_filters_on_the_columns_it_reads(client: sdk.OTSClient) -> None:
    create_table(client)
    put(client, "a", x=1, y=2)
    is_two = where("y", "EQUAL", 2, pass_if_missing=False)
    _, row, _ = client.get_row("t", KEY, column_filter=is_two, max_version=1)
    assert columns(row) == {"x": 1, "y": 2}
    _, row, _ = client.get_row("t", KEY, ["x"], column_filter=is_two, max_version=1)
    assert row is None


# ---- returned rows ----


def test_return_type_none_returns_nothing(client: sdk.OTSClient) -> None:
    create_table(client)
    _, row = client.put_row("t", sdk.Row(KEY, [("x", 1)]), None)
    assert row is None


def test_return_type_pk_returns_the_key(client: sdk.OTSClient) -> None:
    create_table(client)
    _, row = client.put_row("t", sdk.Row(KEY, [("x", 1)]), None, sdk.ReturnType.RT_PK)
    assert row.primary_key == KEY
    _, row = client.delete_row("t", sdk.Row(KEY), None, sdk.ReturnType.RT_PK)
    assert row.primary_key == KEY


def increment_returning(server: RunningTablestore, *names: str, return_type: int) -> Any:
    """Increment `n` and put `x` on the row `a`, and ask for the columns `names`."""
    change = encode_row(KEY, [Cell("n", 2, op=Op.INCREMENT), Cell("x", 1)])
    request = ots_pb2.UpdateRowRequest(
        table_name="t",
        row_change=change,
        condition=ots_pb2.Condition(row_existence=ots_pb2.IGNORE),
        return_content=ots_pb2.ReturnContent(
            return_type=return_type, return_column_names=list(names)
        ),
    )
    return server.post("UpdateRow", request.SerializeToString())


def test_after_modify_returns_the_incremented_columns_without_the_key(
    server: RunningTablestore,
) -> None:
    create_table(server.client())
    put(server.client(), "a", n=40)
    answer = increment_returning(server, "n", return_type=ots_pb2.RT_AFTER_MODIFY)
    row = decode_row(ots_pb2.WriteRowResponse.FromString(answer.body).row)
    assert row.key == []
    assert [(cell.name, cell.value) for cell in row.cells] == [("n", 42)]


def test_after_modify_returns_the_key_too_where_it_is_told_to(cloud: Cloud) -> None:
    server = RunningTablestore(cloud, behaviour=Behaviour(returns_key_after_modify=True))
    try:
        create_table(server.client())
        answer = increment_returning(server, "n", return_type=ots_pb2.RT_AFTER_MODIFY)
        row = decode_row(ots_pb2.WriteRowResponse.FromString(answer.body).row)
        assert row.key == KEY
    finally:
        server.stop()


def test_after_modify_without_names_returns_nothing(server: RunningTablestore) -> None:
    create_table(server.client())
    answer = increment_returning(server, return_type=ots_pb2.RT_AFTER_MODIFY)
    assert ots_pb2.WriteRowResponse.FromString(answer.body).row == b""


@pytest.mark.parametrize(
    ("name", "return_type"), [("x", ots_pb2.RT_AFTER_MODIFY), ("n", ots_pb2.RT_PK)]
)
def test_only_incremented_columns_are_returned_and_only_after_modify(
    server: RunningTablestore, name: str, return_type: int
) -> None:
    create_table(server.client())
    answer = increment_returning(server, name, return_type=return_type)
    assert answer.status == 400
    assert answer.error[0] == "OTSParameterInvalid"
    assert read(server.client(), "a") is None


# ---- auto-increment ----


@pytest.fixture
def numbered(client: sdk.OTSClient) -> sdk.OTSClient:
    """A client, and a table whose second key column the service numbers."""
    create_table(client, "t", [("pk", "STRING"), ("no", "INTEGER", sdk.PK_AUTO_INCR)])
    return client


def test_numbered_rows_get_growing_numbers(numbered: sdk.OTSClient) -> None:
    numbers = []
    for value in range(3):
        row = sdk.Row([("pk", "a"), ("no", sdk.PK_AUTO_INCR)], [("x", value)])
        _, returned = numbered.put_row("t", row, provided(), sdk.ReturnType.RT_PK)
        numbers.append(returned.primary_key[1][1])
    assert numbers == sorted(set(numbers))
    _, row, _ = numbered.get_row("t", [("pk", "a"), ("no", numbers[1])], max_version=1)
    assert columns(row) == {"x": 1}


@pytest.mark.parametrize(
    ("number", "condition", "text"),
    [
        (
            sdk.PK_AUTO_INCR,
            provided(existence="EXPECT_EXIST"),
            "Invalid expect: EXPECT_EXIST when modify row with pk auto increment.",
        ),
        (
            sdk.PK_AUTO_INCR,
            provided(where("x", "EQUAL", 1)),
            "Can't set condition when modify row with pk auto increment.",
        ),
        (
            7,
            provided(),
            "Invalid expect: IGNORE when modify a specific row for table with pk auto increment.",
        ),
    ],
)
def test_numbered_rows_refuse_conditions_that_make_no_sense(
    numbered: sdk.OTSClient, number: Any, condition: sdk.Condition, text: str
) -> None:
    with pytest.raises(sdk.OTSServiceError) as caught:
        numbered.put_row("t", sdk.Row([("pk", "a"), ("no", number)], [("x", 1)]), condition)
    assert caught.value.get_error_message() == text


def test_numbered_key_cannot_be_read_or_deleted(numbered: sdk.OTSClient) -> None:
    key = [("pk", "a"), ("no", sdk.PK_AUTO_INCR)]
    with pytest.raises(sdk.OTSServiceError, match="PKAutoIncr can't be used for read operations."):
        numbered.get_row("t", key, max_version=1)
    with pytest.raises(sdk.OTSServiceError, match="Invalid row to delete which with pk auto incr"):
        numbered.delete_row("t", sdk.Row(key), provided())


def test_update_is_refused_where_the_table_forbids_it(client: sdk.OTSClient) -> None:
    create_table(client, allow_update=False)
    put(client, "a", x=1)
    with pytest.raises(sdk.OTSServiceError):
        update(client, {"PUT": [("x", 2)]})
    assert read(client, "a") == {"x": 1}


def test_row_without_columns_can_be_put_and_is_read_as_its_key(client: sdk.OTSClient) -> None:
    create_table(client)
    put(client, "a", x=1)
    client.put_row("t", sdk.Row(KEY, []), None)
    _, row, _ = client.get_row("t", KEY, max_version=1)
    assert (row.primary_key, row.attribute_columns) == (KEY, [])
    client.put_row("t", sdk.Row([("pk", "b")], []), provided(existence="EXPECT_NOT_EXIST"))
    _, _, rows, _ = client.get_range(
        "t", "FORWARD", [("pk", sdk.INF_MIN)], [("pk", sdk.INF_MAX)], max_version=1
    )
    assert [row.primary_key[0][1] for row in rows] == ["a", "b"]
