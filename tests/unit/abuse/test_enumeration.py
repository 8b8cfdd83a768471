"""Neighbouring numbers, and many of one block: found, answered, told."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.abuse.blocks import densest
from shared.abuse.model import Burst, Enumeration, RuleSet
from shared.errors import SesameError
from tests.unit.abuse.traffic import Fields, Serve, number, only, outcome


def test_sequential_numbers_close_their_block(serve: Serve) -> None:
    otp = serve(only(enumeration=Enumeration(mode="enforce", limit=12)))

    outcomes = [outcome(otp, number(8000 + tail)) for tail in range(20)]

    assert outcomes == ["sent"] * 12 + ["throttled"] * 8
    assert outcome(otp, number(100)) == "throttled"
    assert outcome(otp, number(8000, "+861390013")) == "sent"
    assert outcome(otp, number(8300), tenant="other") == "sent"


def test_a_closed_block_says_how_long_and_no_limit(serve: Serve) -> None:
    otp = serve(only(enumeration=Enumeration(mode="enforce", limit=3, close_s=600)))
    for tail in range(3):
        otp.request(number(tail))
    otp.clock.advance(10)

    with pytest.raises(SesameError) as caught:
        otp.request(number(5))

    assert (caught.value.retry_after_s, caught.value.quota.limit) == (590, 0)  # type: ignore[attr-defined]


def test_a_closed_block_opens_by_itself_and_closes_for_longer(serve: Serve) -> None:
    otp = serve(only(enumeration=Enumeration(mode="enforce", limit=3, close_s=600)))
    assert [outcome(otp, number(tail)) for tail in range(4)][-1] == "throttled"
    otp.clock.advance(600)

    assert [outcome(otp, number(10 + tail)) for tail in range(4)] == ["sent"] * 3 + ["throttled"]
    otp.clock.advance(600)
    assert outcome(otp, number(50)) == "throttled"
    otp.clock.advance(600)
    assert outcome(otp, number(50)) == "sent"


def test_scattered_numbers_are_no_enumeration(serve: Serve) -> None:
    otp = serve(only(enumeration=Enumeration(mode="enforce", limit=12)))

    assert {outcome(otp, number(tail * 101)) for tail in range(60)} == {"sent"}


def test_a_slow_block_is_no_enumeration(serve: Serve) -> None:
    otp = serve(only(enumeration=Enumeration(mode="enforce", limit=12, window_s=600)))

    for tail in range(40):
        assert outcome(otp, number(tail)) == "sent"
        otp.clock.advance(60)


def test_one_number_again_and_again_is_no_enumeration(serve: Serve) -> None:
    otp = serve(only(enumeration=Enumeration(mode="enforce", limit=3, window_s=3600)))

    for _ in range(5):
        otp.request(number(1))
        otp.clock.advance(61)


def test_what_another_limit_refused_counts_for_nothing(serve: Serve) -> None:
    otp = serve(only(enumeration=Enumeration(mode="enforce", limit=3)))
    otp.request(number(1))

    for _ in range(10):
        assert outcome(otp, number(1)) == "throttled"

    assert outcome(otp, number(2)) == outcome(otp, number(3)) == "sent"


def test_an_address_has_a_limit_of_its_own_and_closes_alone(serve: Serve) -> None:
    otp = serve(only(enumeration=Enumeration(mode="enforce", limit=50, address_limit=4)))

    outcomes = [outcome(otp, number(tail), client_ip="203.0.113.7") for tail in range(6)]

    assert outcomes == ["sent"] * 4 + ["throttled"] * 2
    assert outcome(otp, number(9), client_ip="203.0.113.8") == "sent"


def test_a_burst_counts_numbers_that_are_far_apart(serve: Serve) -> None:
    otp = serve(only(burst=Burst(mode="enforce", limit=30)))

    outcomes = [outcome(otp, number(tail * 199)) for tail in range(40)]

    assert outcomes == ["sent"] * 30 + ["throttled"] * 10


def test_a_burst_is_found_at_its_limit_whatever_else_looks(serve: Serve) -> None:
    rules = only(
        burst=Burst(mode="enforce", limit=30), enumeration=Enumeration(mode="enforce", limit=12)
    )
    otp = serve(rules)

    outcomes = [outcome(otp, number(tail * 199)) for tail in range(40)]

    assert outcomes.count("sent") == 30


def test_asking_for_each_number_twice_hides_nothing(serve: Serve) -> None:
    otp = serve(only(enumeration=Enumeration(mode="enforce", limit=12)))

    outcomes = [outcome(otp, number(tail // 2)) for tail in range(40)]

    assert outcomes.count("sent") == 12


def test_a_decision_is_told_without_a_number(
    serve: Serve, told: Callable[[str], list[Fields]]
) -> None:
    otp = serve(only(enumeration=Enumeration(mode="enforce", limit=3, close_s=600)))

    for tail in range(8):
        outcome(otp, number(8000 + tail))

    (event,) = told("abuse_decided")
    assert event["prefix_id"] == "+861380013"
    assert (event["rule"], event["mode"], event["figure"], event["close_s"]) == (
        "enumeration",
        "enforce",
        3,
        600,
    )
    assert "8000" not in json.dumps(event)


def test_the_store_is_told_no_number(serve: Serve) -> None:
    otp = serve(RuleSet(enumeration=Enumeration("enforce")))
    otp.request(number(8000))

    assert "8613800138000" not in repr(otp.memory.rows)
    blocks = [key for key, row in otp.memory.rows.items() if "t8000" in row]
    assert blocks
    assert not any("138001" in key.subject for key in blocks)


def test_rules_in_shadow_write_no_row(serve: Serve) -> None:
    otp = serve(RuleSet())
    for tail in range(100):
        otp.request(number(tail))

    assert not [key for key in otp.memory.rows if key.item == "sends"]
    assert otp.memory.trips == 200


def test_rules_cost_no_round_trip(serve: Serve) -> None:
    otp = serve(RuleSet())
    before = otp.memory.trips

    issued = otp.request(client_ip="203.0.113.7")
    assert otp.memory.trips - before == 2
    otp.verify(issued.challenge_id)
    assert otp.memory.trips - before == 3


def test_a_look_costs_two_trips_once_in_a_while(serve: Serve) -> None:
    otp = serve(only(burst=Burst(mode="enforce", limit=20), enumeration=Enumeration(limit=10)))

    for tail in range(18):
        otp.request(number(tail * 500))

    # After 9 unlooked sends, 10 of 20 and 1 of 10: room for 9 more, the 8 that follow.
    assert otp.memory.trips == 18 * 2 + 2


@given(st.lists(st.integers(0, 9999), unique=True), st.integers(1, 300))
def test_the_densest_stretch_is_that_of_counting_them_all(numbers: list[int], width: int) -> None:
    counted = max((sum(a <= b < a + width for b in numbers) for a in numbers), default=0)

    assert densest(numbers, width) == counted
