"""What became of the messages: over time, and by country, prefix, template, channel and tenant."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from shared.budget.model import Limits
from shared.budget.statement import Statements
from shared.console import formats
from shared.console.figures_ask import Ask, ask_of, usual_ask
from shared.console.figures_found import Found
from shared.console.freshness import Freshness
from shared.console.page import HOME, Content, Download, Visit
from shared.console.rendering import address
from shared.console.words import words_in
from shared.errors import NotFound, RequestInvalid
from shared.rollup.anomalies import BudgetUse, find_anomalies
from shared.rollup.views import EVERYONE, STATE_ROW, View, Views, length_ms
from shared.rows import RowStore
from shared.support.explanations import Explanations

_TEMPLATE = "deliverability.html"
_MOST_VIEWS = 288
"""Rows of one request: those that are shown, and those before that they are held against."""
_MOST_BUDGETS = 99
"""With the row that says how old the figures are, what one round trip takes."""
_EARLIER = {"hour": 7 * 24, "day": 28}
_MOST_UNUSUAL = 4
"""Beyond, they are folded away."""
_NAMES = ("today", "24h", "7d", "30d", "month")


class DeliverabilityPage:
    """/console/deliverability, in two round trips. tenants: all there are, for those who may see
    them. limits: the budgets of tenants that have some.
    """

    path = f"{HOME}deliverability"
    nav = "nav.deliverability"
    scope = "figures"

    def __init__(
        self,
        views: Views,
        *,
        store: RowStore,
        tenants: Collection[str],
        limits: Mapping[str, Limits],
        explanations: Explanations,
    ) -> None:
        self._views = views
        self._store = store
        self._tenants = tenants
        self._statements = Statements(limits)
        self._explanations = explanations

    def __call__(self, visit: Visit) -> Content | Download:
        """The page, or one of its tables as a file. Raises Forbidden for a foreign tenant,
        StoreUnavailable.
        """
        try:
            ask = ask_of(visit)
        except RequestInvalid as error:
            form = self._form(visit, usual_ask(visit))
            values = {**form, "problems": error.problems, "found": None, "freshness": None}
            return Content(_TEMPLATE, values, status=400)
        table = visit.query.get("as", "")
        if table not in ("", "time", "group"):
            raise NotFound
        views, earlier = self._read(ask)
        budgets, freshness = self._read_budgets(ask.tenant, visit.now_ms)
        unusual = find_anomalies(views, earlier=earlier, budgets=budgets, now_ms=visit.now_ms)
        words = words_in(visit.locale)
        found = Found(ask, views, unusual, words, self._explanations, visit.now_ms)
        if not table:
            shown = {"problems": (), "found": found, "freshness": freshness}
            return Content(_TEMPLATE, {**self._form(visit, ask), **shown})
        by = ask.time.span if table == "time" else ask.group
        first, last = formats.day(ask.time.start_ms), formats.day(ask.time.end_ms)
        return Download(f"sesame-by-{by}-{first}-{last}.csv", "text/csv", found.csv(table))

    def _read(self, ask: Ask) -> tuple[list[View], list[View]]:
        """Those to show, and those right before them, in one round trip."""
        span, count = ask.time.span, ask.time.count
        before = max(0, min(_EARLIER[span], _MOST_VIEWS - count))
        read = self._views.read(
            tenant=ask.tenant,
            span=span,
            start_ms=ask.time.start_ms - before * length_ms(span),
            end_ms=ask.time.end_ms,
        )
        return read[-count:], read[:-count]

    def _read_budgets(self, tenant: str, now_ms: int) -> tuple[list[BudgetUse], Freshness]:
        """What is spent of the months' limits, and how old the figures are."""
        limited = [name for name in sorted(self._statements.limits) if tenant in (name, EVERYONE)]
        limited = limited[:_MOST_BUDGETS]
        keys = self._statements.keys(limited, with_templates=False)
        *rows, state = self._store.read([*keys, STATE_ROW])
        found = dict(zip(keys, rows, strict=True))
        uses = [
            BudgetUse(each.tenant, forecast.month, forecast.month_limit)
            for each in self._statements.of(limited, found, now_ms=now_ms, with_templates=False)
            for forecast in (each.money, each.messages)
            if forecast.month_limit is not None
        ]
        return uses, Freshness.of(state, now_ms)

    def _form(self, visit: Visit, ask: Ask) -> dict[str, object]:
        """What the form and the links of the view need. link: the same view but for what it is
        given.
        """

        def link(**changes: str) -> str:
            return address(self.path, {**ask.query, **changes})

        tenants = {visit.visitor.tenant, ask.tenant, *self._tenants} - {EVERYONE}
        return {
            "ask": ask,
            "link": link,
            "names": _NAMES,
            "most_unusual": _MOST_UNUSUAL,
            "tenants": [EVERYONE, *sorted(tenants)] if visit.visitor.may("operate") else [],
            "first_day": visit.query.get("from") or formats.day(ask.time.start_ms),
            "last_day": visit.query.get("to") or formats.day(ask.time.end_ms),
        }
