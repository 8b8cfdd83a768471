"""What tenants have spent and may still spend, for people to read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from shared.budget.forecast import Forecast, forecast_of, spent_by_day
from shared.budget.ledger import template_key, tenant_key
from shared.budget.model import Limits, Unit
from shared.rows import Row, RowKey

NEAR_PERCENT = 80
State = Literal["free", "fine", "soon", "near", "spent"]
"""free: there is no limit. soon: the month's will be reached before the month is over. near: 80% of
a limit, and spent: all of it. The worst of all that a budget has.
"""
_UNITS: tuple[Unit, ...] = ("cny", "messages")
_BY_HARM: tuple[State, ...] = ("free", "fine", "soon", "near", "spent")


@dataclass(frozen=True, slots=True)
class Line:
    """A tenant's month, or that of a template which has limits of its own, in one unit.
    template: empty for all messages.
    """

    template: str
    forecast: Forecast

    @property
    def state(self) -> State:
        """How the budget stands."""
        shares = [self.forecast.day_percent, self.forecast.month_percent]
        percents = [share for share in shares if share is not None]
        if not percents:
            return "free"
        if max(percents) >= 100:
            return "spent"
        if max(percents) >= NEAR_PERCENT:
            return "near"
        return "soon" if self.forecast.gone_on and not self.forecast.is_early else "fine"


@dataclass(frozen=True, slots=True)
class Statement:
    """All of a tenant's budgets. lines: money and messages of all, then of each template that has
    limits, in the units that are limited. days: thousandths of CNY by day of the month so far.
    """

    tenant: str
    lines: tuple[Line, ...]
    days: tuple[int, ...] = ()

    @property
    def money(self) -> Forecast:
        """What all messages cost."""
        return self.lines[0].forecast

    @property
    def messages(self) -> Forecast:
        """How many they are."""
        return self.lines[1].forecast

    @property
    def state(self) -> State:
        """The worst of all lines."""
        return max((line.state for line in self.lines), key=_BY_HARM.index)

    @property
    def gone_on(self) -> date | None:
        """The first day on which a month's limit is reached, by what can be told."""
        days = [line.forecast.gone_on for line in self.lines if not line.forecast.is_early]
        return min((day for day in days if day is not None), default=None)


@dataclass(frozen=True, slots=True)
class Statements:
    """Reads rows of the ledger. limits: by tenant; who has no entry has none."""

    limits: Mapping[str, Limits]

    def keys(self, tenants: Iterable[str], *, with_templates: bool) -> list[RowKey]:
        """The rows to read: one for each tenant, and one for each template with limits."""
        return [
            key
            for tenant in tenants
            for key in (
                tenant_key(tenant),
                *(template_key(tenant, name) for name in self._templates(tenant, with_templates)),
            )
        ]

    def of(
        self,
        tenants: Iterable[str],
        rows: Mapping[RowKey, Row | None],
        *,
        now_ms: int,
        with_templates: bool,
    ) -> list[Statement]:
        """A statement for each of `tenants`. rows: those at `keys`."""
        return [self._statement(tenant, rows, now_ms, with_templates) for tenant in tenants]

    def _statement(
        self, tenant: str, rows: Mapping[RowKey, Row | None], now_ms: int, with_templates: bool
    ) -> Statement:
        limits = self.limits.get(tenant)
        row = rows.get(tenant_key(tenant)) or {}
        lines = [Line("", forecast_of(row, limits, now_ms, unit=unit)) for unit in _UNITS]
        for name in self._templates(tenant, with_templates):
            own = limits.templates[name] if limits else None
            spent = rows.get(template_key(tenant, name)) or {}
            each = [forecast_of(spent, own, now_ms, unit=unit) for unit in _UNITS]
            lines += [Line(name, one) for one in each if one.is_limited]
        return Statement(tenant, tuple(lines), tuple(spent_by_day(row, now_ms)))

    def _templates(self, tenant: str, with_templates: bool) -> list[str]:
        limits = self.limits.get(tenant)
        return sorted(limits.templates) if limits and with_templates else []
