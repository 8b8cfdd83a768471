"""What outlives a restart, and what does not."""

from __future__ import annotations

from pathlib import Path

from tablestore_server import RunningTablestore, create_table, put, read, sdk

from infra.localcloud.core.cloud import Cloud


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
