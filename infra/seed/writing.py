"""Writes a month straight into the rows that pages read, without the messages behind it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from infra.seed.month import Hour
from shared.rollup.model import Cell, Figures
from shared.rollup.views import EVERYONE, Span, View, start_of, view_change, view_of
from shared.rows import RowChange, RowStore

_BATCH_ROWS, _BATCH_CHARACTERS = 100, 500_000
"""A store takes 200 rows and 4 MB at once; a local one should answer within a second and a half."""


def write_views(store: RowStore, views: Iterable[tuple[str, View]]) -> int:
    """Put views of tenants in the place of what was there; how many. Raises StoreUnavailable."""
    waiting: list[RowChange] = []
    characters = rows = 0
    for tenant, view in views:
        change = view_change(tenant, view)
        waiting.append(change)
        characters += sum(len(str(value)) for value in change.puts.values())
        if len(waiting) == _BATCH_ROWS or characters > _BATCH_CHARACTERS:
            store.apply(waiting)
            rows += len(waiting)
            waiting, characters = [], 0
    store.apply(waiting)
    return rows + len(waiting)


def views_of(
    month: Iterable[Hour], *, tenants: Collection[str] | None = None
) -> Iterator[tuple[str, View]]:
    """The views of every tenant and of everyone (or of `tenants`, with `*` for everyone) for each
    hour of the month, and for each day that it has all or a part of.
    """
    day: dict[Cell, dict[str, int]] = {}
    day_ms: int | None = None
    for hour in month:
        of_day_ms = start_of("day", hour.start_ms)
        if day_ms is not None and of_day_ms != day_ms:
            yield from _views("day", day_ms, _summed(day), tenants)
            day = {}
        day_ms = of_day_ms
        yield from _views("hour", hour.start_ms, hour.cells, tenants)
        for cell, figures in hour.cells.items():
            counts = day.setdefault(cell, {})
            for metric, count in figures.counts.items():
                counts[metric] = counts.get(metric, 0) + count
    if day_ms is not None:
        yield from _views("day", day_ms, _summed(day), tenants)


def _views(
    span: Span, start_ms: int, cells: Mapping[Cell, Figures], tenants: Collection[str] | None
) -> Iterator[tuple[str, View]]:
    for tenant in (*sorted({cell.tenant for cell in cells}), EVERYONE):
        if tenants is None or tenant in tenants:
            is_everyone = tenant == EVERYONE
            own = [each for each in cells.items() if is_everyone or each[0].tenant == tenant]
            yield tenant, view_of(own, span=span, start_ms=start_ms, is_everyone=is_everyone)


def _summed(day: Mapping[Cell, dict[str, int]]) -> dict[Cell, Figures]:
    return {cell: Figures(counts) for cell, counts in day.items()}
