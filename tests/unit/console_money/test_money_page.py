"""The page of money: who is told what, and for how many round trips."""

from __future__ import annotations

import pytest

from shared.budget.ledger import Budget
from shared.budget.setting import parse_budgets
from shared.console.pages.money import MOST_ROWS, MoneyPage
from shared.errors import Forbidden, RequestInvalid, StoreUnavailable
from shared.rollup.views import STATE_ROW, Views
from shared.rows import RowChange
from shared.spend import Spend
from tests.fakes.memory_rows import MemoryRows
from tests.unit.console_money.showing import (
    DAY_MS,
    NOON_MS,
    TENANT,
    content_of,
    count_day,
    html_of,
    text_of,
    visit_of,
)

BUDGETS = """{
  "shop": {"day": {"cny": 10}, "month": {"cny": 20},
           "templates": {"ship_update": {"day": {"messages": 10}}}},
  "clinic": {"month": {"cny": 1000}}
}"""


class Scene:
    """A ledger with figures, and the page over both."""

    def __init__(self, budgets: str = BUDGETS, tenants: tuple[str, ...] = ("shop",)) -> None:
        self.store = MemoryRows()
        self.limits = parse_budgets(budgets)
        self.page = MoneyPage(
            views=Views(self.store), store=self.store, limits=self.limits, tenants=tenants
        )

    def spend(self, tenant: str, template: str, milli: int, count: int = 1) -> None:
        spends = [Spend(tenant, template, milli, count)]
        charge = Budget(self.limits).charge(spends, entry="a", now_ms=NOON_MS)
        assert all(self.store.apply(charge))


def test_a_tenant_reads_its_budgets_and_what_codes_and_notices_cost() -> None:
    scene = Scene()
    scene.spend("shop", "ship_update", 9_500, 7)
    count_day(
        scene.store,
        {
            ("shop", "login"): {"accepted": 2, "segments": 2, "cost_milli": 90},
            ("shop", "ship_update"): {"accepted": 7, "segments": 14, "cost_milli": 9_500},
            ("clinic", "login"): {"accepted": 1, "cost_milli": 77_777},
        },
    )
    scene.store.trips = 0

    html = html_of(scene.page, visit_of(TENANT))

    assert scene.store.trips == 2
    text = text_of(html)
    assert "¥9.50 of ¥10.00 · 95.0%" in text
    assert "¥9.50 of ¥20.00 · 47.5%" in text
    assert "7 of 10 · 70.0%" in text  # the template's own
    assert "a budget is gone on 2026-11-21, and the month lasts until 2026-11-30" in text
    assert "Total ¥9.59 16 9" in text
    assert "¥77.78" not in text
    assert "clinic" not in html
    assert "<svg" in html


def test_the_month_is_that_of_the_bill() -> None:
    """The first of the month in Beijing is still the last of the one before in UTC."""
    scene = Scene()
    first_ms = NOON_MS - 9 * DAY_MS - 12 * 3_600_000
    for at_ms, milli in ((first_ms - 1, 1), (first_ms, 20), (NOON_MS, 300)):
        count_day(scene.store, {("shop", "login"): {"cost_milli": milli}}, at_ms=at_ms)

    values = content_of(scene.page, visit_of(TENANT)).values

    assert values["billed"].number("cost_milli") == 320  # type: ignore[attr-defined]
    assert len(values["days"]) == 10  # type: ignore[arg-type]


def test_who_operates_reads_all_tenants_the_urgent_ones_first() -> None:
    scene = Scene(tenants=("shop", "quiet"))
    scene.spend("shop", "x", 10_000)
    scene.spend("clinic", "x", 20_000)
    count_day(scene.store, {("stranger", "login"): {"cost_milli": 5_000}})
    scene.store.trips = 0

    html = html_of(scene.page, visit_of())

    assert scene.store.trips == 2
    values = content_of(scene.page, visit_of()).values
    accounts = [each.statement.tenant for each in values["accounts"]]  # type: ignore[attr-defined]
    assert accounts == ["shop", "clinic", "quiet", "stranger"]
    assert "/console/x?tenant=stranger" in html
    assert "spent" in text_of(html)


