"""What is not as it usually is, said so that a person can check it: this figure, usually that one.

Each hour or day is held against those before it at the same time of day, weekdays against weekdays
where there are enough: the last twenty, at least four. Usual is their median, and how far they lie
apart is 1.4826 times their MAD, which a few wild ones among them do not move: an earlier anomaly
hides no later one (Iglewicz and Hoaglin 1993; NIST/SEMATECH e-Handbook 1.3.5.17). Told is what is
six times as far from usual as chance (binomial; Poisson for requests) and that spread together
explain. The handbook's 3.5 is for one look at a figure; a month of hours is a million of them.

What passes this and would move nobody is left out, by floors (in usual.py) on how many messages it
is about and on how far a share moved: ten points of conversion, five of refusals and of undelivered
ones; latency by the share beyond the usual p95, where p95 is at least twice that; three times the
requests. So are parts that moved as the rest did (when all prefixes fell, the country is told) and
a whole that moved because of its parts (then they are). Of a thousand simulated honest months none
had a finding; where conversion itself wanders by four points from day to day, one in twenty had.

What is still open makes no anomaly, it can only hide one: a code counts when its life is over,
typed or not; undelivered ones are a share of all that were sent, so they only grow, as requests do;
and fast receipts come first. So the hour that is not over is looked at like any other. Of the day
that is not over only requests are: its night alone is no day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import Literal

from shared.rollup.model import DAY_OFFSET_MS, Figures
from shared.rollup.sides import NONE, Side
from shared.rollup.usual import About, Usual, Verdict, is_far
from shared.rollup.views import Span, View, length_ms

Kind = Literal["conversion", "refused", "undelivered", "latency", "spike", "budget"]
MOST = 20
_SAME_LEAST, _SAME_MOST = 0.8, 1.25
_BRIDGED = {"hour": 12, "day": 2}
_SIDES: tuple[Side, ...] = ("all", "tenant", "country", "template", "prefix")
_PARTS = {*(("all", side) for side in _SIDES), ("country", "prefix")}
_DAY_MS = 86_400_000
_SETTLED_DAYS = 3
_UTC8 = timezone(timedelta(milliseconds=DAY_OFFSET_MS))


@dataclass(frozen=True, slots=True)
class BudgetUse:
    """What a tenant has spent of what its month may cost, both in one unit."""

    tenant: str
    spent: int
    limit: int


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Something that is not as usual, from start_ms to before end_ms.

    figure, usual: percent of `count` messages; seconds of `latency`; messages of `spike`; percent
    of the limit of `budget`, which starts now and ends when it is gone. excess: messages beyond
    what is usual. detail: the code of what was `refused` or `undelivered`.
    """

    kind: Kind
    dimension: Side
    name: str
    start_ms: int
    end_ms: int
    span: Span
    figure: float
    usual: float
    count: int = 0
    excess: int = 0
    detail: str = ""

    @property
    def word(self) -> str:
        """The key of its sentence, that has places for `values` and the subject; with `.look` after
        it, of what to look at first. The subject is `anomaly.subject.<dimension>` with the name.
        """
        return f"anomaly.{self.kind}"

    @property
    def values(self) -> Mapping[str, str]:
        """What the sentence has places for."""
        return {
            "figure": _shown(self.figure),
            "usual": _shown(self.usual),
            "count": f"{self.count:,}",
            "excess": f"{self.excess:,}",
            "code": self.detail,
            "day": f"{_local(self.end_ms):%Y-%m-%d}",
        }


def find_anomalies(
    views: Sequence[View],
    *,
    earlier: Sequence[View] = (),
    budgets: Iterable[BudgetUse] = (),
    now_ms: int,
) -> list[Anomaly]:
    """What is unusual in `views`, worst first: budgets, then by how many messages it is about; at
    most 20. Views are of one span and of one tenant or everyone, oldest first and without gaps.
    earlier: those right before, to hold them against: a week of hours needs a week or more.
    """
    usual = Usual([*earlier, *views])
    runs: dict[About, list[_Run]] = {}
    for place in range(len(usual.views) - len(views), len(usual.views)):
        for about, verdict in usual.verdicts(place, now_ms):
            own = runs.setdefault(about, [])
            if not verdict.is_found:
                if own:
                    own[-1].is_over = True
                continue
            bridge = _BRIDGED[usual.views[place].span]
            if not own or own[-1].is_over or place - max(own[-1].found) > bridge:
                own.append(_Run(about))
            own[-1].found[place] = verdict
    found = [run for own in runs.values() for run in own]
    told = [run.anomaly(usual) for run in found if not _is_told_by_parts(run, found)]
    told += [one for budget in budgets if (one := _of_budget(budget, now_ms))]
    return sorted(told, key=_place)[:MOST]


