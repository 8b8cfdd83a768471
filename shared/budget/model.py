"""What is spent, and what may be: money in thousandths of a yuan, and messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Literal

UTC8 = timezone(timedelta(hours=8))
"""Days and months are those of the bill."""

Unit = Literal["cny", "messages"]


@dataclass(frozen=True, slots=True)
class Cap:
    """The most that a period may cost; None: no limit."""

    milli: int | None = None
    messages: int | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """The caps of a tenant, or of one template of it. templates: by name, of a tenant only."""

    day: Cap = Cap()
    month: Cap = Cap()
    templates: Mapping[str, Limits] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BudgetState:
    """Where a budget stands in a period, by the unit that is nearer to its limit.

    scope: `tenant` or `template:<name>`. period: `d20261123` or `mo202611`. spent, limit: in
    `unit`, where cny is counted in thousandths. ratio: 1.0 is all of it.
    """

    tenant: str
    scope: str
    period: str
    spent: int
    limit: int
    ratio: float
    unit: Unit = "cny"


def day_of(now_ms: int) -> str:
    """The day as rows name it, such as `d20261123`."""
    return local_time(now_ms).strftime("d%Y%m%d")


def month_of(now_ms: int) -> str:
    """The month as rows name it, such as `mo202611`."""
    return local_time(now_ms).strftime("mo%Y%m")


def local_time(now_ms: int) -> datetime:
    """The time at UTC+8."""
    return datetime.fromtimestamp(now_ms // 1000, UTC8)


def column_of(period: str, unit: Unit) -> str:
    """The column that counts `unit` in a period."""
    return f"{period}_m" if unit == "cny" else f"{period}_n"
