"""A row that one batch changes twice."""

from __future__ import annotations

from typing import Any

import pytest
from tablestore_server import (
    create_table,
    provided,
    read,
    sdk,
    where,
)


def update_item(pk: str, condition: Any = None, **changes: Any) -> sdk.UpdateRowItem:
    """An update of the row `pk`."""
    return sdk.UpdateRowItem(sdk.Row([("pk", pk)], changes), provided(condition))


def put_item(pk: str, condition: Any = None, **values: Any) -> sdk.PutRowItem:
    """A put of the row `pk`."""
    return sdk.PutRowItem(sdk.Row([("pk", pk)], list(values.items())), provided(condition))


def write(client: sdk.OTSClient, *items: Any, **by_table: list[Any]) -> sdk.BatchWriteRowResponse:
    """One BatchWriteRow: `items` on the table t, and more by table."""
    request = sdk.BatchWriteRowRequest()
    if items:
        request.add(sdk.TableInBatchWriteRowItem("t", list(items)))
    for name, rows in by_table.items():
        request.add(sdk.TableInBatchWriteRowItem(name, rows))
    return client.batch_write_row(request)


def outcomes(rows: list[Any]) -> list[tuple[int, str | None]]:
    """Each row's place in the request and its error code."""
    return [(row.index, row.error_code) for row in rows]


def test_repeated_row_is_written_in_order(client: sdk.OTSClient) -> None:
    create_table(client)
    answer = write(client, put_item("a", x=1, y=1), update_item("a", PUT=[("x", 2)]))
    assert answer.is_all_succeed()
    assert read(client, "a") == {"x": 2, "y": 1}


@pytest.mark.parametrize(
    ("second", "text"),
    [
        (
            update_item("a", where("x", "EQUAL", 1), PUT=[("x", 2)]),
            "Repeated rows do not support row condition check in BatchModify.",
        ),
        (
            sdk.DeleteRowItem(sdk.Row([("pk", "a")]), provided(existence="EXPECT_EXIST")),
            "Repeated rows do not support row exist expectation check in BatchModify.",
        ),
        (
            update_item("a", INCREMENT=[("n", 1)]),
            "Repeated rows do not support increment in BatchModify.",
        ),
    ],
)
def test_repeated_row_takes_no_condition_and_no_increment(
    client: sdk.OTSClient, second: Any, text: str
) -> None:
    create_table(client)
    answer = write(client, put_item("a", x=1), second, put_item("b", x=1))
    failed = answer.get_failed_of_put() + answer.get_failed_of_update()
    failed += answer.get_failed_of_delete()
    assert [row.error_message for row in failed] == [text, text]
    assert read(client, "a") is None
    assert read(client, "b") == {"x": 1}
