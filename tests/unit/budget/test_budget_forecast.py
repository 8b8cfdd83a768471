"""How a month will end."""

from __future__ import annotations

from datetime import date

import pytest

from shared.budget.forecast import forecast_of, spent_by_day
from shared.budget.model import Cap, Limits

# 10 November 2026, noon in Beijing: nine days and a half are over.
NOON_MS = 1_794_283_200_000
MONTH_START_MS = 1_793_462_400_000


def of_limit(milli: int | None) -> Limits:
    return Limits(month=Cap(milli))


def test_a_month_goes_on_as_it_began() -> None:
    row = {"mo202611_m": 9_500, "d20261110_m": 500}

    forecast = forecast_of(row, None, NOON_MS)

    assert (forecast.today, forecast.month) == (500, 9_500)
    assert forecast.forecast == pytest.approx(30_000, rel=0.001)
    assert (forecast.gone_on, forecast.is_over, forecast.is_early) == (None, False, False)
    assert forecast.month_percent is None


def test_messages_are_forecast_as_money_is() -> None:
    limits = Limits(day=Cap(messages=100), month=Cap(milli=1, messages=95))

    forecast = forecast_of({"mo202611_n": 95, "d20261110_n": 7}, limits, NOON_MS, unit="messages")

    assert (forecast.today, forecast.day_limit, forecast.day_percent) == (7, 100, 7.0)
    assert forecast.month_percent == 100.0


@pytest.mark.parametrize(
    ("limit", "gone_on"),
    [
        (9_499, date(2026, 11, 10)),  # gone already
        (9_500, date(2026, 11, 10)),
        (9_900, date(2026, 11, 10)),  # tonight
        (10_100, date(2026, 11, 11)),
        (20_000, date(2026, 11, 21)),
        (29_900, date(2026, 11, 30)),
        (30_600, None),  # in December
        (10**15, None),
        (None, None),
    ],
)
def test_the_day_on_which_a_budget_is_gone_is_named(
    limit: int | None, gone_on: date | None
) -> None:
    """1,000 a day."""
    assert forecast_of({"mo202611_m": 9_500}, of_limit(limit), NOON_MS).gone_on == gone_on


def test_who_spends_nothing_never_runs_out() -> None:
    forecast = forecast_of({}, of_limit(1), NOON_MS)

    assert (forecast.gone_on, forecast.forecast, forecast.is_over) == (None, 0, False)


def test_a_limit_of_nothing_is_spent_from_the_start() -> None:
    forecast = forecast_of({}, of_limit(0), NOON_MS)

    assert (forecast.month_percent, forecast.gone_on) == (100.0, date(2026, 11, 10))


def test_the_first_hours_of_a_month_tell_little() -> None:
    """One message a minute after midnight makes a forecast of thousands."""
    forecast = forecast_of({"mo202611_m": 45}, of_limit(1_000), MONTH_START_MS)

    assert forecast.is_early
    assert forecast.forecast == 45 * 1440 * 30
    assert not forecast_of({}, None, MONTH_START_MS + 6 * 3_600_000).is_early


def test_the_last_day_of_a_year_ends_in_its_own_month() -> None:
    december_ms = 1_798_689_600_000  # 31 December 2026, noon in Beijing

    forecast = forecast_of({"mo202612_m": 30_500}, of_limit(30_900), december_ms)

    assert forecast.gone_on == date(2026, 12, 31)
    assert forecast_of({"mo202612_m": 30_500}, of_limit(32_000), december_ms).gone_on is None


def test_the_days_of_a_month_are_told_up_to_today() -> None:
    row = {"d20261031_m": 7, "d20261101_m": 1, "d20261110_m": 10, "d20261111_m": 11}

    assert spent_by_day(row, NOON_MS) == [1, 0, 0, 0, 0, 0, 0, 0, 0, 10]
    assert spent_by_day(row, MONTH_START_MS) == [1]
