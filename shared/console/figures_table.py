"""Figures in rows: sorted, with a total, and cut where there are more than a reader wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.console.columns import BY_KEY, COLUMNS, Column
from shared.console.csv_file import csv_file
from shared.console.words import Words
from shared.rollup.model import Figures
from shared.rollup.views import added

USUAL_SORT = "requested"
BY_NAME = "name"
MOST_ROWS = 60


@dataclass(frozen=True, slots=True)
class FiguresRow:
    """One row; name: as it is counted, which a tenant chose: hostile. label: as it is shown."""

    name: str
    label: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class FiguresTable:
    """rows: those that are shown. left_out: how many are not, whose figures are in `others`."""

    columns: Sequence[Column]
    rows: Sequence[FiguresRow]
    total: Figures
    left_out: int = 0
    others: Figures | None = None

    def as_csv(self, words: Words, first: str) -> str:
        """What is shown, figures as numbers. first: the word for the first column."""
        header = [words.plain(first)]
        for column in self.columns:
            key = f"column.{column.key}"
            header.append(words.plain(f"{key}.file" if words.has(f"{key}.file") else key))
        named = [(row.label, row.figures) for row in self.rows]
        if self.others is not None:
            named.append((words.plain("table.others", count=self.left_out), self.others))
        named.append((words.plain("table.total"), self.total))
        return csv_file(
            header,
            (
                [label, *(each.in_file(figures) for each in self.columns)]
                for label, figures in named
            ),
        )


def sorted_table(
    groups: Mapping[str, Figures], *, sort: str, is_ascending: bool, is_whole: bool
) -> FiguresTable:
    """A row a group, the most first unless it is to be the other way round; those without a value
    last. sort: a column's key, or `name`. is_whole: also those beyond MOST_ROWS.
    """
    named = [(name, figures) for name, figures in sorted(groups.items()) if figures.counts]
    if sort == BY_NAME:
        ordered = named if is_ascending else named[::-1]
    else:
        value = BY_KEY[sort].value
        with_value = [each for each in named if value(each[1]) is not None]
        without = [each for each in named if value(each[1]) is None]
        with_value.sort(key=lambda each: value(each[1]) or 0, reverse=not is_ascending)
        ordered = with_value + without
    rows = [FiguresRow(name, name, figures) for name, figures in ordered]
    shown = rows if is_whole or len(rows) <= MOST_ROWS + 1 else rows[:MOST_ROWS]
    rest = rows[len(shown) :]
    return FiguresTable(
        COLUMNS,
        shown,
        added(row.figures for row in rows),
        len(rest),
        added(row.figures for row in rest) if rest else None,
    )
