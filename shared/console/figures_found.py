"""What was found for a view of the figures, as its template and its files take it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from shared.console import formats
from shared.console.columns import OVER_TIME, REASONS
from shared.console.figures_ask import Ask
from shared.console.figures_charts import Chart, charts
from shared.console.figures_table import FiguresRow, FiguresTable, sorted_table
from shared.console.words import Words
from shared.rollup.anomalies import Anomaly
from shared.rollup.model import Figures
from shared.rollup.views import View, added, length_ms
from shared.support.explanations import Explanation, Explanations

_MOST_REASONS = 12


@dataclass(frozen=True, slots=True)
class Reason:
    """Why some were not sent, or did not arrive. family: refused, undelivered, throttled, stopped.
    explained: what the code means, by whose it is: the provider's, the carrier's, or ours.
    """

    family: str
    count: int
    explained: Explanation


@dataclass(frozen=True, repr=False)
class Found:
    """Figures over time, of `only` if that is asked for, and by the dimension that is asked for.
    Each is worked out once, when a template or a file asks for it. now_ms: the last hour or day may
    not be over yet.
    """

    ask: Ask
    views: Sequence[View]
    unusual: Sequence[Anomaly]
    words: Words
    explanations: Explanations
    now_ms: int

    @cached_property
    def over_time(self) -> list[Figures]:
        """One an hour or day, oldest first."""
        if not self.ask.only:
            return [view.total for view in self.views]
        return [view.by(self.ask.group).get(self.ask.only, Figures()) for view in self.views]

    @cached_property
    def total(self) -> Figures:
        """All of that time."""
        return added(self.over_time)

    @property
    def time_table(self) -> FiguresTable:
        """A row an hour or day, latest first."""
        rows = [
            FiguresRow(formats.day(view.start_ms), self._label(view), figures)
            for view, figures in zip(self.views, self.over_time, strict=True)
        ]
        return FiguresTable(OVER_TIME, rows[::-1], self.total)

    @property
    def group_table(self) -> FiguresTable:
        """A row a country, prefix, template, channel or tenant."""
        groups: dict[str, list[Figures]] = {}
        for view in self.views:
            for name, figures in view.by(self.ask.group).items():
                groups.setdefault(name, []).append(figures)
        return sorted_table(
            {name: added(each) for name, each in groups.items()},
            sort=self.ask.sort,
            is_ascending=self.ask.is_ascending,
            is_whole=self.ask.is_whole,
        )

    @property
    def reasons(self) -> list[Reason]:
        """The most frequent first."""
        total = self.total
        found = [
            Reason(family, count, self._explained(family, code))
            for family in REASONS
            for code, count in total.family(family).items()
        ]
        return sorted(found, key=lambda each: -each.count)[:_MOST_REASONS]

    @property
    def charts(self) -> list[Chart]:
        """Over time, with the number of each anomaly where it begins."""
        return charts(
            labels=self._labels(),
            over_time=self.over_time,
            marks=self._marks(),
            words=self.words,
            is_last_open=self._is_last_open,
        )

    @property
    def _is_last_open(self) -> bool:
        last = self.views[-1] if self.views else None
        return last is not None and last.start_ms + length_ms(last.span) > self.now_ms

    def csv(self, table: str) -> str:
        """One of both tables: `time` or `group`."""
        if table == "time":
            return self.time_table.as_csv(self.words, f"table.{self.ask.time.span}")
        return self.group_table.as_csv(self.words, f"dimension.{self.ask.group}")

    def _explained(self, family: str, code: str) -> Explanation:
        match family:
            case "refused":
                return self.explanations.provider(code)[0]
            case "undelivered":
                return self.explanations.carrier(code)[0]
            case "throttled":
                return self.explanations.limit(code)[0]
            case _:
                return self.explanations.reason(code)[0]

    def _label(self, view: View) -> str:
        return (formats.day if view.span == "day" else formats.minute)(view.start_ms)

    def _labels(self) -> list[str]:
        """Short: no year, and no day where it is but one."""
        full = [self._label(view) for view in self.views]
        if self.ask.time.span == "day" or len({label[:10] for label in full}) > 1:
            is_one_year = len({label[:4] for label in full}) == 1
            return [label[5:] for label in full] if is_one_year else full
        return [label[11:] for label in full]

    def _marks(self) -> Mapping[str, Mapping[int, int]]:
        places = {view.start_ms: place for place, view in enumerate(self.views)}
        marks: dict[str, dict[int, int]] = {}
        for number, each in enumerate(self.unusual, 1):
            is_shown = not self.ask.only or (each.dimension, each.name) == (
                self.ask.group,
                self.ask.only,
            )
            if is_shown and each.start_ms in places:
                marks.setdefault(each.kind, {}).setdefault(places[each.start_ms], number)
        return marks
