"""AddDefinedColumn and DeleteDefinedColumn, as Go, Java and PHP send them."""

from __future__ import annotations

import pytest
from tablestore_server import RawAnswer, RunningTablestore, create_table, sdk

from infra.localcloud.tablestore import ots_pb2


@pytest.fixture
def table(server: RunningTablestore) -> RunningTablestore:
    """A server with a table `t` without defined columns."""
    create_table(server.client())
    return server


def add(server: RunningTablestore, *names: str) -> RawAnswer:
    request = ots_pb2.AddDefinedColumnRequest(table_name="t")
    for name in names:
        request.columns.add(name=name, type=ots_pb2.DCT_STRING)
    return server.post("AddDefinedColumn", request.SerializeToString())


def delete(server: RunningTablestore, *names: str) -> RawAnswer:
    request = ots_pb2.DeleteDefinedColumnRequest(table_name="t", columns=names)
    return server.post("DeleteDefinedColumn", request.SerializeToString())


def defined(server: RunningTablestore) -> list[str]:
    return [name for name, _ in server.client().describe_table("t").table_meta.defined_columns]


def test_columns_come_and_go(table: RunningTablestore) -> None:
    assert (add(table, "a", "b").status, defined(table)) == (200, ["a", "b"])
    assert (delete(table, "a").status, defined(table)) == (200, ["b"])


def test_added_column_can_be_indexed_and_then_not_be_deleted(table: RunningTablestore) -> None:
    add(table, "a", "b")
    table.client().create_secondary_index("t", sdk.SecondaryIndexMeta("i", ["a"], ["b"]), False)
    for name in ("a", "b"):
        text = f"Column '{name}' is used by index: 'i'."
        assert delete(table, name).error == ("OTSParameterInvalid", text)
    assert defined(table) == ["a", "b"]


def test_impossible_columns_are_refused_and_change_nothing(table: RunningTablestore) -> None:
    add(table, "a")
    for answer, text in (
        (add(table, "a"), "Duplicated defined column name: 'a'."),
        (add(table, "b", "b"), "Duplicated defined column name: 'b'."),
        (add(table, "#"), "Invalid column name: '#'."),
        (
            add(table, "pk"),
            "Duplicated attribute column name with primary key column: 'pk'.",
        ),
        (
            add(table, *(f"d{i}" for i in range(32))),
            "The number of defined columns must be in range: [0, 32].",
        ),
        (delete(table, "c"), "Column does not exist:'c'."),
    ):
        assert answer.error == ("OTSParameterInvalid", text)
    assert defined(table) == ["a"]


def test_time_series_tables_are_listed_as_none(table: RunningTablestore) -> None:
    answer = table.post("ListTimeseriesTable")
    assert (answer.status, answer.body) == (200, b"")
