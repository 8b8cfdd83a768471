"""Limits and key checks, with the texts that the service gives."""

from __future__ import annotations

from typing import Any

import pytest
from tablestore_server import RunningTablestore, create_table, read, sdk

from infra.localcloud.tablestore import ots_pb2
from infra.localcloud.tablestore.plainbuffer import Bound, Cell, Op, encode_row

SCHEMA = [("pk_0", "INTEGER"), ("pk_1", "INTEGER"), ("pk_2", "STRING"), ("pk_3", "BINARY")]
FITTING = [("pk_0", 1), ("pk_1", 2), ("pk_2", "x"), ("pk_3", bytearray(b"y"))]


def error_of(call: Any, *arguments: Any, **options: Any) -> tuple[int, str, str]:
    """Status, code and text of the error that a call ends in."""
    with pytest.raises(sdk.OTSServiceError) as caught:
        call(*arguments, **options)
    error = caught.value
    return error.get_http_status(), error.get_error_code(), error.get_error_message()


def on_one_row(client: sdk.OTSClient, key: list[tuple[str, Any]], columns: Any) -> list[Any]:
    """Put, update, get and delete of a row, each yet to be called."""
    return [
        lambda: client.put_row("t", sdk.Row(key, columns), None),
        lambda: client.update_row("t", sdk.Row(key, {"PUT": columns}), None),
        lambda: client.get_row("t", key, max_version=1),
        lambda: client.delete_row("t", sdk.Row(key), None),
    ]


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (FITTING[:3], "Validate PK size fail. Input: 3, Meta: 4."),
        (
            [("pk_1", 1), ("pk_0", 0), *FITTING[2:]],
            "Validate PK name fail. Input: pk_1, Meta: pk_0.",
        ),
        (
            [("pk_0", 1), ("pk_2", 2), ("pk_1", ""), FITTING[3]],
            "Validate PK name fail. Input: pk_2, Meta: pk_1.",
        ),
        (
            [("pk_0", bytearray(b"")), *FITTING[1:]],
            "Validate PK type fail. Input: VT_BLOB, Meta: VT_INTEGER.",
        ),
        (
            [*FITTING[:2], ("pk_2", 5), FITTING[3]],
            "Validate PK type fail. Input: VT_INTEGER, Meta: VT_STRING.",
        ),
        (
            [("pk_0", "1"), *FITTING[1:]],
            "Validate PK type fail. Input: VT_STRING, Meta: VT_INTEGER.",
        ),
    ],
)
def test_key_must_be_of_the_table_s_schema(client: sdk.OTSClient, key: Any, text: str) -> None:
    create_table(client, "t", SCHEMA)
    for call in on_one_row(client, key, [("x", 1)]):
        assert error_of(call) == (400, "OTSInvalidPK", text)


@pytest.mark.parametrize(
    ("bound", "name"), [(sdk.INF_MIN, "VT_INF_MIN"), (sdk.INF_MAX, "VT_INF_MAX")]
)
def test_infinite_key_is_for_ranges_alone(client: sdk.OTSClient, bound: Any, name: str) -> None:
    create_table(client)
    for call in on_one_row(client, [("pk", bound)], [("x", 1)]):
        assert error_of(call) == (
            400,
            "OTSParameterInvalid",
            f"{name} is an invalid type for the primary key.",
        )


def test_key_value_has_a_limit(client: sdk.OTSClient) -> None:
    create_table(client)
    for call in on_one_row(client, [("pk", "x" * 1024)], [("x", 1)]):
        call()
    for call in on_one_row(client, [("pk", "x" * 1025)], [("x", 1)]):
        assert error_of(call) == (
            400,
            "OTSParameterInvalid",
            "The length of primary key column: 'pk' exceeds the MaxLength:1024 "
            "with CurrentLength:1025.",
        )


