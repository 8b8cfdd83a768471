"""What the generator makes comes out of the hot rows and the fold as it comes out directly."""

from __future__ import annotations

from collections.abc import Mapping

from infra.seed.month import Hour, Plan, hours
from infra.seed.writing import views_of
from shared.rollup.fold import FoldFigures
from shared.rollup.model import HOUR_MS, Cell
from shared.rollup.views import View, Views
from tests.fakes.hands import HandClock
from tests.fakes.memory_rows import MemoryRows
from tests.unit.rollup.conftest import Desk

DAY_MS = 24 * HOUR_MS
END_MS = 1_800_000_000_000 // DAY_MS * DAY_MS - 8 * HOUR_MS
CELLS_A_BATCH = 40


def count(desk: Desk, hour: Hour) -> None:
    """The hour's messages, counted in batches as they come."""
    cells = list(hour.cells.items())
    for start in range(0, len(cells), CELLS_A_BATCH):
        part: Mapping[Cell, Mapping[str, int]] = {
            cell: figures.counts for cell, figures in cells[start : start + CELLS_A_BATCH]
        }
        desk.store.apply([desk.otp.counters.change(part, now_ms=hour.start_ms)])


def test_the_fold_adds_up_what_the_generator_made() -> None:
    made = list(hours(Plan(messages=6_000, seed=7, end_ms=END_MS, days=2)))
    desk = Desk(MemoryRows(), HandClock(END_MS - 1))
    for hour in made:
        count(desk, hour)
    FoldFigures(
        store=desk.store,
        clock=desk.clock,
        open_phone=lambda row: None,
        price_milli=lambda country: 0,
    )()
    direct = {(tenant, view.span, view.start_ms): view for tenant, view in views_of(made)}

    for tenant in ("*", "default"):
        folded: list[View] = []
        for span in ("hour", "day"):
            folded += Views(desk.store).read(
                tenant=tenant, span=span, start_ms=END_MS - 2 * DAY_MS, end_ms=END_MS - 1
            )
        for view in folded:
            wanted = direct.get((tenant, view.span, view.start_ms))
            assert wanted is not None
            got, want = dict(view.total.counts), dict(wanted.total.counts)
            # A code's segment is the fold's to add, and the generator's to make.
            assert got.pop("segments", 0) >= want.pop("segments", 0)
            assert got == want
            assert set(view.prefixes) == set(wanted.prefixes)
