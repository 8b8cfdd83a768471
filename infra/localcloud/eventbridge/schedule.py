"""When a timer is due: `@every 5m`, or six cron fields, in UTC or behind `CRON_TZ=<zone>`.

The fields are seconds, minutes, hours, day of month, month and day of week. Each is `*`, `?`,
numbers, ranges, steps, or several of these with commas. inferred: 0 and 7 are Sunday, and a date
fits by either of its two day fields if both are restricted, as in other crons.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_EVERY = re.compile(r"@every ([0-9]{1,9})([smh])")
_UNITS_S = {"s": 1, "m": 60, "h": 3600}
_FIELDS = (
    ("seconds", 0, 59),
    ("minutes", 0, 59),
    ("hours", 0, 23),
    ("day of month", 1, 31),
    ("month", 1, 12),
    ("day of week", 0, 7),
)
_ITEM = re.compile(r"(?:(\*|\?)|([0-9]{1,2})(?:-([0-9]{1,2}))?)(?:/([0-9]{1,2}))?")
_SEARCHED_DAYS = 9 * 366
"""29 February is at most eight years away."""


class ScheduleInvalid(ValueError):
    """An expression that names no time."""


class Schedule(Protocol):
    """A rule for times, all of them UTC epoch seconds."""

    def next_due(self, *, since: float, now: float) -> float:
        """The first due time behind `now`; `since` is the last one, or the start."""


@dataclass(frozen=True, slots=True)
class Every:
    """Due once in every period."""

    period_s: float

    def next_due(self, *, since: float, now: float) -> float:
        """A whole number of periods behind `since`, so that slow polling does not add up."""
        return since + self.period_s * (math.floor((now - since) / self.period_s) + 1)


@dataclass(frozen=True, slots=True)
class Cron:
    """Due at each second that fits. An hour that a zone skips has none, one that it repeats counts
    once.
    """

    zone: tzinfo
    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int] | None
    months: frozenset[int]
    weekdays: frozenset[int] | None

    def next_due(self, *, since: float, now: float) -> float:
        """The next fitting second. Raises ScheduleInvalid if none comes, as for 30 February."""
        here = datetime.fromtimestamp(now, self.zone)
        for distance in range(_SEARCHED_DAYS):
            day = here.date() + timedelta(days=distance)
            if self._fits(day):
                due = self._first_on(day, now, here.time() if distance == 0 else time.min)
                if due is not None:
                    return due
        raise ScheduleInvalid("the cron expression fits no date")

    def _fits(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        is_day = self.days is None or day.day in self.days
        is_weekday = self.weekdays is None or day.isoweekday() % 7 in self.weekdays
        if self.days is not None and self.weekdays is not None:
            return is_day or is_weekday
        return is_day and is_weekday

    def _first_on(self, day: date, now: float, earliest: time) -> float | None:
        start = (earliest.hour, earliest.minute)
        for hour in self.hours:
            for minute in self.minutes:
                if (hour, minute) < start:
                    continue
                for second in self.seconds:
                    local = datetime.combine(day, time(hour, minute, second), self.zone)
                    due = local.timestamp()
                    if due > now and _exists(local):
                        return due
        return None


def read_schedule(expression: str) -> Schedule:
    """The schedule that a `cronExpression` means. Raises ScheduleInvalid."""
    every = _EVERY.fullmatch(expression)
    if every:
        period_s = int(every[1]) * _UNITS_S[every[2]]
        if period_s == 0:
            raise ScheduleInvalid("@every needs a period above 0")
        return Every(period_s)
    zone: tzinfo = timezone.utc
    if expression.startswith("CRON_TZ="):
        name, _, expression = expression.removeprefix("CRON_TZ=").partition(" ")
        zone = _zone(name)
    fields = expression.split()
    if len(fields) != len(_FIELDS):
        raise ScheduleInvalid("cronExpression must be '@every 5m' or six cron fields")
    seconds, minutes, hours, days, months, weekdays = (
        _numbers(text, *field) for text, field in zip(fields, _FIELDS, strict=True)
    )
    cron = Cron(
        zone=zone,
        seconds=tuple(sorted(seconds)),
        minutes=tuple(sorted(minutes)),
        hours=tuple(sorted(hours)),
        days=None if fields[3] in "*?" else days,
        months=months,
        weekdays=None if fields[5] in "*?" else frozenset(day % 7 for day in weekdays),
    )
    cron.next_due(since=0, now=0)
    return cron


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ScheduleInvalid(f"CRON_TZ: there is no time zone {name!r}") from error


def _numbers(text: str, name: str, lowest: int, highest: int) -> frozenset[int]:
    numbers: set[int] = set()
    for item in text.split(","):
        match = _ITEM.fullmatch(item)
        if match is None:
            raise ScheduleInvalid(f"cronExpression: {name} cannot be {item!r}")
        anything, first, last, step = match.groups()
        start = lowest if anything else int(first)
        end = highest if anything or (step and not last) else int(last or first)
        if not lowest <= start <= end <= highest or step == "0":
            raise ScheduleInvalid(f"cronExpression: {name} goes from {lowest} to {highest}")
        numbers.update(range(start, end + 1, int(step or 1)))
    return frozenset(numbers)


def _exists(local: datetime) -> bool:
    back = local.astimezone(timezone.utc).astimezone(local.tzinfo)
    return back.replace(tzinfo=None) == local.replace(tzinfo=None)