def test_key_value_is_measured_in_bytes(client: sdk.OTSClient) -> None:
    create_table(client)
    _, _, text = error_of(client.get_row, "t", [("pk", "验" * 342)], max_version=1)
    assert text.endswith("CurrentLength:1026.")


def test_attribute_value_has_a_limit(server: RunningTablestore) -> None:
    client = server.client()
    create_table(client)
    size = 2 * 1024 * 1024
    client.put_row("t", sdk.Row([("pk", "a")], [("v", "x" * size)]), None)
    row = sdk.Row([("pk", "b")], [("v", "x" * (size + 1))])
    assert error_of(client.put_row, "t", row, None) == (
        400,
        "OTSParameterInvalid",
        "The length of attribute column: 'v' exceeds the MaxLength:2097152 "
        "with CurrentLength:2097153.",
    )


def test_single_write_has_a_limit_of_data(server: RunningTablestore) -> None:
    client = server.client()
    create_table(client)
    values = [(name, "x" * (1536 * 1024)) for name in ("u", "v", "w")]
    for call, name in zip(
        on_one_row(client, [("pk", "a")], values), ("Put", "Update"), strict=False
    ):
        assert error_of(call) == (
            400,
            "OTSParameterInvalid",
            f"The total data size of {name}Row request exceeds the limit, "
            "limit size: 4194304, data size: 4718598.",
        )


def test_columns_of_a_write_are_limited(client: sdk.OTSClient) -> None:
    create_table(client)
    fitting = [(f"c{i}", i) for i in range(1024)]
    client.put_row("t", sdk.Row([("pk", "a")], fitting), None)
    assert len(read(client, "a") or {}) == 1024
    row = sdk.Row([("pk", "a")], [*fitting, ("more", 1)])
    assert error_of(client.put_row, "t", row, None)[2] == (
        "The number of attribute columns exceeds the limit, limit count: 1024, column count: 1025."
    )


def test_columns_of_a_read_are_limited(client: sdk.OTSClient) -> None:
    create_table(client)
    names = [f"c{i}" for i in range(1025)]
    assert error_of(client.get_row, "t", [("pk", "a")], names, max_version=1)[2] == (
        "The number of columns from the request exceeds the limit, "
        "limit count: 1024, column count: 1025."
    )


@pytest.mark.parametrize("name", ["a" * 256, "#", "#abc", "# "])
def test_bad_column_name_is_refused(client: sdk.OTSClient, name: str) -> None:
    create_table(client)
    expected = (400, "OTSParameterInvalid", f"Invalid column name: '{name}'.")
    put_row, update_row, _, _ = on_one_row(client, [("pk", "a")], [(name, 1)])
    assert error_of(put_row) == expected
    assert error_of(update_row) == expected
    assert error_of(client.get_row, "t", [("pk", "a")], [name], max_version=1) == expected


@pytest.mark.parametrize("name", ["a" * 255, ".a", "a:b", "'", '"', "$", "a/b", "\n", " "])
def test_unusual_column_names_are_taken(client: sdk.OTSClient, name: str) -> None:
    create_table(client)
    client.put_row("t", sdk.Row([("pk", "a")], [(name, 1)]), None)
    assert read(client, "a") == {name: 1}


def test_column_named_like_a_key_column_is_refused(client: sdk.OTSClient) -> None:
    create_table(client)
    row = sdk.Row([("pk", "a")], [("pk", 1)])
    assert error_of(client.put_row, "t", row, None)[2] == (
        "Duplicated attribute column name with primary key column: 'pk'."
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (float("nan"), "NaN can't be set to double value."),
        (float("inf"), "Infinity can't be set to double value."),
    ],
)
def test_double_must_be_a_number(client: sdk.OTSClient, value: float, text: str) -> None:
    create_table(client)
    row = sdk.Row([("pk", "a")], [("x", value)])
    assert error_of(client.put_row, "t", row, None)[2] == text


