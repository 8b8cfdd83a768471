"""A rolling window against the plainest model of one: the list of its admissions."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.rows import RowKey
from shared.throttle.ledger import RollingLedger, tightest
from shared.throttle.model import Window
from tests.fakes.memory_rows import MemoryRows

KEY = RowKey("subject", "phone")
WINDOWS = (Window("gap", 1, 10), Window("short", 3, 60), Window("long", 6, 300))


class Model:
    """Keeps every admission; admits if every window has room."""

    def __init__(self) -> None:
        self.times_ms: list[int] = []

    def admit(self, now_ms: int) -> bool:
        fits = all(
            sum(at_ms > now_ms - window.span_s * 1000 for at_ms in self.times_ms) < window.limit
            for window in WINDOWS
        )
        if fits:
            self.times_ms.append(now_ms)
        return fits


def admit(store: MemoryRows, ledger: RollingLedger, entry: str, now_ms: int) -> bool:
    if store.apply([ledger.admit(entry, now_ms)])[0]:
        return True
    row = store.read([KEY])[0]
    if tightest(ledger.judge(row, now_ms)):
        return False
    return store.apply([ledger.readmit(row, entry, now_ms)])[0]


@given(st.lists(st.integers(0, 40_000), max_size=60))
@settings(max_examples=200, deadline=None)
def test_ledger_admits_exactly_what_the_model_admits(gaps_ms: list[int]) -> None:
    store, ledger, model, now_ms = MemoryRows(), RollingLedger(KEY, "s", WINDOWS), Model(), 10**12
    for number, gap_ms in enumerate(gaps_ms):
        now_ms += gap_ms
        assert admit(store, ledger, f"{number}", now_ms) == model.admit(now_ms)


@given(st.lists(st.integers(0, 40_000), min_size=1, max_size=40))
@settings(max_examples=100, deadline=None)
def test_the_told_wait_is_enough_and_no_longer(gaps_ms: list[int]) -> None:
    store, ledger, now_ms = MemoryRows(), RollingLedger(KEY, "s", WINDOWS), 10**12
    for number, gap_ms in enumerate(gaps_ms):
        now_ms += gap_ms
        admit(store, ledger, f"{number}", now_ms)
    full = tightest(ledger.judge(store.read([KEY])[0], now_ms))
    assert full is not None or not store.rows or admit(store, ledger, "x", now_ms)
    if full:
        wait_ms = full.reset_s * 1000
        assert tightest(ledger.judge(store.read([KEY])[0], now_ms + wait_ms)) is None
        assert tightest(ledger.judge(store.read([KEY])[0], now_ms + wait_ms - 1000)) is not None


@given(st.lists(st.tuples(st.integers(0, 40_000), st.booleans()), max_size=60))
@settings(max_examples=100, deadline=None)
def test_refunds_leave_what_was_there_before(steps: list[tuple[int, bool]]) -> None:
    store, ledger, model, now_ms = MemoryRows(), RollingLedger(KEY, "s", WINDOWS), Model(), 10**12
    for number, (gap_ms, is_kept) in enumerate(steps):
        now_ms += gap_ms
        admitted = admit(store, ledger, f"{number}", now_ms)
        assert admitted == model.admit(now_ms)
        if admitted and not is_kept:
            assert store.apply([ledger.refund(f"{number}", now_ms)]) == [True]
            model.times_ms.remove(now_ms)


def test_a_clock_set_back_makes_limits_stricter_never_laxer() -> None:
    store, ledger, now_ms = MemoryRows(), RollingLedger(KEY, "s", WINDOWS), 10**12
    for number in range(3):
        assert admit(store, ledger, f"{number}", now_ms + number * 10_000)

    assert not admit(store, ledger, "back", now_ms - 3_600_000)
