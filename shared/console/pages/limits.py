"""Limits: which ones spoke, what rules in shadow would have done, and how the breaker stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from shared.budget.breaker import KEY, Breaker
from shared.console.freshness import Freshness
from shared.console.page import Content, Locale, Visit
from shared.console.pages.money import tenant_asked
from shared.console.ranges import time_range
from shared.rollup.model import Figures
from shared.rollup.views import EVERYONE, STATE_ROW, Views, added
from shared.rows import RowStore
from shared.support.explanations import Explanations

RANGES = ("today", "24h", "7d", "30d", "month")
"""What the form offers; two days may be named in the address."""
LEAST_TO_JUDGE = 20
"""Codes; with fewer, a rule's share of errors is chance."""
Verdict = Literal["early", "safe", "nearly", "careful", "harmful"]
_HARM_PERCENTS: tuple[tuple[float, Verdict], ...] = ((0, "safe"), (2, "nearly"), (10, "careful"))
TONES: Mapping[str, str] = {"safe": "good", "nearly": "warn", "careful": "warn", "harmful": "bad"}


@dataclass(frozen=True, slots=True)
class Spoken:
    """A limit or a reason that said no: how often, of how many requests, what it means and what to
    do.
    """

    name: str
    count: int
    percent: float
    cause: str
    fix: str


@dataclass(frozen=True, slots=True)
class Shadowed:
    """What a rule in shadow would have done. saved: codes that nobody typed. hurt: codes that
    somebody did type, and would not have had. saved_milli: what the former cost, by the average.
    """

    rule: str
    saved: int
    hurt: int
    saved_milli: int

    @property
    def hurt_percent(self) -> float:
        """How much of what it holds back is people's."""
        return 100 * self.hurt / (self.saved + self.hurt)

    @property
    def verdict(self) -> Verdict:
        """Whether it should be enforced."""
        if self.saved + self.hurt < LEAST_TO_JUDGE:
            return "early"
        for percent, verdict in _HARM_PERCENTS:
            if self.hurt_percent <= percent:
                return verdict
        return "harmful"


class LimitsPage:
    """/console/limits. Two round trips."""

    path = "/console/limits"
    nav = "nav.limits"
    scope = "figures"

    def __init__(
        self,
        *,
        views: Views,
        store: RowStore,
        tenants: Sequence[str] = (),
        explanations: Explanations | None = None,
    ) -> None:
        self._views = views
        self._store = store
        self._tenants = sorted(tenants)
        self._explanations = explanations or Explanations()

    def __call__(self, visit: Visit) -> Content:
        """Raises Forbidden for a tenant that is not one's own, RequestInvalid, StoreUnavailable."""
        tenant, range_ = tenant_asked(visit), time_range(visit.query, visit.now_ms)
        total = added(
            view.total
            for view in self._views.read(
                tenant=tenant, span=range_.span, start_ms=range_.start_ms, end_ms=range_.end_ms
            )
        )
        row, state = self._store.read([KEY, STATE_ROW])
        breaker = Breaker().state(row, visit.now_ms)
        return Content(
            "money_limits.html",
            {
                "tenant": "" if tenant == EVERYONE else tenant,
                "tenants": self._tenants if visit.visitor.may("operate") else [],
                "range": range_,
                "ranges": RANGES,
                "requested": total.requested,
                "spoken": self._spoken(total, "throttled", visit.locale),
                "held_back": total.total("throttled"),
                "stopped": self._spoken(total, "stopped", visit.locale),
                "shadowed": _shadowed(total),
                "tones": TONES,
                "figures": Freshness.of(state, visit.now_ms),
                "breaker": breaker,
                "breaker_means": [
                    (each.cause.to(visit.locale), each.fix.to(visit.locale))
                    for each in self._explanations.provider(breaker.reason)
                    if breaker.reason
                ],
            },
        )

    def _spoken(
        self, total: Figures, family: Literal["throttled", "stopped"], locale: Locale
    ) -> list[Spoken]:
        explain = self._explanations
        rows = []
        for name, count in total.family(family).items():
            means, *_ = explain.limit(name) if family == "throttled" else explain.reason(name)
            percent = 100 * count / total.requested
            rows.append(Spoken(name, count, percent, means.cause.to(locale), means.fix.to(locale)))
        return rows


def _shadowed(total: Figures) -> list[Shadowed]:
    saved, hurt = total.family("shadow_saved"), total.family("shadow_hurt")
    price = total.number("cost_milli") / total.sent if total.sent else 0.0
    rules = [
        Shadowed(rule, saved.get(rule, 0), hurt.get(rule, 0), round(saved.get(rule, 0) * price))
        for rule in saved.keys() | hurt.keys()
    ]
    return sorted(rules, key=lambda each: (-each.saved - each.hurt, each.rule))
