"""Capacity units: what each operation costs, in its answer and on the meter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tablestore_server import RunningTablestore, create_table, provided, put, sdk, where

from infra.localcloud.core.cloud import Cloud

KEY = [("pk", "a")]
BIG = "x" * 5000


def metered(cloud: Cloud, operation: str) -> tuple[int, int, int]:
    """Count, read and write units that the meter shows for one operation."""
    rows: Any = cloud.meter.as_json()["operations"]
    (row,) = [row for row in rows if row["operation"] == operation]
    return row["count"], row["read_cu"], row["write_cu"]


def update(condition: Any = None, **changes: Any) -> Callable[[sdk.OTSClient], Any]:
    """An update of the row `a`, yet to be made."""
    return lambda client: client.update_row("t", sdk.Row(KEY, changes), condition)


@pytest.mark.parametrize(
    ("call", "read", "write"),
    [
        (update(PUT=[("y", 1)]), 0, 1),
        (update(PUT=[("y", BIG)]), 0, 2),
        (update(DELETE_ALL=["x"]), 0, 1),
        (update(provided(existence="EXPECT_EXIST"), PUT=[("y", 1)]), 1, 1),
        (update(provided(where("x", "EQUAL", 1)), PUT=[("y", BIG)]), 1, 2),
        (update(INCREMENT=[("n", 1)]), 1, 1),
        (lambda c: c.put_row("t", sdk.Row(KEY, [("y", BIG)]), None), 0, 2),
        (lambda c: c.delete_row("t", sdk.Row(KEY), None), 0, 1),
        (lambda c: c.get_row("t", KEY, max_version=1), 1, 0),
        (lambda c: c.get_row("t", [("pk", "absent")], max_version=1), 1, 0),
        (lambda c: c.get_row("t", [("pk", "big")], max_version=1), 2, 0),
        (lambda c: c.get_row("t", [("pk", "big")], ["absent"], max_version=1), 1, 0),
    ],
)
def test_operation_costs_by_its_size_and_condition(
    client: sdk.OTSClient, call: Callable[[sdk.OTSClient], Any], read: int, write: int
) -> None:
    create_table(client)
    put(client, "a", x=1)
    put(client, "big", x=BIG)
    consumed = call(client)[0]
    assert (consumed.read, consumed.write) == (read, write)


def test_failed_condition_costs_one_of_each_on_the_meter(
    client: sdk.OTSClient, cloud: Cloud
) -> None:
    create_table(client)
    with pytest.raises(sdk.OTSServiceError):
        update(provided(existence="EXPECT_EXIST"), PUT=[("x", BIG)])(client)
    assert metered(cloud, "UpdateRow") == (1, 1, 1)


def test_refused_request_costs_nothing(client: sdk.OTSClient, cloud: Cloud) -> None:
    with pytest.raises(sdk.OTSServiceError):
        client.get_row("t", KEY, max_version=1)
    assert metered(cloud, "GetRow") == (1, 0, 0)


def test_batch_costs_the_sum_of_its_rows(client: sdk.OTSClient, cloud: Cloud) -> None:
    create_table(client)
    put(client, "big", x=BIG)
    below = provided(where("n", "LESS_THAN", 1, pass_if_missing=True))
    above = provided(where("n", "GREATER_THAN", 1, pass_if_missing=False))
    items = [
        sdk.UpdateRowItem(sdk.Row([("pk", "a")], {"INCREMENT": [("n", 1)]}), below),
        sdk.UpdateRowItem(sdk.Row([("pk", "b")], {"INCREMENT": [("n", 1)]}), above),
        sdk.PutRowItem(sdk.Row([("pk", "c")], [("x", BIG)]), None),
    ]
    request = sdk.BatchWriteRowRequest()
    request.add(sdk.TableInBatchWriteRowItem("t", items))
    answer = client.batch_write_row(request)
    assert metered(cloud, "BatchWriteRow") == (1, 2, 4)
    (failed,) = answer.get_failed_of_update()
    assert (failed.consumed.read, failed.consumed.write) == (1, 1)

    reads = sdk.BatchGetRowRequest()
    keys = [[("pk", "big")], [("pk", "absent")]]
    reads.add(sdk.TableInBatchGetRowItem("t", keys, [], None, 1))
    client.batch_get_row(reads)
    assert metered(cloud, "BatchGetRow") == (1, 3, 0)


def test_range_costs_all_that_it_read_in_one_sum(client: sdk.OTSClient) -> None:
    create_table(client)
    for number in range(10):
        put(client, str(number), x="x" * 900)
    ends = [("pk", sdk.INF_MIN)], [("pk", sdk.INF_MAX)]
    only = where("x", "EQUAL", "no such")
    consumed, _, rows, _ = client.get_range(
        "t", sdk.Direction.FORWARD, *ends, column_filter=only, max_version=1
    )
    assert rows == []
    assert (consumed.read, consumed.write) == (3, 0)


def test_meter_knows_the_function_that_called(server: RunningTablestore) -> None:
    session = server.cloud.identities.issue_session(
        role="sesame", session_name="s", duration_s=60, function="request_otp"
    )
    server.client(session).list_table()
    server.client().list_table()
    rows: Any = server.cloud.meter.as_json()["operations"]
    assert [(row["function"], row["count"]) for row in rows] == [("request_otp", 1), ("", 1)]
