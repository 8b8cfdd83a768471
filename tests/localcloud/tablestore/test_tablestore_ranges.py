"""GetRange: order, bounds, pages, filters and what a range cannot be."""

from __future__ import annotations

from typing import Any

import pytest
from tablestore_server import RunningTablestore, create_table, sdk, where

SCHEMA = [("s", "STRING"), ("i", "INTEGER")]
LOW, HIGH = sdk.INF_MIN, sdk.INF_MAX
ROWS = [("", 0), ("a", -5), ("a", 3), ("a\x00", 0), ("ab", 1), ("b", 2), ("阿", 0)]


@pytest.fixture
def table(client: sdk.OTSClient) -> sdk.OTSClient:
    """A client, and a table with ROWS, put in no order."""
    create_table(client, "t", SCHEMA)
    for s, i in reversed(ROWS):
        client.put_row("t", sdk.Row([("s", s), ("i", i)], [("n", i), ("name", s)]), None)
    return client


def page(client: sdk.OTSClient, start: Any, end: Any, **options: Any) -> tuple[Any, Any]:
    """One GetRange: the keys found, and the next start key."""
    _, next_start, rows, _ = client.get_range(
        "t",
        options.pop("direction", sdk.Direction.FORWARD),
        [("s", start[0]), ("i", start[1])],
        [("s", end[0]), ("i", end[1])],
        max_version=1,
        **options,
    )
    keys = [tuple(value for _, value in row.primary_key) for row in rows]
    return keys, next_start and tuple(value for _, value in next_start)


def test_whole_table_comes_in_key_order(table: sdk.OTSClient) -> None:
    assert page(table, (LOW, LOW), (HIGH, HIGH)) == (ROWS, None)


def test_whole_table_comes_backward(table: sdk.OTSClient) -> None:
    backward = page(table, (HIGH, HIGH), (LOW, LOW), direction=sdk.Direction.BACKWARD)
    assert backward == (ROWS[::-1], None)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (("a", -5), ("a", 3), [("a", -5)]),
        (("a", -4), ("a", 4), [("a", 3)]),
        (("a", LOW), ("a", HIGH), [("a", -5), ("a", 3)]),
        (("a", HIGH), ("b", LOW), [("a\x00", 0), ("ab", 1)]),
        ((LOW, 9), ("a", LOW), [("", 0)]),
        (("b", 3), (HIGH, LOW), [("阿", 0)]),
        (("c", LOW), ("d", LOW), []),
    ],
)
def test_start_is_inclusive_and_end_exclusive(
    table: sdk.OTSClient, start: Any, end: Any, expected: Any
) -> None:
    assert page(table, start, end) == (expected, None)


def test_backward_start_is_inclusive_and_end_exclusive(table: sdk.OTSClient) -> None:
    backward = page(table, ("ab", 1), ("a", 3), direction=sdk.Direction.BACKWARD)
    assert backward == ([("ab", 1), ("a\x00", 0)], None)


@pytest.mark.parametrize("direction", [sdk.Direction.FORWARD, sdk.Direction.BACKWARD])
def test_pages_follow_one_another_without_gap_or_overlap(
    table: sdk.OTSClient, direction: str
) -> None:
    ends = [(LOW, LOW), (HIGH, HIGH)]
    expected = ROWS
    if direction == sdk.Direction.BACKWARD:
        ends, expected = ends[::-1], ROWS[::-1]
    start, found = ends[0], []
    while start is not None:
        keys, start = page(table, start, ends[1], direction=direction, limit=3)
        found.append(keys)
    assert found == [expected[:3], expected[3:6], expected[6:]]


def test_last_full_page_has_no_next_key(table: sdk.OTSClient) -> None:
    assert page(table, (LOW, LOW), (HIGH, HIGH), limit=len(ROWS)) == (ROWS, None)


def test_filter_and_columns_choose_rows(table: sdk.OTSClient) -> None:
    ends = (LOW, LOW), (HIGH, HIGH)
    positive = where("n", "GREATER_THAN", 0)
    assert page(table, *ends, column_filter=positive)[0] == [("a", 3), ("ab", 1), ("b", 2)]
    assert page(table, *ends, columns_to_get=["absent"])[0] == []


def test_limit_counts_the_rows_that_pass_the_filter(table: sdk.OTSClient) -> None:
    ends = (LOW, LOW), (HIGH, HIGH)
    keys, next_start = page(table, *ends, column_filter=where("n", "GREATER_THAN", 0), limit=2)
    assert keys == [("a", 3), ("ab", 1)]
    assert next_start == ("b", 2)


def test_xget_range_reads_over_pages(table: sdk.OTSClient) -> None:
    consumed = sdk.CapacityUnit(0, 0)
    rows = table.xget_range(
        "t",
        sdk.Direction.FORWARD,
        [("s", LOW), ("i", LOW)],
        [("s", HIGH), ("i", HIGH)],
        consumed,
        max_version=1,
    )
    assert [tuple(value for _, value in row.primary_key) for row in rows] == ROWS


def test_page_ends_at_four_megabytes(server: RunningTablestore) -> None:
    client = server.client()
    create_table(client, "t", SCHEMA)
    value = "x" * (1536 * 1024)
    for i in range(4):
        client.put_row("t", sdk.Row([("s", "a"), ("i", i)], [("v", value)]), None)
    keys, next_start = page(client, (LOW, LOW), (HIGH, HIGH))
    assert keys == [("a", 0), ("a", 1), ("a", 2)]
    assert next_start == ("a", 3)


@pytest.mark.parametrize(
    ("start", "end", "direction", "text"),
    [
        (("b", 0), ("a", 0), "FORWARD", "Begin key must less than end key in FORWARD"),
        (("a", 0), ("a", 0), "FORWARD", "Begin key must less than end key in FORWARD"),
        ((HIGH, LOW), (LOW, LOW), "FORWARD", "Begin key must less than end key in FORWARD"),
        (("a", 0), ("b", 0), "BACKWARD", "Begin key must more than end key in BACKWARD"),
        (("a", 0), ("a", 0), "BACKWARD", "Begin key must more than end key in BACKWARD"),
    ],
)
def test_range_against_its_direction_is_refused(
    table: sdk.OTSClient, start: Any, end: Any, direction: str, text: str
) -> None:
    with pytest.raises(sdk.OTSServiceError) as caught:
        page(table, start, end, direction=direction)
    assert caught.value.get_http_status() == 400
    assert caught.value.get_error_code() == "OTSParameterInvalid"
    assert caught.value.get_error_message() == text


@pytest.mark.parametrize("limit", [0, -1])
def test_limit_must_be_positive(table: sdk.OTSClient, limit: int) -> None:
    with pytest.raises(sdk.OTSServiceError, match="The limit must be greater than 0."):
        page(table, (LOW, LOW), (HIGH, HIGH), limit=limit)


def test_range_key_must_be_the_table_s(table: sdk.OTSClient) -> None:
    with pytest.raises(sdk.OTSServiceError) as caught:
        page(table, (1, LOW), (HIGH, HIGH))
    assert caught.value.get_error_code() == "OTSInvalidPK"
    assert caught.value.get_error_message() == (
        "Validate PK type fail. Input: VT_INTEGER, Meta: VT_STRING."
    )
