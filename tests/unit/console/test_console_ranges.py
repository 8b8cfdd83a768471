"""Which time an address asks for, whatever it says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.console.formats import day, minute
from shared.console.ranges import MOST_DAYS, MOST_HOURS, time_range
from shared.errors import RequestInvalid
from shared.rollup.views import start_of

NOW = 1_800_000_000_000  # 2027-01-15 16:00 UTC+8


@pytest.mark.parametrize(
    ("name", "span", "first", "count"),
    [
        ("today", "hour", "2027-01-15 00:00", 17),
        ("24h", "hour", "2027-01-14 17:00", 24),
        ("7d", "day", "2027-01-09 00:00", 7),
        ("30d", "day", "2026-12-17 00:00", 30),
        ("month", "day", "2027-01-01 00:00", 15),
    ],
)
def test_a_name_is_a_time(name: str, span: str, first: str, count: int) -> None:
    found = time_range({"range": name}, NOW)

    assert found.span == span
    assert minute(start_of(found.span, found.start_ms)) == first
    assert found.count == count
    assert found.end_ms == NOW


def test_two_days_are_a_time_with_both() -> None:
    found = time_range({"from": "2026-12-01", "to": "2026-12-03"}, NOW)

    assert (found.span, found.count) == ("day", 3)
    assert (day(found.start_ms), day(found.end_ms)) == ("2026-12-01", "2026-12-03")
    assert found.query == {"range": "custom", "from": "2026-12-01", "to": "2026-12-03", "by": ""}


def test_one_day_is_shown_by_the_hour() -> None:
    found = time_range({"from": "2026-12-01", "to": "2026-12-01"}, NOW)

    assert (found.span, found.count) == ("hour", 24)


def test_what_has_not_come_yet_is_left_out() -> None:
    found = time_range({"from": "2027-01-14", "to": "2030-01-01", "by": "day"}, NOW)

    assert (found.count, found.end_ms) == (2, NOW)


def test_ten_years_are_cut_with_a_note() -> None:
    found = time_range({"from": "2017-01-15"}, NOW)

    assert found.count == MOST_DAYS
    assert day(found.end_ms) == "2027-01-15"
    assert found.notes == ("range.cut",)


def test_ten_years_long_ago_are_the_last_of_them() -> None:
    found = time_range({"from": "1980-01-01", "to": "1990-12-31", "by": "hour"}, NOW)

    assert (found.span, found.count) == ("day", MOST_DAYS)
    assert day(found.end_ms) == "1990-12-31"
    assert found.notes == ("range.cut", "range.by_day")


@pytest.mark.parametrize(
    ("last", "span", "count"), [("2026-12-14", "hour", MOST_HOURS), ("2026-12-15", "day", 15)]
)
def test_hours_are_for_fourteen_days(last: str, span: str, count: int) -> None:
    found = time_range({"from": "2026-12-01", "to": last, "by": "hour"}, NOW)

    assert (found.span, found.count) == (span, count)


@pytest.mark.parametrize(
    ("query", "field", "reason"),
    [
        ({"range": "forever"}, "range", "unknown"),
        ({"by": "minute"}, "by", "unknown"),
        ({"from": "yesterday"}, "from", "not_a_day"),
        ({"from": "2026-02-30"}, "from", "not_a_day"),
        ({"from": "0001-01-01"}, "from", "not_a_day"),
        ({"from": "9999-12-31"}, "from", "not_a_day"),
        ({"to": "2026-01-01"}, "from", "not_a_day"),
        ({"from": "2026-01-02", "to": "x"}, "to", "not_a_day"),
        ({"from": "2026-01-02", "to": "2026-01-01"}, "from", "after_to"),
        ({"from": "2028-01-02", "to": "2028-01-03"}, "from", "future"),
    ],
)
def test_nonsense_is_said_to_be_none(query: dict[str, str], field: str, reason: str) -> None:
    with pytest.raises(RequestInvalid) as caught:
        time_range(query, NOW)

    (problem,) = caught.value.problems
    assert (problem.field, problem.reason) == (field, reason)


@given(
    st.dictionaries(
        st.sampled_from(["range", "from", "to", "by"]),
        st.text(max_size=12) | st.dates().map(str) | st.sampled_from(["custom", "hour", "24h"]),
    )
)
def test_no_address_asks_for_more_than_is_read(query: dict[str, str]) -> None:
    try:
        found = time_range(query, NOW)
    except RequestInvalid:
        return
    assert 1 <= found.count <= MOST_DAYS
    assert found.start_ms <= found.end_ms <= NOW
    assert time_range(found.query, NOW).count == found.count
