"""The replay of tests/bench/attack.py with smaller numbers: what is stopped, and who is hurt."""

from __future__ import annotations

import pytest

from tests.bench.attack import MODES, Outcome, pumping, replay, sequential

HOURS = 1.0


@pytest.fixture(scope="module")
def endings() -> dict[str, Outcome]:
    return {mode: replay(sequential, MODES[mode], hours=HOURS) for mode in MODES}


def test_without_rules_all_of_it_goes_out(endings: dict[str, Outcome]) -> None:
    assert endings["off"].fraud_sent == endings["off"].fraud_tried == 600
    assert not endings["off"].decisions


def test_shadow_stops_nothing_and_tells(endings: dict[str, Outcome]) -> None:
    assert endings["shadow"].fraud_sent == 600
    assert endings["shadow"].hurt == endings["off"].hurt
    assert endings["shadow"].decisions.keys() == {"enumeration", "burst", "prefix_conversion"}


@pytest.mark.parametrize("mode", ["close", "demand"])
def test_enforced_rules_stop_nearly_all_of_it(endings: dict[str, Outcome], mode: str) -> None:
    assert endings[mode].fraud_sent < 30
    assert endings[mode].hurt <= endings[mode].people // 200


def test_a_demand_hurts_nobody_who_solves_it(endings: dict[str, Outcome]) -> None:
    assert endings["demand"].hurt == endings["off"].hurt


def test_a_replay_is_the_same_each_time() -> None:
    once, again = (replay(pumping, MODES["close"], hours=0.2) for _ in range(2))

    assert once == again
    assert once.fraud_sent < once.fraud_tried // 5