@dataclass(slots=True)
class _Run:
    """An anomaly over hours or days in a row, by their places, perhaps with some between that are
    too small to tell.
    """

    about: About
    found: dict[int, Verdict] = field(default_factory=dict)
    is_over: bool = False

    def excess(self, places: Iterable[int]) -> float:
        """Of the hours or days at `places`."""
        found = [self.found[place] for place in places if place in self.found]
        return sum(each.excess for each in found)

    def is_part_of(self, other: _Run) -> bool:
        """Whether both are of one kind and time, and this is fewer messages; of the same ones, said
        more to the point.
        """
        both = self.found.keys() & other.found.keys()
        kinds = {(each.about.question, each.about.detail) for each in (self, other)}
        size, of = (
            (
                sum(run.found[place].whole or run.found[place].part for place in both),
                -_SIDES.index(run.about.side),
            )
            for run in (self, other)
        )
        return len(kinds) == 1 and bool(both) and size < of

    def anomaly(self, usual: Usual) -> Anomaly:
        """All of it together."""
        views = [usual.views[place] for place in self.found]
        part = sum(each.part for each in self.found.values())
        whole = sum(each.whole for each in self.found.values())
        expected = sum(each.usual for each in self.found.values())
        figure, normal = float(part), expected
        if self.about.question == "latency":
            figure = float(self._figures(usual).latency_s(95) or 0)
            normal = max(each.usual_s for each in self.found.values())
        elif whole:
            figure, normal = 100 * part / whole, 100 * expected / whole
            if self.about.question == "conversion":
                figure, normal = 100 - figure, 100 - normal
        return Anomaly(
            kind=self.about.question,
            dimension=self.about.side,
            name=self.about.name,
            start_ms=views[0].start_ms,
            end_ms=views[-1].start_ms + length_ms(views[-1].span),
            span=views[0].span,
            figure=figure,
            usual=normal,
            count=whole or part,
            excess=round(part - expected),
            detail=self.about.detail,
        )

    def _figures(self, usual: Usual) -> Figures:
        figures = Figures()
        for place in self.found:
            sums = usual.sides[place].get((self.about.side, self.about.name), NONE)
            figures = figures.plus(Figures(sums.counts))
        return figures


def _is_told_by_parts(run: _Run, others: Sequence[_Run]) -> bool:
    """Whether smaller findings of one side are about the same messages: as many beyond usual, or,
    where they are parts of it, so many that the rest is nothing unusual.
    """
    parts = [other for other in others if other.is_part_of(run)]
    own = run.excess(run.found)
    for side in _SIDES:
        of_side = [part for part in parts if part.about.side == side]
        excess = sum(part.excess(run.found) for part in of_side)
        if not of_side or excess > _SAME_MOST * own:
            continue
        if excess >= _SAME_LEAST * own:
            return True
        if (run.about.side, side) in _PARTS and not any(
            is_far(
                run.about.question, _without(verdict, [each.found.get(place) for each in of_side])
            )
            for place, verdict in run.found.items()
        ):
            return True
    return False


def _without(verdict: Verdict, parts: Iterable[Verdict | None]) -> Verdict:
    """As if the parts were as usual."""
    excess = sum(part.excess for part in parts if part)
    return replace(verdict, part=round(verdict.part - excess))


def _of_budget(budget: BudgetUse, now_ms: int) -> Anomaly | None:
    """Whether the month's money ends before the month does, at the rate so far; in its first days
    as if it was three days old, since a busy morning is no month.
    """
    now = _local(now_ms)
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    start_ms = round(month.timestamp() * 1000)
    next_month = (month + timedelta(days=32)).replace(day=1)
    month_ms = round(next_month.timestamp() * 1000) - start_ms
    gone_ms = max(now_ms - start_ms, _SETTLED_DAYS * _DAY_MS)
    if not budget.limit or budget.spent * month_ms <= budget.limit * gone_ms:
        return None
    left = max(0, budget.limit - budget.spent)
    return Anomaly(
        kind="budget",
        dimension="tenant",
        name=budget.tenant,
        start_ms=now_ms,
        end_ms=now_ms + left * gone_ms // budget.spent,
        span="day",
        figure=max(100 * budget.spent / budget.limit,
                   100 * budget.spent * month_ms / budget.limit / gone_ms),
        usual=100.0,
        count=budget.spent,
        excess=max(0, budget.spent * month_ms // gone_ms - budget.limit),
    )  # fmt: skip


def _place(each: Anomaly) -> tuple[object, ...]:
    """Worst first; of equals the newer, then by name."""
    is_budget = each.kind == "budget"
    worst = each.figure if is_budget else each.excess
    names = (each.kind, each.dimension, each.name, each.detail)
    return (not is_budget, -worst, -each.start_ms, *names)


def _shown(figure: float) -> str:
    """With one digit after the point where it is small."""
    return f"{figure:,.0f}" if figure >= 10 or figure == int(figure) else f"{figure:.1f}"


def _local(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, _UTC8)