@pytest.mark.parametrize("timestamp", [-1, 2**63 // 1000 + 1])
def test_version_must_be_in_range(client: sdk.OTSClient, timestamp: int) -> None:
    create_table(client)
    row = sdk.Row([("pk", "a")], [("x", 1, timestamp)])
    assert error_of(client.put_row, "t", row, None)[2] == (
        "Timestamp must be in range [0, INT64_MAX/1000)."
    )


# ---- rows that no SDK would send ----

KEY = [("pk", "a")]


@pytest.mark.parametrize(
    ("operation", "row", "text"),
    [
        (
            "PutRow",
            encode_row(KEY, [Cell("x", 1, op=Op.INCREMENT)]),
            "OpType cannot be given for column name:'x' in PutRow.",
        ),
        (
            "PutRow",
            encode_row(KEY, [Cell("x")]),
            "Invalid request of put row: find cells without values.",
        ),
        (
            "PutRow",
            encode_row(KEY, [Cell("x", 1)], is_deleted=True),
            "Invalid request of put/update row: unexpected RowDeleteMarker in request.",
        ),
        ("UpdateRow", encode_row(KEY), "Attribute column is missing."),
        ("UpdateRow", encode_row(KEY, [Cell("", 1)]), "Invalid column name: ''."),
        (
            "UpdateRow",
            encode_row(KEY, [Cell("x")]),
            "Invalid cell: 'x'. Reason: missing value.",
        ),
        (
            "UpdateRow",
            encode_row(KEY, [Cell("x", 1, op=Op.DELETE_ALL)]),
            "Column value cannot be given when type is DELETE_ONE_VERSION,DELETE_ALL_VERSION.",
        ),
        (
            "UpdateRow",
            encode_row(KEY, [Cell("x", op=Op.DELETE_ONE)]),
            "Timestamp must be given when type is DELETE_ONE_VERSION.",
        ),
        (
            "UpdateRow",
            encode_row(KEY, [Cell("x", timestamp_ms=1, op=Op.DELETE_ALL)]),
            "Timestamp cannot be given when type is DELETE_ALL_VERSION.",
        ),
        (
            "DeleteRow",
            encode_row(KEY),
            "Invalid request of delete row: missing RowDeleteMarker in request.",
        ),
        (
            "DeleteRow",
            encode_row(KEY, [Cell("x", 1)], is_deleted=True),
            "Invalid delete row request: unexpected cells in request.",
        ),
        ("DeleteRow", encode_row((), is_deleted=True), "Cell data broken, PK is empty."),
        (
            "DeleteRow",
            encode_row([*KEY, *KEY], is_deleted=True),
            "Duplicated primary key name: 'pk'.",
        ),
        (
            "GetRow",
            encode_row(KEY, [Cell("x", 1)]),
            "Attribute column cannot be given while reading data.",
        ),
        ("GetRow", encode_row(KEY, is_deleted=True), "Delete marker cannot be given."),
        (
            "GetRow",
            encode_row([("pk", Bound.INF_MIN)]),
            "VT_INF_MIN is an invalid type for the primary key.",
        ),
    ],
)
def test_row_of_an_impossible_form_is_refused(
    server: RunningTablestore, operation: str, row: bytes, text: str
) -> None:
    create_table(server.client())
    condition = ots_pb2.Condition(row_existence=ots_pb2.IGNORE)
    requests = {
        "PutRow": ots_pb2.PutRowRequest(table_name="t", row=row, condition=condition),
        "UpdateRow": ots_pb2.UpdateRowRequest(table_name="t", row_change=row, condition=condition),
        "DeleteRow": ots_pb2.DeleteRowRequest(table_name="t", primary_key=row, condition=condition),
        "GetRow": ots_pb2.GetRowRequest(table_name="t", primary_key=row, max_versions=1),
    }
    answer = server.post(operation, requests[operation].SerializeToString())
    assert answer.status == 400
    assert answer.error == ("OTSParameterInvalid", text)
