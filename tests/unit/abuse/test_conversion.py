"""Codes that nobody types close their prefix, or their country."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.abuse.conversion import SHARDS
from shared.abuse.model import CountryConversion, PrefixConversion
from shared.errors import OtpInvalid, StoreUnavailable
from tests.fakes.service import OtpService
from tests.unit.abuse.traffic import Fields, Serve, number, only, outcome

RULE = PrefixConversion(mode="enforce", min_sent=10, min_percent=20, window_s=3600, close_s=900)


def send(
    otp: OtpService, count: int, *, typed: int = 0, start: int = 0, tenant: str = "shop"
) -> None:
    """`count` sends ten seconds apart, the first `typed` of them verified."""
    for each in range(count):
        issued = otp.request(number((start + each) * 37 % 10_000), tenant=tenant)
        otp.clock.advance(10)
        if each < typed:
            otp.verify(issued.challenge_id, tenant=tenant)


def test_codes_that_nobody_types_close_their_prefix(serve: Serve) -> None:
    otp = serve(only(prefix_conversion=RULE))
    send(otp, 10)
    otp.clock.advance(300)

    otp.request(number(9001))  # the one that shows it still goes

    assert outcome(otp, number(9002)) == "throttled"
    assert outcome(otp, number(9002, "+861390013")) == "sent"


def test_a_sample_that_is_too_small_closes_nothing(serve: Serve) -> None:
    otp = serve(only(prefix_conversion=RULE))
    send(otp, 9)
    otp.clock.advance(300)

    assert {outcome(otp, number(9000 + each)) for each in range(9)} == {"sent"}


def test_codes_that_are_typed_keep_their_prefix_open(serve: Serve) -> None:
    otp = serve(only(prefix_conversion=RULE))

    for start in range(0, 60, 10):
        send(otp, 10, typed=2, start=start)
        otp.clock.advance(300)

    assert outcome(otp, number(9002)) == "sent"


def test_people_who_are_still_typing_are_not_looked_at(serve: Serve) -> None:
    otp = serve(only(prefix_conversion=RULE))

    for each in range(40):
        assert outcome(otp, number(each * 37)) == "sent"


def test_a_prefix_grows_back(serve: Serve) -> None:
    otp = serve(only(prefix_conversion=RULE))
    send(otp, 10)
    otp.clock.advance(300)
    otp.request(number(9001))
    otp.clock.advance(900)

    for start in range(10, 60, 10):
        send(otp, 10, typed=5, start=start)
        otp.clock.advance(300)

    assert outcome(otp, number(9003)) == "sent"


@pytest.mark.parametrize(("scope", "expected"), [("tenant", "sent"), ("all", "throttled")])
def test_a_prefix_closes_for_one_or_for_all(serve: Serve, scope: str, expected: str) -> None:
    rule = PrefixConversion(mode="enforce", min_sent=10, min_percent=20, of=scope)  # type: ignore[arg-type]
    otp = serve(only(prefix_conversion=rule))
    send(otp, 10)
    otp.clock.advance(900)
    otp.request(number(9001))

    assert outcome(otp, number(9002), tenant="other") == expected


def test_a_country_closes_sample_by_sample(serve: Serve) -> None:
    rule = CountryConversion(mode="enforce", min_sent=5, min_percent=20)
    otp = serve(only(country_conversion=rule))
    for each in range(SHARDS * 12):
        otp.request(number(1, f"+86138{each:04d}"))
    otp.clock.advance(400)

    outcomes = [outcome(otp, number(2, f"+86138{each:04d}")) for each in range(SHARDS * 12)]

    assert SHARDS <= outcomes.count("sent") <= SHARDS * 6  # until each sample is looked at again
    assert set(outcomes[-SHARDS:]) == {"throttled"}
    assert outcome(otp, "+12025550123") == "sent"


def verified(otp: OtpService) -> int:
    (row,) = (row for key, row in otp.memory.rows.items() if key.item == "sends")
    return sum(int(row[name]) for name in row if name[0] == "v" and name[1].isdigit())


def test_wrong_guesses_are_taken_back_by_the_next_guess(serve: Serve) -> None:
    otp = serve(only(prefix_conversion=RULE))
    issued = otp.request()
    assert otp.refuses(issued.challenge_id, otp.wrong_code())
    assert verified(otp) == 1

    otp.verify(issued.challenge_id)

    assert verified(otp) == 1
    assert otp.refuses(issued.challenge_id)  # used already
    assert otp.refuses(issued.challenge_id)
    assert verified(otp) == 2  # never more than one ahead


def test_a_right_code_is_right_with_whatever_is_owed(serve: Serve) -> None:
    otp = serve(only(prefix_conversion=RULE, country_conversion=CountryConversion()))
    for each in range(12):
        issued = otp.request(number(1, f"+86138{each:04d}"))
        assert otp.refuses(issued.challenge_id, otp.wrong_code())
    trips = otp.memory.trips

    assert otp.verify(issued.challenge_id).purpose == "login"
    assert otp.memory.trips - trips == 1


def test_a_guess_whose_end_is_unknown_owes_nothing(serve: Serve) -> None:
    otp = serve(only(prefix_conversion=RULE))
    issued = otp.request()
    otp.memory.fail_next = 1
    with pytest.raises(StoreUnavailable):
        otp.verify(issued.challenge_id)

    otp.verify(issued.challenge_id)

    assert verified(otp) == 1


def test_a_resend_counts_its_code_where_it_was_first_sent(serve: Serve) -> None:
    otp = serve(only(prefix_conversion=RULE))
    issued = otp.request()
    otp.clock.advance(200)
    otp.request(challenge_id=issued.challenge_id)

    otp.verify(issued.challenge_id)

    assert verified(otp) == 1
    with pytest.raises(OtpInvalid):
        otp.verify(issued.challenge_id)


def test_a_closed_prefix_is_told_with_its_figures(
    serve: Serve, told: Callable[[str], list[Fields]]
) -> None:
    otp = serve(only(prefix_conversion=RULE))
    send(otp, 10, typed=1)
    otp.clock.advance(300)
    otp.request(number(9001))

    (event,) = told("abuse_decided")
    assert (event["rule"], event["sent"], event["figure"], event["threshold"]) == (
        "prefix_conversion",
        10,
        10,
        20,
    )
