"""Someone is told once at each threshold."""

from __future__ import annotations

import logging

import pytest

from shared.budget.ledger import Budget
from shared.budget.setting import parse_budgets
from shared.budget.watch import WatchBudgets
from shared.spend import Spend
from tests.fakes.hands import HandClock
from tests.fakes.memory_rows import MemoryRows

BUDGETS = (
    '{"shop": {"day": {"messages": 10}, "templates": {"ship_update": {"day": {"messages": 4}}}}}'
)


def test_each_threshold_is_told_once_a_period(caplog: pytest.LogCaptureFixture) -> None:
    store, clock = MemoryRows(), HandClock()
    budget = Budget(parse_budgets(BUDGETS))
    watch = WatchBudgets(budget=budget, store=store, clock=clock)
    seen = []
    with caplog.at_level(logging.INFO, logger="sesame"):
        for number in range(10):
            spend = [Spend("shop", "other", 45)]
            assert all(store.apply(budget.charge(spend, entry=str(number), now_ms=clock.now_ms())))
            seen += [watch(), watch()]

    assert [count for count in seen if count] == [1, 1, 1]
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING", "ERROR"]
    clock.advance(86_400)
    assert watch() == 0


def test_a_templates_own_limit_is_watched_too() -> None:
    store, clock = MemoryRows(), HandClock()
    budget = Budget(parse_budgets(BUDGETS))
    spends = [Spend("shop", "ship_update", 45)] * 4
    store.apply(budget.charge(spends, entry="a", now_ms=clock.now_ms()))

    assert WatchBudgets(budget=budget, store=store, clock=clock)() == 3


def test_without_budgets_nothing_is_asked() -> None:
    store = MemoryRows()

    assert WatchBudgets(budget=Budget({}), store=store, clock=HandClock())() == 0
    assert store.trips == 0
