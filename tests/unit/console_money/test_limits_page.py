"""The page of limits: which spoke, what shadows would have done, how the breaker stands."""

from __future__ import annotations

import pytest

from shared.budget.breaker import KEY, Breaker
from shared.console.pages.limits import LimitsPage, Shadowed
from shared.errors import Forbidden, RequestInvalid
from shared.rollup.views import Views
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


class Scene:
    def __init__(self) -> None:
        self.store = MemoryRows()
        self.page = LimitsPage(
            views=Views(self.store), store=self.store, tenants=["shop", "clinic"]
        )

    def html(self, **query: str) -> str:
        return html_of(self.page, visit_of(TENANT, **query))

    def open_breaker(self, *, times: int = 1, reason: str = "isv.AMOUNT_NOT_ENOUGH") -> None:
        for turn in range(times):
            row = self.store.read([KEY])[0]
            at_ms = NOON_MS - (times - turn) * 400_000 + 390_000
            assert self.store.apply([Breaker().open_again(row, reason, at_ms)]) == [True]


def test_limits_that_spoke_are_counted_and_explained() -> None:
    scene = Scene()
    count_day(
        scene.store,
        {("shop", "login"): {"accepted": 90, "throttled.phone_minute": 8, "throttled.ip_hour": 2}},
    )
    count_day(scene.store, {("shop", "x"): {"stopped.budget_exhausted": 1}}, at_ms=NOON_MS - DAY_MS)
    scene.store.trips = 0

    text = text_of(scene.html())

    assert scene.store.trips == 2
    assert "10 of 101 requests were refused by a limit" in text
    assert "phone_minute Only 1 code a minute goes to one phone" in text
    assert " 8 7.9% ip_hour " in text
    assert text.index("phone_minute") < text.index("ip_hour")
    assert "budget_exhausted The budget of the tenant" in text


def test_a_range_leaves_out_what_was_before_it() -> None:
    scene = Scene()
    count_day(scene.store, {("shop", "x"): {"throttled.resend": 5}}, at_ms=NOON_MS - 3 * DAY_MS)

    assert "5 100%" in text_of(scene.html(range="7d"))
    assert "There were no requests in this time." in text_of(scene.html(range="today"))


def test_requests_without_a_refusal_are_good_news() -> None:
    scene = Scene()
    count_day(scene.store, {("shop", "x"): {"accepted": 5}})

    assert "No limit has said no in this time." in text_of(scene.html())


@pytest.mark.parametrize(
    ("saved", "hurt", "verdict"),
    [
        (19, 0, "early"),
        (20, 0, "safe"),
        (98, 2, "nearly"),
        (95, 5, "careful"),
        (90, 10, "careful"),
        (89, 11, "harmful"),
        (0, 20, "harmful"),
    ],
)
def test_a_shadow_is_judged_by_the_people_it_would_have_hurt(
    saved: int, hurt: int, verdict: str
) -> None:
    assert Shadowed("burst", saved, hurt, 0).verdict == verdict


def test_shadows_tell_what_they_would_have_saved_and_hurt() -> None:
    scene = Scene()
    count_day(
        scene.store,
        {
            ("shop", "login"): {
                "accepted": 1000,
                "cost_milli": 45_000,
                "shadow_saved.burst": 100,
                "shadow_hurt.burst": 1,
                "shadow_hurt.enumeration": 3,
            }
        },
    )

    text = text_of(scene.html())

    assert "burst many numbers of one block in a short time probably" in text
    assert " 100 1 1.0% ¥4.50 enumeration numbers one after the other not yet" in text
    assert " 0 3 100% ¥0.00" in text


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({"range": "10y"}, RequestInvalid),
        ({"range": "<script>"}, RequestInvalid),
        ({"tenant": "clinic"}, Forbidden),
        ({"tenant": "*"}, Forbidden),
    ],
)
def test_what_cannot_be_shown_is_refused_unread(
    query: dict[str, str], error: type[Exception]
) -> None:
    scene = Scene()

    with pytest.raises(error):
        scene.page(visit_of(TENANT, **query))
    assert scene.store.trips == 0


def test_ten_years_are_cut_and_said_so() -> None:
    scene = Scene()

    values = content_of(scene.page, visit_of(**{"from": "2016-01-01", "to": "2026-01-01"})).values

    assert values["range"].notes  # type: ignore[attr-defined]
    assert 'value="custom" selected' in scene.html(**{"from": "2026-10-01", "to": "2026-10-02"})


def test_who_operates_sees_all_tenants_together() -> None:
    scene = Scene()
    count_day(
        scene.store,
        {("shop", "x"): {"throttled.resend": 5}, ("clinic", "x"): {"throttled.resend": 7}},
    )

    assert " 12 100%" in text_of(html_of(scene.page, visit_of()))
    assert " 7 100%" in text_of(html_of(scene.page, visit_of(tenant="clinic")))


def test_a_closed_breaker_is_quiet() -> None:
    assert "It has not been open yet." in text_of(Scene().html())


def test_an_open_breaker_says_until_when_and_to_operators_why() -> None:
    scene = Scene()
    scene.open_breaker(times=3)

    told, more = text_of(scene.html()), text_of(html_of(scene.page, visit_of()))

    assert "open No notice is sent since 2026-11-10 11:59:50 UTC+8." in told
    assert "2026-11-10 12:01:50 UTC+8" in told
    assert "isv.AMOUNT_NOT_ENOUGH" not in told
    assert "isv.AMOUNT_NOT_ENOUGH · opened 3 times in a row" in more
    assert "provider-outage" in more


def test_a_breaker_on_trial_is_neither() -> None:
    scene = Scene()
    scene.open_breaker()

    html = html_of(scene.page, visit_of(TENANT, now_ms=NOON_MS + 60_000))

    assert "on trial It was opened at 2026-11-10 11:59:50 UTC+8." in text_of(html)


def test_hostile_names_are_text() -> None:
    scene = Scene()
    bad = "<img src=x onerror=alert(1)>"
    count_day(
        scene.store,
        {
            ("shop", "x"): {
                f"throttled.{bad}": 1,
                f"stopped.{bad}": 1,
                f"shadow_saved.{bad}": 1,
            }
        },
    )
    scene.open_breaker(reason=bad)

    assert "<img src=x" not in scene.html() + html_of(scene.page, visit_of())
