"""Budgets under any interleaving."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.budget.ledger import Budget, tenant_key
from shared.budget.model import column_of, day_of
from shared.budget.setting import parse_budgets
from shared.errors import SettingsInvalid
from shared.spend import Spend
from tests.fakes.memory_rows import MemoryRows

NOW_MS = 1_763_870_400_000
LIMITS = parse_budgets(
    '{"shop": {"day": {"messages": 1000}, "templates": {"ship": {"day": {"cny": 0.6}}}}}'
)
BUDGET = Budget(LIMITS)
KEY = tenant_key("shop")
DAY_N = column_of(day_of(NOW_MS), "messages")


def steps(
    store: MemoryRows, spends: list[Spend], entry: str, admitted: list[Spend]
) -> Iterator[None]:
    """One batch's way, with a pause after each round trip."""
    for turn in range(4):
        if not spends:
            return
        changes = BUDGET.charge(spends, entry=f"{entry}-{turn}", now_ms=NOW_MS)
        applied = store.apply(changes)
        yield
        if all(applied):
            admitted += spends
            return
        held = {change.key for change, done in zip(changes, applied, strict=True) if done}
        store.apply(
            BUDGET.refund(
                spends, now_ms=NOW_MS + 1, charged_ms=NOW_MS, entry=f"{entry}-{turn}", rows=held
            )
        )
        yield
        keys = BUDGET.keys(spends)
        rows = dict(zip(keys, store.read(keys), strict=True))
        yield
        fits = BUDGET.fit(spends, rows, now_ms=NOW_MS)
        spends = [spend for spend, fit in zip(spends, fits, strict=True) if fit]


@given(st.lists(st.tuples(st.integers(1, 300), st.booleans()), max_size=12), st.randoms())
@settings(max_examples=100, deadline=None)
def test_no_interleaving_spends_over_a_limit(
    batches: list[tuple[int, bool]], pick: random.Random
) -> None:
    store, admitted = MemoryRows(), list[Spend]()
    running = [
        steps(store, [Spend("shop", "ship" if ship else "x", 1)] * size, f"{n}", admitted)
        for n, (size, ship) in enumerate(batches)
    ]
    while running:
        worker = pick.choice(running)
        if next(worker, "ended") == "ended":
            running.remove(worker)
    assert len(admitted) <= 1000
    assert sum(spend.template == "ship" for spend in admitted) <= 600
    assert int((store.rows.get(KEY) or {}).get(DAY_N, 0)) >= len(admitted)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=20))
@settings(max_examples=20, deadline=None)
def test_nearly_all_of_a_budget_can_be_spent(sizes: list[int]) -> None:
    store, admitted, left, n = MemoryRows(), list[Spend](), 5000, 0
    while left:
        size = min(sizes[n % len(sizes)], left)
        for _ in steps(store, [Spend("shop", "x", 1)] * size, f"{n}", admitted):
            pass
        left, n = left - size, n + 1
    assert 990 <= len(admitted) <= 1000


def test_a_refund_that_lands_twice_counts_once() -> None:
    store, spends = MemoryRows(), [Spend("shop", "x", 45, 3)]
    store.apply(BUDGET.charge(spends * 2, entry="a", now_ms=NOW_MS))
    refund = BUDGET.refund(spends, now_ms=NOW_MS + 5, charged_ms=NOW_MS, entry="a")
    assert store.apply([*refund, *refund]) == [True, False]
    assert store.rows[KEY][DAY_N] == 3


def test_a_tenant_without_a_budget_is_counted_and_never_refused() -> None:
    store = MemoryRows()
    charge = BUDGET.charge([Spend("other", "x", 10**9, 10**6)], entry="a", now_ms=NOW_MS)
    assert store.apply(charge) == [True]
    assert store.rows[tenant_key("other")][DAY_N] == 10**6


def test_one_spend_above_the_whole_limit_is_refused_by_an_empty_row() -> None:
    assert MemoryRows().apply(
        BUDGET.charge([Spend("shop", "x", 1, 1001)], entry="a", now_ms=1)
    ) == [False]


def test_an_alert_is_raised_once() -> None:
    store = MemoryRows()
    store.apply(BUDGET.charge([Spend("shop", "x", 1, 800)], entry="a", now_ms=NOW_MS))
    (state,) = BUDGET.states({KEY: store.read([KEY])[0]}, NOW_MS)
    assert (state.period, state.spent, state.limit, state.ratio) == (day_of(NOW_MS), 800, 1000, 0.8)
    assert store.apply([BUDGET.alert(state, 80), BUDGET.alert(state, 80)]) == [True, False]


@pytest.mark.parametrize("text", ["{", '{"Shop!": {}}', '{"shop": {"dya": {}}}', "[]"])
def test_a_bad_setting_is_refused(text: str) -> None:
    with pytest.raises(SettingsInvalid):
        parse_budgets(text)
