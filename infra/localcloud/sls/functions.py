"""The functions of the analysis that SQLite does not have, and those that it has and may use.

Times are UTC here. The real service takes the time zone of the project's region (inferred); write
`__time__ - __time__ % 60` for a bucket that does not depend on it.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

Value = str | int | float | None
SQLITE_OWN = frozenset(
    (
        "count",
        "sum",
        "avg",
        "min",
        "max",
        "abs",
        "round",
        "length",
        "lower",
        "upper",
        "substr",
        "replace",
        "trim",
        "ltrim",
        "rtrim",
        "coalesce",
        "nullif",
        "like",
        "ceil",
        "floor",
    )
)
_LAYOUT = "%Y-%m-%d %H:%M:%S.000"
_FORMATS = {"Y": "%Y", "m": "%m", "d": "%d", "H": "%H", "i": "%M", "s": "%S", "S": "%S", "T": "%T"}
_UNITS = ("second", "minute", "hour", "day", "week", "month", "year")


def install(database: sqlite3.Connection) -> frozenset[str]:
    """Make the functions known to a connection. Returns the names that a query may call."""
    plain: dict[str, tuple[int, Callable[..., Value]]] = {
        "if": (-1, _choose),
        "concat": (-1, _concat),
        "date_trunc": (2, _date_trunc),
        "from_unixtime": (1, _from_unixtime),
        "to_unixtime": (1, _to_unixtime),
        "date_format": (2, _date_format),
        "json_extract_scalar": (2, _json_extract_scalar),
    }
    for name, (count, function) in plain.items():
        database.create_function(name, count, function, deterministic=True)
    aggregates: dict[str, tuple[int, type[Any]]] = {  # typeshed knows aggregates of int alone
        "count_if": (1, _CountIf),
        "approx_percentile": (2, _Percentile),
        "approx_distinct": (1, _Distinct),
        "arbitrary": (1, _First),
        "max_by": (2, _MaxBy),
        "min_by": (2, _MinBy),
    }
    for name, (count, aggregate) in aggregates.items():
        database.create_aggregate(name, count, aggregate)
    return SQLITE_OWN | plain.keys() | aggregates.keys()


class _CountIf:
    def __init__(self) -> None:
        self._count = 0

    def step(self, condition: Value) -> None:
        self._count += bool(condition)

    def finalize(self) -> int:
        return self._count


class _Percentile:
    """The nearest rank; the real one is an estimate close to it."""

    def __init__(self) -> None:
        self._numbers: list[float] = []
        self._share = 0.0

    def step(self, number: Value, share: Value) -> None:
        if isinstance(share, (int, float)) and 0 <= share <= 1:
            self._share = share
            if isinstance(number, (int, float)):
                self._numbers.append(number)
            return
        raise ValueError("percentile must be between 0 and 1")

    def finalize(self) -> float | None:
        if not self._numbers:
            return None
        rank = math.ceil(self._share * len(self._numbers))
        return sorted(self._numbers)[max(rank, 1) - 1]


class _Distinct:
    def __init__(self) -> None:
        self._seen: set[Value] = set()

    def step(self, value: Value) -> None:
        if value is not None:
            self._seen.add(value)

    def finalize(self) -> int:
        return len(self._seen)


class _First:
    def __init__(self) -> None:
        self._value: Value = None

    def step(self, value: Value) -> None:
        self._value = value if self._value is None else self._value

    def finalize(self) -> Value:
        return self._value


class _MaxBy:
    sign = 1

    def __init__(self) -> None:
        self._best: float | None = None
        self._value: Value = None

    def step(self, value: Value, by: Value) -> None:
        if isinstance(by, (int, float)) and (self._best is None or by * self.sign > self._best):
            self._best, self._value = by * self.sign, value

    def finalize(self) -> Value:
        return self._value


class _MinBy(_MaxBy):
    sign = -1


def _choose(condition: Value, then: Value, otherwise: Value = None) -> Value:
    return then if condition else otherwise


def _concat(*parts: Value) -> Value:
    return None if None in parts else "".join(str(part) for part in parts)


def _date_trunc(unit: Value, time: Value) -> Value:
    moment = _moment(time)
    if moment is None:
        return None
    if unit not in _UNITS:
        raise ValueError("unit")
    if unit == "week":
        moment -= timedelta(days=moment.weekday())
    level = _UNITS.index("day" if unit == "week" else str(unit))
    resets = ("second", "minute", "hour", "day", "day", "month", "year")[:level]
    lowest = {name: 1 if name in ("day", "month") else 0 for name in resets}
    return moment.replace(**lowest).strftime(_LAYOUT)  # type: ignore[arg-type]


def _from_unixtime(time: Value) -> Value:
    moment = _moment(time) if isinstance(time, (int, float)) else None
    return moment.strftime(_LAYOUT) if moment else None


def _to_unixtime(time: Value) -> Value:
    moment = _moment(time)
    return moment.timestamp() if moment else None


def _date_format(time: Value, layout: Value) -> Value:
    moment, parts = _moment(time), str(layout).split("%")
    if moment is None:
        return None
    return parts[0] + "".join(moment.strftime(_FORMATS[part[0]]) + part[1:] for part in parts[1:])


def _json_extract_scalar(text: Value, path: Value) -> Value:
    if not isinstance(path, str) or not path.startswith("$."):
        raise ValueError("path")
    try:
        value: object = json.loads(str(text))
    except ValueError:
        return None
    for key in path[2:].split("."):
        value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (str, int, float)) else None


def _moment(time: Value) -> datetime | None:
    if isinstance(time, (int, float)):
        return datetime.fromtimestamp(int(time), tz=timezone.utc)
    if time is None:
        return None
    return datetime.strptime(time, _LAYOUT).replace(tzinfo=timezone.utc)
