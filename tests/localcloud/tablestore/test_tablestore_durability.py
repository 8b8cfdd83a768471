"""What outlives a restart, and what does not."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from tablestore_server import RunningTablestore, create_table, put, read, sdk

from infra.localcloud.core.clock import CloudClock
from infra.localcloud.core.cloud import Cloud
from infra.localcloud.tablestore import ots_pb2
from infra.localcloud.tablestore.behaviour import Behaviour
from infra.localcloud.tablestore.indexes import GREATEST_KEY, LEAST_KEY, IndexKeeper
from infra.localcloud.tablestore.keys import encode_key
from infra.localcloud.tablestore.plainbuffer import Cell, encode_row
from infra.localcloud.tablestore.rows import CommittedRows
from infra.localcloud.tablestore.store import Store, StoredRow
from infra.localcloud.tablestore.tables import Tables
from tests.localcloud.tablestore.crashing import crash_rounds


def test_tables_and_rows_outlive_a_restart(tmp_path: Path) -> None:
    first = RunningTablestore(Cloud(tmp_path))
    create_table(first.client(), max_version=2)
    put(first.client(), "a", x=1, s="text")
    first.stop()
    second = RunningTablestore(Cloud(tmp_path))
    try:
        assert read(second.client(), "a") == {"x": 1, "s": "text"}
        assert second.client().describe_table("t").table_options.max_version == 2
    finally:
        second.stop()


def test_data_is_durable_before_the_answer(tmp_path: Path) -> None:
    """A second process that opens the data without a clean end of the first sees every row."""
    first = RunningTablestore(Cloud(tmp_path))
    create_table(first.client())
    put(first.client(), "a", x=1)
    request = sdk.BatchWriteRowRequest()
    item = sdk.PutRowItem(sdk.Row([("pk", "b")], [("x", 2)]), None)
    request.add(sdk.TableInBatchWriteRowItem("t", [item]))
    first.client().batch_write_row(request)
    second = RunningTablestore(Cloud(tmp_path))
    try:
        assert read(second.client(), "a") == {"x": 1}
        assert read(second.client(), "b") == {"x": 2}
    finally:
        second.stop()
        first.stop()


def test_new_value_is_seen_though_the_clock_went_back_over_a_restart(tmp_path: Path) -> None:
    first = RunningTablestore(Cloud(tmp_path))
    first.cloud.clock.advance(7200)
    create_table(first.client())
    put(first.client(), "a", x=1)
    first.cloud.clock.advance(-7200)
    first.stop()
    second = RunningTablestore(Cloud(tmp_path))
    try:
        change = sdk.Row([("pk", "a")], {"PUT": [("x", 2)]})
        second.client().update_row("t", change, None)
        assert read(second.client(), "a") == {"x": 2}
    finally:
        second.stop()


def test_reset_is_durable(tmp_path: Path) -> None:
    first = RunningTablestore(Cloud(tmp_path))
    create_table(first.client())
    first.service.reset()
    first.stop()
    second = RunningTablestore(Cloud(tmp_path))
    try:
        assert second.client().list_table() == ()
    finally:
        second.stop()


def test_two_clouds_in_one_process_do_not_meet() -> None:
    first, second = RunningTablestore(Cloud()), RunningTablestore(Cloud())
    try:
        create_table(first.client())
        assert second.client().list_table() == ()
    finally:
        first.stop()
        second.stop()


class FailingStore(Store):
    """A store whose disk is full for one table."""

    full_table_id = 0

    def put(self, table_id: int, key: bytes, row: StoredRow) -> None:
        if table_id == self.full_table_id:
            raise sqlite3.OperationalError("database or disk is full")
        super().put(table_id, key, row)


def test_row_that_cannot_be_kept_is_in_no_index_either() -> None:
    store, clock = FailingStore(None), CloudClock()
    indexes = IndexKeeper(store, clock, Behaviour())
    tables = Tables(store, indexes, clock)
    local = ots_pb2.IndexMeta(
        name="i",
        primary_key=["p", "c"],
        index_update_mode=ots_pb2.IUM_SYNC_INDEX,
        index_type=ots_pb2.IT_LOCAL_INDEX,
    )
    meta = ots_pb2.TableMeta(
        table_name="t",
        primary_key=[ots_pb2.PrimaryKeySchema(name="p", type=ots_pb2.STRING)],
        defined_column=[ots_pb2.DefinedColumnSchema(name="c", type=ots_pb2.DCT_STRING)],
    )
    options = ots_pb2.TableOptions(time_to_live=-1, max_versions=1)
    nothing = ots_pb2.ReservedThroughput(capacity_unit=ots_pb2.CapacityUnit(read=0, write=0))
    tables.create(
        ots_pb2.CreateTableRequest(
            table_meta=meta,
            reserved_throughput=nothing,
            table_options=options,
            index_metas=[local],
        )
    )
    store.full_table_id = tables.find("t").table_id
    row = StoredRow(encode_row([("p", "a")], [Cell("c", "red", 1)]), 1)
    with pytest.raises(sqlite3.OperationalError):
        CommittedRows(store, indexes).put(tables.find("t"), encode_key([("p", "a")]), row)
    index_id = tables.find("i").table_id
    assert list(store.scan(index_id, LEAST_KEY, GREATEST_KEY)) == []
    store.close()


def test_kill_under_write_load_loses_nothing_acknowledged_and_leaves_no_half_row(
    tmp_path: Path,
) -> None:
    """Ten rounds here; `python -m tests.bench.tablestore crash` runs as many as it is told to."""
    *_, report = crash_rounds(tmp_path, 10)
    assert (report.rounds, report.lost, report.half) == (10, 0, 0)
    assert report.acknowledged > 100
