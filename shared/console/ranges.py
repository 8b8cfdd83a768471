"""Which time a page shows, as its address says: a name, or two days; by hour or by day. UTC+8."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from shared.console.formats import ZONE
from shared.errors import FieldProblem, RequestInvalid
from shared.rollup.model import HOUR_MS
from shared.rollup.views import Span, length_ms, start_of

RangeName = Literal["today", "24h", "7d", "30d", "month", "custom"]
MOST_DAYS, MOST_HOURS = 400, 14 * 24
_DAY_MS = 24 * HOUR_MS
_HOURS_AT_MOST_DAYS = 2
"""Days that are shown by the hour unless they are asked for by the day."""


@dataclass(frozen=True, slots=True)
class TimeRange:
    """From the hour or day of start_ms up to that of end_ms, both with. UTC epoch.

    asked_by: hour, day, or "" for what fits. notes: words on what was changed of what was asked.
    """

    name: RangeName
    span: Span
    start_ms: int
    end_ms: int
    asked_by: Span | Literal[""] = ""
    notes: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many hours or days."""
        first, last = start_of(self.span, self.start_ms), start_of(self.span, self.end_ms)
        return (last - first) // length_ms(self.span) + 1

    @property
    def query(self) -> dict[str, str]:
        """The range as an address says it."""
        days = {"from": _day(self.start_ms), "to": _day(self.end_ms)}
        return {"range": self.name, **(days if self.name == "custom" else {}), "by": self.asked_by}


def time_range(query: Mapping[str, str], now_ms: int) -> TimeRange:
    """The range that `query` asks for: range, from, to, by; the last 30 days without. What is too
    long is cut, with a note. Raises RequestInvalid for what is no range.
    """
    asked = query.get("range") or ("custom" if query.get("from") or query.get("to") else "30d")
    name = next((each for each in get_args(RangeName) if each == asked), None)
    if name is None:
        raise RequestInvalid(FieldProblem("range", "unknown"))
    by = query.get("by", "")
    if by not in ("", "hour", "day"):
        raise RequestInvalid(FieldProblem("by", "unknown"))
    asked_by: Span | Literal[""] = "hour" if by == "hour" else "day" if by == "day" else ""
    start_ms, end_ms = _bounds(name, query, now_ms)
    notes: list[str] = []
    if end_ms > now_ms:
        end_ms = now_ms
    if start_ms > end_ms:
        raise RequestInvalid(FieldProblem("from", "future"))
    if end_ms - start_ms >= MOST_DAYS * _DAY_MS:
        start_ms = start_of("day", end_ms) - (MOST_DAYS - 1) * _DAY_MS
        notes.append("range.cut")
    span = asked_by or _fitting(name, end_ms - start_ms)
    if span == "hour" and end_ms - start_ms >= MOST_HOURS * HOUR_MS:
        span = "day"
        notes.append("range.by_day")
    return TimeRange(name, span, start_ms, end_ms, asked_by, tuple(notes))


def _bounds(name: RangeName, query: Mapping[str, str], now_ms: int) -> tuple[int, int]:
    today = start_of("day", now_ms)
    match name:
        case "today":
            return today, now_ms
        case "24h":
            return now_ms - 23 * HOUR_MS, now_ms
        case "7d":
            return today - 6 * _DAY_MS, now_ms
        case "30d":
            return today - 29 * _DAY_MS, now_ms
        case "month":
            first = datetime.fromtimestamp(today / 1000, ZONE).replace(day=1)
            return round(first.timestamp() * 1000), now_ms
        case "custom":
            first_ms = _midnight("from", query.get("from", ""))
            last_ms = _midnight("to", query.get("to") or _day(now_ms))
            if first_ms > last_ms:
                raise RequestInvalid(FieldProblem("from", "after_to"))
            return first_ms, last_ms + _DAY_MS - 1


def _fitting(name: RangeName, length: int) -> Span:
    if name in ("today", "24h") or (name == "custom" and length < _HOURS_AT_MOST_DAYS * _DAY_MS):
        return "hour"
    return "day"


def _midnight(field: str, text: str) -> int:
    """When a day starts. Raises RequestInvalid for what is none, or none of this era."""
    try:
        midnight = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=ZONE)
    except ValueError:
        raise RequestInvalid(FieldProblem(field, "not_a_day")) from None
    if not 1971 <= midnight.year <= 9000:
        raise RequestInvalid(FieldProblem(field, "not_a_day"))
    return round(midnight.timestamp() * 1000)


def _day(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(0, ZONE) + timedelta(milliseconds=at_ms):%Y-%m-%d}"
