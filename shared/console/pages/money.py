"""Money: what tenants have spent, what they may, and how the month will end.

Budgets are of notices, and exact: they are charged before a message goes. What is billed, codes and
notices alike, is told by the figures, which follow some minutes later.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from markupsafe import Markup

from shared.budget.model import Limits, local_time
from shared.budget.statement import State, Statement, Statements
from shared.console.charts import Series, count_axis, line_chart
from shared.console.freshness import Freshness
from shared.console.page import Content, Visit, Visitor
from shared.console.words import words_in
from shared.errors import FieldProblem, Forbidden, RequestInvalid
from shared.rollup.model import Figures
from shared.rollup.views import EVERYONE, STATE_ROW, View, Views, added
from shared.rows import RowStore

MOST_ROWS = 99
"""Of the ledger: with the one that says how old the figures are, what one round trip takes."""
_FAR = 4
TENANT = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_HARM: Mapping[State, int] = {"spent": 0, "near": 1, "soon": 2, "fine": 3, "free": 3}
TONES: Mapping[str, str] = {"spent": "bad", "near": "warn", "soon": "warn", "fine": "good"}


@dataclass(frozen=True, slots=True)
class Account:
    """A tenant in the overview. billed: of this month, by the figures."""

    statement: Statement
    billed: Figures


@dataclass(frozen=True, slots=True)
class Share:
    """What one template, or a code's purpose, cost."""

    name: str
    today: Figures
    month: Figures


@dataclass(frozen=True, slots=True)
class Chart:
    """An image, and what its lines are called."""

    image: Markup
    lines: tuple[str, ...]


class MoneyPage:
    """/console/money. tenants: those that have keys. Two round trips, whatever is asked."""

    path = "/console/money"
    nav = "nav.money"
    scope = "figures"

    def __init__(
        self,
        *,
        views: Views,
        store: RowStore,
        limits: Mapping[str, Limits],
        tenants: Collection[str],
    ) -> None:
        self._views = views
        self._store = store
        self._statements = Statements(limits)
        self._tenants = frozenset(tenants) | limits.keys()

    def __call__(self, visit: Visit) -> Content:
        """One tenant's, or, for who may, all tenants'. Raises Forbidden for a tenant that is not
        one's own, RequestInvalid, StoreUnavailable.
        """
        tenant = tenant_asked(visit)
        days = self._views.read(
            tenant=tenant, span="day", start_ms=_month_start_ms(visit.now_ms), end_ms=visit.now_ms
        )
        values: dict[str, object] = {
            "tones": TONES,
            "tenant": "" if tenant == EVERYONE else tenant,
            "month_end": _month_end(visit.now_ms),
        }
        if tenant == EVERYONE:
            values |= self._overview(days, visit)
            return Content("money.html", values)
        (statement,), folded = self._read([tenant], visit.now_ms, with_templates=True)
        values |= {
            "figures": folded,
            "statement": statement,
            "tenants": self._choice(visit.visitor),
            "shares": _shares(days),
            "days": [(day.start_ms, day.total) for day in reversed(days)],
            "billed": added(day.total for day in days),
            "chart": _chart(statement, visit),
        }
        return Content("money_tenant.html", values)

    def _overview(self, days: Sequence[View], visit: Visit) -> dict[str, object]:
        billed = [day.by("tenant") for day in days]
        names = self._tenants | {name for day in billed for name in day}
        of = {name: added(day[name] for day in billed if name in day) for name in names}
        # Who has a budget comes first, then who costs most.
        ordered = sorted(
            names,
            key=lambda name: (
                name not in self._statements.limits,
                -of[name].number("cost_milli"),
                name,
            ),
        )
        named = ordered[:MOST_ROWS]
        # With their templates, if one round trip takes them all.
        all_keys = self._statements.keys(named, with_templates=True)
        with_templates = len(all_keys) <= MOST_ROWS
        shown, folded = self._read(named, visit.now_ms, with_templates=with_templates)
        accounts = [Account(each, of[each.tenant]) for each in shown]
        accounts.sort(key=_urgency)
        return {
            "accounts": accounts,
            "hidden_count": len(ordered) - len(shown),
            "with_templates": with_templates,
            "figures": folded,
            "tenants": sorted(names),
            "billed": added(of.values()),
        }

    def _read(
        self, tenants: Sequence[str], now_ms: int, *, with_templates: bool
    ) -> tuple[list[Statement], Freshness]:
        keys = self._statements.keys(tenants, with_templates=with_templates)
        *rows, state = self._store.read([*keys, STATE_ROW])
        found = dict(zip(keys, rows, strict=True))
        statements = self._statements.of(
            tenants, found, now_ms=now_ms, with_templates=with_templates
        )
        return statements, Freshness.of(state, now_ms)

    def _choice(self, visitor: Visitor) -> list[str]:
        return sorted(self._tenants) if visitor.may("operate") else []


