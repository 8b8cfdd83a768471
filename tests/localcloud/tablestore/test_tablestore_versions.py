"""Versions of a cell: how many there are, which are read, which can be written."""

from __future__ import annotations

from typing import Any

import pytest
from tablestore_server import (
    RunningTablestore,
    create_table,
    put,
    read,
    sdk,
)

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.tablestore import ots_pb2
from infra.localcloud.tablestore.plainbuffer import Bound, encode_row

KEY = [("pk", "a")]


def update(client: sdk.OTSClient, changes: dict[str, Any], **options: Any) -> Any:
    """Update the row `a`."""
    return client.update_row("t", sdk.Row(KEY, changes), options.pop("condition", None), **options)


def test_versions_come_newest_first_up_to_the_table_s_maximum(
    client: sdk.OTSClient, cloud: Cloud
) -> None:
    create_table(client, max_version=2)
    now = cloud.clock.now_ms()
    update(client, {"PUT": [("x", 1, now - 2), ("x", 2, now - 1), ("x", 3, now)]})
    _, row, _ = client.get_row("t", KEY, max_version=10)
    assert row.attribute_columns == [("x", 3, now), ("x", 2, now - 1)]
    _, row, _ = client.get_row("t", KEY, max_version=1)
    assert row.attribute_columns == [("x", 3, now)]


def test_lowered_maximum_hides_older_versions_at_once(client: sdk.OTSClient, cloud: Cloud) -> None:
    create_table(client, max_version=2)
    now = cloud.clock.now_ms()
    update(client, {"PUT": [("x", 1, now - 1), ("x", 2, now)]})
    client.update_table("t", sdk.TableOptions(max_version=1))
    _, row, _ = client.get_row("t", KEY, max_version=10)
    assert row.attribute_columns == [("x", 2, now)]


def test_one_version_is_deleted_by_its_number(client: sdk.OTSClient, cloud: Cloud) -> None:
    create_table(client, max_version=2)
    now = cloud.clock.now_ms()
    update(client, {"PUT": [("x", 1, now - 1), ("x", 2, now)]})
    update(client, {"DELETE": [("x", None, now)]})
    assert read(client, "a") == {"x": 1}


@pytest.mark.parametrize(
    ("offsets_ms", "expected"), [((-1, 0), [1]), ((-1, 1), [2, 1]), ((1, 2), None), (0, [2])]
)
def test_time_range_chooses_versions(
    client: sdk.OTSClient, cloud: Cloud, offsets_ms: Any, expected: list[int] | None
) -> None:
    create_table(client, max_version=5)
    now = cloud.clock.now_ms()
    update(client, {"PUT": [("x", 1, now - 1), ("x", 2, now)]})
    times = (
        (now + offsets_ms[0], now + offsets_ms[1])
        if isinstance(offsets_ms, tuple)
        else now + offsets_ms
    )
    _, row, _ = client.get_row("t", KEY, max_version=None, time_range=times)
    assert (row and [value for _, value, _ in row.attribute_columns]) == expected


@pytest.mark.parametrize("offset_s", [-61, 60, 3600])
def test_version_outside_the_deviation_is_refused(
    client: sdk.OTSClient, cloud: Cloud, offset_s: int
) -> None:
    create_table(client, max_time_deviation=60)
    version = cloud.clock.now_ms() + offset_s * 1000 + 500 * (offset_s > 0)
    with pytest.raises(sdk.OTSServiceError, match="Invalid timestamp. Cell:'x'."):
        update(client, {"PUT": [("x", 1, version)]})


def test_new_value_is_seen_after_the_clock_was_moved_back(
    server: RunningTablestore, cloud: Cloud
) -> None:
    create_table(server.client())
    put(server.client(), "a", x=1)
    cloud.clock.advance(-600)
    update(server.client(), {"PUT": [("x", 2)]})
    assert read(server.client(), "a") == {"x": 2}


def test_read_needs_a_version_condition(server: RunningTablestore) -> None:
    create_table(server.client())
    key = encode_row(KEY)
    one = ots_pb2.GetRowRequest(table_name="t", primary_key=key)
    some = ots_pb2.GetRangeRequest(
        table_name="t",
        direction=ots_pb2.FORWARD,
        inclusive_start_primary_key=key,
        exclusive_end_primary_key=encode_row([("pk", Bound.INF_MAX)]),
    )
    table = ots_pb2.TableInBatchGetRowRequest(table_name="t", primary_key=[key])
    batch = ots_pb2.BatchGetRowRequest(tables=[table])
    for operation, request, text in (
        ("GetRow", one, "No version condition is specified."),
        ("GetRange", some, "No version condition is specified."),
        ("BatchGetRow", batch, "No version condition is specified while querying row."),
    ):
        answer = server.post(operation, request.SerializeToString())
        assert answer.error == ("OTSParameterInvalid", text)


def test_specific_time_excludes_max_versions(client: sdk.OTSClient) -> None:
    create_table(client)
    with pytest.raises(sdk.OTSServiceError) as caught:
        client.get_row("t", KEY, max_version=1, time_range=5)
    assert caught.value.get_error_message() == (
        "Specific tiemstamp and max versions cannot be given at the same time."
    )
