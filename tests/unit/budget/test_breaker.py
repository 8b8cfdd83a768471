"""The breaker's life."""

from __future__ import annotations

from shared.budget.breaker import KEY, Breaker, BreakerState
from tests.fakes.memory_rows import MemoryRows


def test_breaker_opens_for_longer_each_time_and_starts_anew_after_a_success() -> None:
    breaker, store, now_ms, waits = Breaker(), MemoryRows(), 10**12, []
    for _ in range(6):
        row = store.read([KEY])[0]
        opens = breaker.open_again(row, "balance", now_ms)
        assert store.apply([opens, opens]) == [True, False]
        assert store.apply([breaker.pass_through(now_ms)]) == [False]
        waits.append(breaker.wait_s(store.read([KEY])[0], now_ms))
        now_ms += waits[-1] * 1000
        assert store.apply([breaker.pass_through(now_ms)]) == [True]
    assert waits == [30, 60, 120, 240, 300, 300]

    assert store.apply([breaker.closed(now_ms), breaker.closed(now_ms)]) == [True, False]
    store.apply([breaker.open_again(store.read([KEY])[0], "balance", now_ms)])
    assert breaker.wait_s(store.read([KEY])[0], now_ms) == 30


def test_breaker_says_how_it_stands() -> None:
    breaker, store, now_ms = Breaker(), MemoryRows(), 10**12
    states = [breaker.state(None, now_ms)]
    store.apply([breaker.open_again(None, "isv.AMOUNT_NOT_ENOUGH", now_ms)])
    for at_ms in (now_ms + 1, now_ms + 30_000):
        states.append(breaker.state(store.read([KEY])[0], at_ms))
    store.apply([breaker.closed(now_ms + 31_000)])
    states.append(breaker.state(store.read([KEY])[0], now_ms + 32_000))

    assert states == [
        BreakerState("closed", 0),
        BreakerState("open", now_ms, now_ms + 30_000, "isv.AMOUNT_NOT_ENOUGH", 1),
        BreakerState("trying", now_ms, now_ms + 30_000, "isv.AMOUNT_NOT_ENOUGH", 1),
        BreakerState("closed", now_ms + 31_000),
    ]
