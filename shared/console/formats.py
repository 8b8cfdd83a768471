"""Figures and times as people read them. Times are UTC+8, the provider's and the bills' own."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

ZONE = timezone(timedelta(hours=8))
ZONE_NAME = "UTC+8"
NONE = "–"
"""Stands where there is nothing to count."""


def number(value: int | None) -> str:
    """`12,345`."""
    return NONE if value is None else f"{value:,}"


def percent(value: float | None) -> str:
    """`98.4%`; 100% only for all, and 0% only for none."""
    if value is None:
        return NONE
    if 99.95 <= value < 100:
        return ">99.9%"
    if 0 < value < 0.05:
        return "<0.1%"
    return f"{value:.1f}%" if value not in (0, 100) else f"{value:.0f}%"


def yuan(milli: int | None) -> str:
    """`¥1,234.50` of thousandths of CNY."""
    return NONE if milli is None else f"¥{milli / 1000:,.2f}"


def moment(at_ms: int) -> str:
    """`2026-11-23 16:05:09 UTC+8`."""
    return f"{_at(at_ms):%Y-%m-%d %H:%M:%S} {ZONE_NAME}"


def minute(at_ms: int) -> str:
    """`2026-11-23 16:05`, where UTC+8 is said beside it."""
    return f"{_at(at_ms):%Y-%m-%d %H:%M}"


def day(at_ms: int) -> str:
    """`2026-11-23`."""
    return f"{_at(at_ms):%Y-%m-%d}"


def clock(at_ms: int) -> str:
    """`16:05:09`, where the day is said beside it."""
    return f"{_at(at_ms):%H:%M:%S}"


def _at(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, ZONE)
