"""The invented month: as many messages as were asked for, the same ones each time, and books that
agree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from infra.seed.__main__ import main
from infra.seed.month import Hour, Plan, hours
from infra.seed.planted import HOUR_MS, Planted
from infra.seed.writing import views_of, write_views
from shared.rollup.model import LATENCY_BOUNDS_S, Figures
from shared.rollup.views import EVERYONE, View, Views, added, length_ms
from tests.fakes.memory_rows import MemoryRows

END_MS = 1_795_420_800_000  # 16:00 at UTC+8: the last day is not over
DAY_MS = 24 * HOUR_MS
MESSAGES, DAYS = 8_000, 3
TENANTS = ("default", "second", "clinic")
BOUNDS = (*map(str, LATENCY_BOUNDS_S), "more")


@pytest.fixture(scope="module")
def month() -> Sequence[Hour]:
    return list(hours(Plan(MESSAGES, seed=7, end_ms=END_MS, days=DAYS)))


@pytest.fixture(scope="module")
def views(month: Sequence[Hour]) -> Views:
    store = MemoryRows()
    write_views(store, views_of(month))
    return Views(store)


def everything(month: Sequence[Hour]) -> Figures:
    return added(figures for hour in month for figures in hour.cells.values())


def test_a_month_has_as_many_messages_as_were_asked_for(month: Sequence[Hour]) -> None:
    assert everything(month).requested == MESSAGES
    assert [hour.start_ms for hour in month] == list(range(END_MS - DAYS * DAY_MS, END_MS, HOUR_MS))


def test_the_same_seed_makes_the_same_month_and_another_another(month: Sequence[Hour]) -> None:
    assert list(hours(Plan(MESSAGES, seed=7, end_ms=END_MS, days=DAYS))) == month
    assert list(hours(Plan(MESSAGES, seed=8, end_ms=END_MS, days=DAYS))) != month


def test_every_message_is_in_each_book_once(month: Sequence[Hour]) -> None:
    for hour in month:
        for cell, figures in hour.cells.items():
            number = figures.number
            assert figures.delivered == sum(number(f"latency.{bound}") for bound in BOUNDS)
            assert figures.sent >= figures.delivered + figures.undelivered
            codes = figures.sent if number("codes") else 0
            assert number("codes") == codes == number("verified") + number("unverified")
            assert (number("segments") > 0) == (number("cost_milli") > 0) == (figures.sent > 0)
            assert cell.prefix.startswith("+86") == (cell.country == "CN")


def test_evenings_are_busy_and_nights_are_not() -> None:
    times: Counter[int] = Counter()
    for hour in hours(Plan(MESSAGES, seed=7, end_ms=END_MS, days=DAYS, planted=())):
        sent = sum(figures.requested for figures in hour.cells.values())
        times[(hour.start_ms // HOUR_MS + 8) % 24] += sent

    assert times[20] > 5 * times[4]


def test_hours_and_days_and_tenants_and_everyone_agree(views: Views, month: Sequence[Hour]) -> None:
    def read(tenant: str, span: str) -> list[View]:
        return views.read(
            tenant=tenant,
            span="hour" if span == "hour" else "day",
            start_ms=END_MS - DAYS * DAY_MS,
            end_ms=END_MS - 1,
        )

    def total(found: Sequence[View]) -> Figures:
        return added(view.total for view in found)

    for tenant in (EVERYONE, *TENANTS):
        by_hour, by_day = read(tenant, "hour"), read(tenant, "day")
        for day in by_day:
            end_ms = day.start_ms + length_ms("day")
            of_day = [hour for hour in by_hour if day.start_ms <= hour.start_ms < end_ms]
            assert total(of_day).counts == day.total.counts
            for figures in (added(day.by("country").values()), added(day.prefixes.values())):
                assert figures.counts == day.total.counts
    of_tenants = added(total(read(tenant, "day")) for tenant in TENANTS)
    assert of_tenants.counts == total(read(EVERYONE, "day")).counts == everything(month).counts
    assert read(EVERYONE, "day")[-1].by("tenant").keys() == set(TENANTS)


def test_what_is_planted_is_there_then_and_at_no_other_time() -> None:
    start_ms = END_MS - 30 * HOUR_MS
    planted = Planted("refused", "template", "payment", start_ms, start_ms + 5 * HOUR_MS, 0.9, "X")
    plan = Plan(MESSAGES, seed=7, end_ms=END_MS, days=DAYS, planted=[planted])

    refused: Counter[bool] = Counter()
    requested: Counter[bool] = Counter()
    for hour in hours(plan):
        is_then = start_ms <= hour.start_ms < start_ms + 5 * HOUR_MS
        for cell, figures in hour.cells.items():
            is_it = is_then and cell.template == "payment"
            refused[is_it] += figures.number("refused.X")
            requested[is_it] += figures.requested

    assert refused[False] == 0
    assert refused[True] > 0.8 * requested[True] > 0


@pytest.mark.parametrize("wrong", ["0", "-1", "many", "20000001"])
def test_the_command_takes_no_odd_number_of_messages(
    wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["month", "--messages", wrong], {})

    assert ended.value.code == 2
    assert "--messages" in capsys.readouterr().err


def test_the_command_says_what_is_not_set(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["month", "--messages", "1"], {}) == 1
    assert "ALIBABA_CLOUD_ACCESS_KEY_ID is not set" in capsys.readouterr().err

    for name, text in (("none.json", None), ("broken.json", "{")):
        if text is not None:
            (tmp_path / name).write_text(text, encoding="utf-8")
        assert main(["month", "--ready-file", str(tmp_path / name)], {}) == 1
        assert f"{name} cannot be read" in capsys.readouterr().err
