"""The fold may be cut off anywhere, run twice, late or never: figures come out the same."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import pytest

from shared.errors import StoreUnavailable
from shared.rollup.views import STATE_ROW
from shared.rows import RowChange
from tests.fakes.memory_rows import MemoryRows
from tests.fakes.service import OTHER
from tests.unit.rollup.conftest import Desk

OVER_S = 361


class CutOff(MemoryRows):
    """Dies at one of its writes: before it, or after it was carried out."""

    def __init__(self) -> None:
        super().__init__()
        self.dies_at: int | None = None
        self.is_applied = False
        self.writes = 0

    def apply(self, changes: Sequence[RowChange]) -> list[bool]:
        if not changes:
            return []
        self.writes += 1
        if self.writes == self.dies_at:
            if self.is_applied:
                super().apply(changes)
            raise StoreUnavailable("cut_off")
        return super().apply(changes)


def busy(store: MemoryRows) -> Desk:
    """A desk where yesterday's messages have news and today's are new."""
    desk = Desk(store)
    desk.notices.accept(OTHER)
    desk.notices.dispatch()
    desk.fold()
    desk.clock.advance(26 * 3600)
    desk.notices.report(phone=OTHER)
    issued = desk.otp.request()
    desk.otp.verify(issued.challenge_id)
    desk.clock.advance(OVER_S)
    return desk


def undisturbed() -> dict[str, int]:
    desk = busy(MemoryRows())
    desk.fold()
    return desk.figures()


@pytest.mark.parametrize("is_applied", [False, True])
def test_a_fold_that_is_cut_off_at_any_write_loses_and_doubles_nothing(is_applied: bool) -> None:
    wanted = undisturbed()
    assert wanted["delivered"] == wanted["verified"] == 1
    died = 0
    for write in range(1, 30):
        store = CutOff()
        desk = busy(store)
        store.writes, store.dies_at, store.is_applied = 0, write, is_applied
        with suppress(StoreUnavailable):
            desk.fold()
        died += store.writes >= write
        store.dies_at = None
        desk.fold()

        assert desk.figures() == wanted, f"cut off at write {write}"
    assert died >= 5


def test_a_plan_that_another_fold_carries_out_late_changes_nothing() -> None:
    class Remembers(MemoryRows):
        batches: list[list[RowChange]] = []

        def apply(self, changes: Sequence[RowChange]) -> list[bool]:
            self.batches.append(list(changes))
            return super().apply(changes)

    store = Remembers()
    desk = busy(store)
    store.batches.clear()
    desk.fold()
    wanted = desk.figures()
    late = [each for each in store.batches if STATE_ROW not in {one.key for one in each}]
    for batch in late:
        store.apply(batch)
    desk.clock.advance(60)
    desk.fold()

    assert desk.figures() == wanted


def test_an_hour_that_is_over_is_not_read_again() -> None:
    store = MemoryRows()
    desk = busy(store)
    desk.fold()
    desk.clock.advance(3 * 3600)
    desk.fold()
    before = store.trips
    desk.fold()

    assert store.trips - before <= 4


def test_totals_catch_up_after_days_without_a_fold() -> None:
    desk = Desk()
    for _ in range(3):
        desk.otp.request()
        desk.clock.advance(20 * 3600)
    desk.fold()

    assert desk.figures()["accepted"] == 3


def test_a_clock_that_was_set_back_loses_nothing() -> None:
    desk = Desk()
    desk.otp.request()
    desk.fold()
    desk.clock.advance(-3 * 3600)
    desk.otp.request(OTHER)
    desk.fold()
    desk.clock.advance(4 * 3600)
    desk.fold()

    assert desk.figures()["accepted"] == 2
