"""BatchWriteRow with is_atomic, as Go and Java send it: all of a table's rows or none."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tablestore_server import RunningTablestore, create_table, sdk

from infra.localcloud.tablestore import ots_pb2
from infra.localcloud.tablestore.plainbuffer import Cell, encode_row

Outcome = list[tuple[bool, str]]
OUT_OF_RANGE = (False, "OTSDataOutOfRange")
SCHEMA = [("p", "STRING"), ("i", "INTEGER")]


@pytest.fixture
def table(server: RunningTablestore) -> RunningTablestore:
    """A server with a table `t`."""
    create_table(server.client(), "t", SCHEMA)
    return server


def change(p: str, i: int, existence: int = ots_pb2.IGNORE) -> ots_pb2.RowInBatchWriteRowRequest:
    return ots_pb2.RowInBatchWriteRowRequest(
        type=ots_pb2.PUT,
        row_change=encode_row([("p", p), ("i", i)], [Cell("n", i)]),
        condition=ots_pb2.Condition(row_existence=existence),
    )


def write(
    server: RunningTablestore, *tables: Sequence[ots_pb2.RowInBatchWriteRowRequest]
) -> list[Outcome]:
    """The outcome of each row, by table: t, t2, ..."""
    request = ots_pb2.BatchWriteRowRequest(is_atomic=True)
    for number, rows in enumerate(tables, 1):
        request.tables.add(table_name="t" if number == 1 else f"t{number}", rows=rows)
    answer = server.post("BatchWriteRow", request.SerializeToString())
    assert answer.status == 200, answer.error
    message = ots_pb2.BatchResponse.FromString(answer.body)
    return [[(row.is_ok, row.error.code) for row in each.rows] for each in message.tables]


def stored(server: RunningTablestore, name: str = "t") -> list[int]:
    _, _, rows, _ = server.client().get_range(
        name,
        "FORWARD",
        [("p", sdk.INF_MIN), ("i", sdk.INF_MIN)],
        [("p", sdk.INF_MAX), ("i", sdk.INF_MAX)],
        max_version=1,
    )
    return [row.primary_key[1][1] for row in rows]


def test_all_rows_are_written(table: RunningTablestore) -> None:
    assert write(table, [change("a", 1), change("a", 2)]) == [[(True, ""), (True, "")]]
    assert stored(table) == [1, 2]


def test_one_failed_condition_fails_all(table: RunningTablestore) -> None:
    failed = (False, "OTSConditionCheckFail")
    rows = [change("a", 1), change("a", 2, ots_pb2.EXPECT_EXIST), change("a", 3)]
    assert write(table, rows) == [[failed] * 3]
    assert stored(table) == []


def test_mixed_partition_keys_fail_all(table: RunningTablestore) -> None:
    request = ots_pb2.BatchWriteRowRequest(is_atomic=True)
    request.tables.add(table_name="t", rows=[change("a", 1), change("b", 2), change("c", 3)])
    answer = table.post("BatchWriteRow", request.SerializeToString())
    rows = ots_pb2.BatchResponse.FromString(answer.body).tables[0].rows
    text = "Data out of scope of atomic. Atomic PartKey:a. Data PartKey:b"
    assert [(row.error.code, row.error.message) for row in rows] == [
        ("OTSDataOutOfRange", text)
    ] * 3
    assert stored(table) == []


def test_rows_without_columns_are_written_together(table: RunningTablestore) -> None:
    empty = ots_pb2.RowInBatchWriteRowRequest(
        type=ots_pb2.PUT,
        row_change=encode_row([("p", "a"), ("i", 1)]),
        condition=ots_pb2.Condition(row_existence=ots_pb2.IGNORE),
    )
    assert write(table, [empty] * 3) == [[(True, "")] * 3]
    assert stored(table) == [1]


def test_each_table_stands_for_itself(table: RunningTablestore) -> None:
    create_table(table.client(), "t2", SCHEMA)
    outcome = write(table, [change("a", 1)], [change("b", 1), change("c", 2)])
    assert outcome == [[(True, "")], [OUT_OF_RANGE] * 2]
    assert (stored(table), stored(table, "t2")) == ([1], [])


def test_locked_partition_fails_all(table: RunningTablestore) -> None:
    table.service.behaviour.transactions_everywhere = True
    table.client().start_local_transaction("t", [("p", "a")])
    assert write(table, [change("a", 1)]) == [[(False, "OTSRowOperationConflict")]]