def test_an_overview_of_many_tenants_stays_at_one_trip_for_their_rows() -> None:
    scene = Scene(tenants=tuple(f"t{number}" for number in range(300)))
    scene.store.trips = 0

    values = content_of(scene.page, visit_of()).values

    assert scene.store.trips == 2
    accounts = [each.statement.tenant for each in values["accounts"]]  # type: ignore[attr-defined]
    assert len(accounts) == MOST_ROWS
    assert {"shop", "clinic"} <= set(accounts)  # those with budgets are never left out
    assert values["hidden_count"] == 302 - MOST_ROWS
    assert "on each tenant's page" in text_of(html_of(scene.page, visit_of()))


def test_an_overview_tells_of_templates_where_one_trip_takes_their_rows() -> None:
    scene = Scene()
    scene.spend("shop", "ship_update", 1, 9)

    values = content_of(scene.page, visit_of()).values
    states = {each.statement.tenant: each.statement.state for each in values["accounts"]}  # type: ignore[attr-defined]

    assert states["shop"] == "near"
    assert values["with_templates"] is True


def test_who_operates_may_look_at_one_tenant() -> None:
    scene = Scene()
    scene.spend("clinic", "x", 5)

    assert "Money of clinic" in html_of(scene.page, visit_of(tenant="clinic"))


@pytest.mark.parametrize("tenant", ["clinic", "*", "nobody", "' OR 1=1"])
def test_a_tenant_never_reads_anothers_money(tenant: str) -> None:
    scene = Scene()
    scene.store.trips = 0

    with pytest.raises(Forbidden):
        scene.page(visit_of(TENANT, tenant=tenant))
    assert scene.store.trips == 0


@pytest.mark.parametrize("tenant", ["<script>", "x" * 10_000, "A", "a:b", "\u0000"])
def test_what_is_no_tenant_is_said_before_anything_is_read(tenant: str) -> None:
    scene = Scene()

    with pytest.raises(RequestInvalid):
        scene.page(visit_of(tenant=tenant))
    assert scene.store.trips == 0


def test_an_empty_house_says_what_to_do() -> None:
    page = Scene("", ()).page

    assert "infra.tenants" in html_of(page, visit_of())
    assert "Set one in SESAME_BUDGETS" in text_of(html_of(page, visit_of(TENANT)))


def test_hostile_names_are_text() -> None:
    scene = Scene()
    count_day(scene.store, {("shop", "<script>alert(1)</script>"): {"cost_milli": 1}})

    html = html_of(scene.page, visit_of(TENANT))

    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_a_spent_budget_is_said_with_what_to_do() -> None:
    scene = Scene()
    scene.spend("shop", "x", 10_000)

    text = text_of(html_of(scene.page, visit_of(TENANT)))

    assert "A budget is spent." in text
    assert "raise the limit in SESAME_BUDGETS" in text


@pytest.mark.parametrize(
    ("ago_ms", "words"),
    [
        (60_000, "Figures up to 2026-11-10 11:59"),
        (11 * 60_000, "The figures stop at 2026-11-10 11:49"),
        (None, "Nothing has been added up yet"),
    ],
)
def test_how_old_the_figures_are_is_said(ago_ms: int | None, words: str) -> None:
    scene = Scene()
    if ago_ms is not None:
        scene.store.apply([RowChange(STATE_ROW, puts={"folded_ms": NOON_MS - ago_ms})])

    assert words in text_of(html_of(scene.page, visit_of(TENANT)))
    assert words in text_of(html_of(scene.page, visit_of()))


def test_the_first_hours_of_a_month_make_no_prophecy() -> None:
    scene = Scene()
    first_ms = NOON_MS - 9 * DAY_MS - 12 * 3_600_000
    spends = [Spend("shop", "x", 9)]
    scene.store.apply(Budget(scene.limits).charge(spends, entry="a", now_ms=first_ms))

    text = text_of(html_of(scene.page, visit_of(TENANT, now_ms=first_ms + 60_000)))

    assert "too early to tell" in text
    assert "gone on" not in text


def test_a_store_that_is_down_is_not_an_empty_month() -> None:
    scene = Scene()
    scene.store.fail_next = 1

    with pytest.raises(StoreUnavailable):
        scene.page(visit_of(TENANT))
