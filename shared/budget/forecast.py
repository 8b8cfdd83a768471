"""How a month will end if it goes on as it began, and when its budget will be gone."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shared.budget.model import UTC8, Cap, Limits, Unit, column_of, day_of, month_of
from shared.rows import Row, number_in

EARLY_DAYS = 0.25
"""Before so much of a month is over, what it will come to is anybody's guess."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """One month of a tenant, or of one of its templates, in money (thousandths of CNY) or in
    messages.

    forecast: what the month will have come to. day_limit, month_limit: None for no limit. gone_on:
    the day, at UTC+8, on which the month's limit is reached, today if it has been; None if it will
    not be in this month, or there is none.
    """

    unit: Unit
    today: int
    month: int
    forecast: int
    day_limit: int | None
    month_limit: int | None
    gone_on: date | None
    is_early: bool = False

    @property
    def is_limited(self) -> bool:
        """True if the day or the month has a limit."""
        return self.day_limit is not None or self.month_limit is not None

    @property
    def is_over(self) -> bool:
        """True if the month will end above its limit."""
        return self.month_limit is not None and self.forecast > self.month_limit

    @property
    def day_percent(self) -> float | None:
        """How much of the day's limit is spent; None without a limit."""
        return _percent(self.today, self.day_limit)

    @property
    def month_percent(self) -> float | None:
        """How much of the month's limit is spent; None without a limit."""
        return _percent(self.month, self.month_limit)


def forecast_of(row: Row, limits: Limits | None, now_ms: int, *, unit: Unit = "cny") -> Forecast:
    """The month at the rate of its days so far, today's part counted by the clock. row: a row of
    the ledger; empty where nothing was spent yet.
    """
    now = datetime.fromtimestamp(now_ms / 1000, UTC8)
    month = number_in(row, column_of(month_of(now_ms), unit))
    gone_days = now.day - 1 + (now.hour * 60 + now.minute + 1) / 1440
    days = calendar.monthrange(now.year, now.month)[1]
    limit = _cap(limits.month, unit) if limits else None
    return Forecast(
        unit=unit,
        today=number_in(row, column_of(day_of(now_ms), unit)),
        month=month,
        forecast=round(month / gone_days * days),
        day_limit=_cap(limits.day, unit) if limits else None,
        month_limit=limit,
        gone_on=_gone_on(now, month, limit, month / gone_days),
        is_early=gone_days < EARLY_DAYS,
    )


def spent_by_day(row: Row, now_ms: int, *, unit: Unit = "cny") -> list[int]:
    """What each day of the month took, from the first up to today."""
    today = datetime.fromtimestamp(now_ms / 1000, UTC8)
    days = (today - timedelta(days=back) for back in range(today.day - 1, -1, -1))
    return [number_in(row, column_of(f"{day:d%Y%m%d}", unit)) for day in days]


def _gone_on(now: datetime, month: int, limit: int | None, day_rate: float) -> date | None:
    if limit is None:
        return None
    if month >= limit:
        return now.date()
    if month <= 0:
        return None
    left_days = (limit - month) / day_rate
    if left_days >= 31:
        return None
    gone = (now + timedelta(days=left_days)).date()
    return gone if gone.month == now.month else None


def _cap(cap: Cap, unit: Unit) -> int | None:
    return cap.milli if unit == "cny" else cap.messages


def _percent(spent: int, limit: int | None) -> float | None:
    if limit is None:
        return None
    return 100 * spent / limit if limit else 100.0
