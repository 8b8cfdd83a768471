"""BatchGetRow: rows of one round trip, each with an outcome of its own."""

from __future__ import annotations

from typing import Any

from tablestore_server import (
    columns,
    create_table,
    put,
    sdk,
    where,
)


def get(client: sdk.OTSClient, *keys: str, **options: Any) -> Any:
    """BatchGetRow of rows of the table t."""
    request = sdk.BatchGetRowRequest()
    request.add(
        sdk.TableInBatchGetRowItem(
            "t", [[("pk", pk)] for pk in keys], options.get("names", []), options.get("only"), 1
        )
    )
    return client.batch_get_row(request)


def test_batch_get_gives_rows_in_the_request_s_order(client: sdk.OTSClient) -> None:
    create_table(client)
    put(client, "a", x=1, y=1)
    put(client, "b", x=2, y=2)
    rows = get(client, "b", "absent", "a", "b").get_result_by_table("t")
    assert [columns(row.row) for row in rows] == [
        {"x": 2, "y": 2},
        None,
        {"x": 1, "y": 1},
        {"x": 2, "y": 2},
    ]


def test_batch_get_chooses_columns_and_filters(client: sdk.OTSClient) -> None:
    create_table(client)
    put(client, "a", x=1, y=1)
    put(client, "b", x=2, y=2)
    only = where("x", "GREATER_THAN", 1)
    rows = get(client, "a", "b", names=["x"], only=only).get_result_by_table("t")
    assert [columns(row.row) for row in rows] == [None, {"x": 2}]


def test_batch_get_reports_errors_by_row(client: sdk.OTSClient) -> None:
    create_table(client)
    put(client, "a", x=1)
    request = sdk.BatchGetRowRequest()
    request.add(sdk.TableInBatchGetRowItem("t", [[("no", 1)], [("pk", "a")]], [], None, 1))
    request.add(sdk.TableInBatchGetRowItem("u", [[("pk", "a")]], [], None, 1))
    answer = client.batch_get_row(request)
    wrong, right = answer.get_result_by_table("t")
    (missing,) = answer.get_result_by_table("u")
    assert wrong.error_code == "OTSInvalidPK"
    assert columns(right.row) == {"x": 1}
    assert missing.error_code == "OTSObjectNotExist"
