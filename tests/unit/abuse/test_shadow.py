"""Shadow decides and tells, and stands in nobody's way, whatever comes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.abuse.guard import AbuseGuard
from shared.abuse.model import (
    Burst,
    CountryConversion,
    Enumeration,
    Guessed,
    PrefixConversion,
    RuleSet,
)
from shared.errors import SesameError
from shared.pseudonym import Pseudonyms
from shared.throttle.limits import counted_address
from tests.fakes.service import OtpService
from tests.unit.abuse.traffic import Fields, Serve, number, only, outcome

TIGHT = RuleSet(
    enumeration=Enumeration(limit=3, address_limit=2),
    burst=Burst(limit=4),
    prefix_conversion=PrefixConversion(min_sent=5, min_percent=90),
    country_conversion=CountryConversion(min_sent=5, min_percent=90),
    guessed=Guessed(mode="shadow"),
)
STEPS = st.lists(
    st.tuples(
        st.integers(0, 12),  # whose number
        st.sampled_from([None, "203.0.113.7", "2001:db8::1"]),
        st.sampled_from(["none", "right", "wrong"]),
        st.sampled_from([0, 1, 61, 400, 4000]),
    ),
    max_size=60,
)


@given(STEPS)
@settings(max_examples=60, deadline=None)
def test_shadow_changes_nothing_for_anybody(steps: list[tuple[int, str | None, str, int]]) -> None:
    """With rules in shadow each step ends as it does without rules."""
    guard = AbuseGuard(Pseudonyms(b"p" * 32), counted_address, TIGHT)
    watched, plain = OtpService(guard=guard), OtpService()

    for who, client_ip, typed, wait_s in steps:
        ends = [_step(otp, who, client_ip, typed) for otp in (watched, plain)]
        watched.clock.advance(wait_s)
        plain.clock.advance(wait_s)

        assert ends[0] == ends[1]


def _step(otp: OtpService, who: int, client_ip: str | None, typed: str) -> tuple[str, bool]:
    try:
        issued = otp.request(number(who), client_ip=client_ip)
    except SesameError as error:
        return error.code, False
    if typed == "none":
        return "sent", False
    return "sent", otp.refuses(issued.challenge_id, None if typed == "right" else otp.wrong_code())


def test_shadow_tells_what_would_have_been_once_in_a_while(
    serve: Serve, told: Callable[[str], list[Fields]]
) -> None:
    otp = serve(only(enumeration=Enumeration(limit=3, close_s=600)))

    assert {outcome(otp, number(tail)) for tail in range(50)} == {"sent"}
    assert [event["mode"] for event in told("abuse_decided")] == ["shadow"]

    otp.clock.advance(600)
    assert {outcome(otp, number(60 + tail)) for tail in range(10)} == {"sent"}
    assert len(told("abuse_decided")) == 2


def test_what_shadow_found_binds_nobody_once_it_is_enforced(serve: Serve) -> None:
    shadow = Enumeration(limit=5)
    otp = serve(only(enumeration=shadow))
    for tail in range(30):
        otp.request(number(tail))

    enforced = serve(
        only(enumeration=replace(shadow, mode="enforce")),
        store=otp.memory,
    )
    enforced.clock.advance(3600)

    assert outcome(enforced, number(40)) == "sent"


def test_what_was_closed_is_open_once_it_is_in_shadow(serve: Serve) -> None:
    enforced = Enumeration(mode="enforce", limit=3)
    otp = serve(only(enumeration=enforced))
    assert outcome(otp, number(0)) == outcome(otp, number(1)) == outcome(otp, number(2)) == "sent"
    assert outcome(otp, number(3)) == "throttled"

    relaxed = serve(only(enumeration=replace(enforced, mode="shadow")), store=otp.memory)

    assert outcome(relaxed, number(3)) == "sent"


def test_a_flood_in_shadow_keeps_its_row_readable(serve: Serve) -> None:
    otp = serve(only(burst=Burst(limit=100)))

    for tail in range(1500):
        otp.request(number(tail))

    assert otp.guard is not None
    (row,) = otp.guard.shadows._rows.values()
    assert len(row) < 1200


@pytest.mark.parametrize("rules", [only(), RuleSet()], ids=["off", "as shipped"])
def test_rules_that_enforce_nothing_leave_no_row(serve: Serve, rules: RuleSet) -> None:
    otp, plain = serve(rules), OtpService()
    for each in (otp, plain):
        issued = each.request(client_ip="203.0.113.7")
        assert each.refuses(issued.challenge_id, each.wrong_code())
        each.verify(issued.challenge_id)

    assert len(otp.memory.rows) == len(plain.memory.rows)
    assert not [key for key in otp.memory.rows if key.item == "sends"]