def tenant_asked(visit: Visit) -> str:
    """Whose figures a visit is about: `*` for all. Raises Forbidden, RequestInvalid."""
    everyone = EVERYONE if visit.visitor.may("operate") else visit.visitor.tenant
    tenant = visit.query.get("tenant") or everyone
    if tenant == everyone:
        return tenant
    if not visit.visitor.sees(tenant):
        raise Forbidden
    if not TENANT.fullmatch(tenant):
        raise RequestInvalid(FieldProblem("tenant", "not_a_tenant"))
    return tenant


def _urgency(account: Account) -> tuple[int, int, str]:
    statement = account.statement
    return (_HARM[statement.state], -statement.money.month, statement.tenant)


def _shares(days: Sequence[View]) -> list[Share]:
    """By what they cost this month."""
    each = [day.by("template") for day in days]
    names = {name for day in each for name in day}
    today = each[-1] if each else {}
    shares = [
        Share(
            name,
            today.get(name, Figures()),
            added(day[name] for day in each if name in day),
        )
        for name in names
    ]
    return sorted(shares, key=lambda share: (-share.month.number("cost_milli"), share.name))


def _chart(statement: Statement, visit: Visit) -> Chart | None:
    """The month's money as it adds up, how it will go on, and the limit; None without any. A limit
    far above is left out: it would flatten the rest.
    """
    if not any(statement.days):
        return None
    words, money = words_in(visit.locale), statement.money
    today = len(statement.days)
    last = int(_month_end(visit.now_ms)[-2:])
    spent: list[float | None] = [
        sum(statement.days[: day + 1]) / 1000 if day < today else None for day in range(last)
    ]
    series = [Series(words.plain("money.chart.spent"), spent)]
    if not money.is_early and today < last:
        slope = (money.forecast - money.month) / 1000 / (last - today)
        forecast: list[float | None] = [
            money.month / 1000 + slope * (day + 1 - today) if day + 1 >= today else None
            for day in range(last)
        ]
        series.append(Series(words.plain("money.chart.forecast"), forecast))
    limit = money.month_limit
    if limit is not None and limit <= _FAR * max(money.forecast, money.month):
        series.append(Series(words.plain("money.chart.limit"), [limit / 1000] * last))
    axis = count_axis([value for each in series for value in each.values])
    image = line_chart(
        title=words.plain("money.chart.title"),
        labels=[f"{_month_end(visit.now_ms)[5:8]}{day + 1:02}" for day in range(last)],
        series=series,
        axis=replace(axis, exactly=lambda value: f"¥{value:,.2f}"),
    )
    return Chart(image, tuple(each.name for each in series))


def _month_start_ms(now_ms: int) -> int:
    now = local_time(now_ms)
    start = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return int(start.timestamp()) * 1000


def _month_end(now_ms: int) -> str:
    """The last day of the month, such as `2026-11-30`."""
    next_month = local_time(now_ms).replace(day=28) + timedelta(days=4)
    return str((next_month - timedelta(days=next_month.day)).date())
