"""What people read of budgets."""

from __future__ import annotations

from datetime import date

import pytest

from shared.budget.ledger import Budget
from shared.budget.setting import parse_budgets
from shared.budget.statement import Statements
from shared.spend import Spend
from tests.fakes.memory_rows import MemoryRows

# 10 November 2026, noon in Beijing: nine days and a half are over.
NOON_MS = 1_794_283_200_000
BUDGETS = """{
  "shop": {"day": {"cny": 10}, "month": {"cny": 100, "messages": 5000},
           "templates": {"ship_update": {"day": {"messages": 10}}, "notice": {}}},
  "clinic": {"month": {"cny": 0}}
}"""


class Ledger:
    """Budgets, and what was spent of them at noon."""

    def __init__(self, budgets: str = BUDGETS) -> None:
        self.limits = parse_budgets(budgets)
        self.store = MemoryRows()

    def spend(self, tenant: str, template: str, milli: int, count: int = 1) -> None:
        charge = Budget(self.limits).charge(
            [Spend(tenant, template, milli, count)], entry="a", now_ms=NOON_MS
        )
        assert all(self.store.apply(charge))

    def read(self, *tenants: str, with_templates: bool = True) -> list:  # type: ignore[type-arg]
        statements = Statements(self.limits)
        keys = statements.keys(tenants, with_templates=with_templates)
        rows = dict(zip(keys, self.store.read(keys), strict=True))
        return statements.of(tenants, rows, now_ms=NOON_MS, with_templates=with_templates)


def test_a_statement_has_money_messages_and_the_limited_templates() -> None:
    ledger = Ledger()
    ledger.spend("shop", "ship_update", 90, 2)

    (shop,) = ledger.read("shop")

    assert [(line.template, line.forecast.unit) for line in shop.lines] == [
        ("", "cny"),
        ("", "messages"),
        ("ship_update", "messages"),
    ]
    assert (shop.money.today, shop.money.day_limit, shop.messages.month_limit) == (90, 10_000, 5000)
    assert shop.lines[2].forecast.day_percent == 20.0


def test_statements_of_many_tenants_may_leave_templates_out() -> None:
    ledger = Ledger()

    statements = ledger.read("shop", "clinic", "nobody", with_templates=False)

    assert [(each.tenant, len(each.lines)) for each in statements] == [
        ("shop", 2),
        ("clinic", 2),
        ("nobody", 2),
    ]


def test_a_row_is_read_for_each_tenant_and_each_limited_template() -> None:
    statements = Statements(Ledger().limits)

    assert len(statements.keys(["shop", "clinic"], with_templates=True)) == 4
    assert len(statements.keys(["shop", "clinic"], with_templates=False)) == 2


@pytest.mark.parametrize(
    ("milli", "state"),
    [(1_000, "fine"), (4_000, "soon"), (8_000, "near"), (9_999, "near"), (10_000, "spent")],
)
def test_a_budget_stands_as_its_worst_limit(milli: int, state: str) -> None:
    """4 CNY in nine days and a half are 12.63 in thirty, and 10 are the month's limit."""
    ledger = Ledger('{"shop": {"day": {"cny": 10, "messages": 100}, "month": {"cny": 12}}}')
    ledger.spend("shop", "x", milli)

    assert ledger.read("shop")[0].state == state


def test_who_has_no_limits_is_free_and_a_limit_of_nothing_is_spent() -> None:
    ledger = Ledger()
    ledger.spend("nobody", "x", 10**9)

    nobody, clinic = ledger.read("nobody", "clinic")

    assert (nobody.state, nobody.gone_on) == ("free", None)
    assert (clinic.state, clinic.gone_on) == ("spent", date(2026, 11, 10))


def test_the_first_budget_to_go_is_named() -> None:
    ledger = Ledger(
        '{"shop": {"month": {"cny": 100},'
        ' "templates": {"ship_update": {"month": {"messages": 20}}}}}'
    )
    ledger.spend("shop", "ship_update", 95, 10)

    assert ledger.read("shop")[0].gone_on == date(2026, 11, 20)
    assert ledger.read("shop", with_templates=False)[0].gone_on is None
