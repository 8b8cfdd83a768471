"""What opens a challenge, and what does not."""

from __future__ import annotations

import pytest

from shared.errors import (
    OtpInvalid,
    PurposeUnknown,
)
from shared.otp.keyring import Keyring
from tests.fakes.service import KEY, OtpService


def test_request_then_verify_opens_the_door(otp: OtpService) -> None:
    issued = otp.request()

    verified = otp.verify(issued.challenge_id)

    assert (verified.challenge_id, verified.purpose) == (issued.challenge_id, "login")
    assert (issued.expires_in_s, issued.resend_after_s, issued.code_length) == (300, 60, 6)


def test_happy_path_costs_two_round_trips_and_verify_one(otp: OtpService) -> None:
    issued = otp.request(client_ip="203.0.113.7", key=KEY)
    assert otp.memory.trips == 2

    assert otp.refuses(issued.challenge_id, otp.wrong_code())
    assert otp.memory.trips == 3
    otp.verify(issued.challenge_id)
    assert otp.memory.trips == 4


def test_verify_refuses_a_used_code(otp: OtpService) -> None:
    issued = otp.request()
    otp.verify(issued.challenge_id)

    assert otp.refuses(issued.challenge_id)


def test_verify_refuses_an_expired_code_at_its_last_moment(otp: OtpService) -> None:
    issued = otp.request()
    otp.clock.advance(issued.expires_at - otp.clock.now_ms() / 1000)

    assert otp.refuses(issued.challenge_id)


def test_verify_takes_a_code_just_before_it_expires(otp: OtpService) -> None:
    issued = otp.request()
    otp.clock.advance(299)

    otp.verify(issued.challenge_id)


def test_verify_evaluates_three_guesses_and_no_more(otp: OtpService) -> None:
    issued = otp.request()
    for _ in range(3):
        assert otp.refuses(issued.challenge_id, otp.wrong_code())

    assert otp.refuses(issued.challenge_id)


def test_verify_takes_the_right_code_as_third_guess(otp: OtpService) -> None:
    issued = otp.request()
    for _ in range(2):
        assert otp.refuses(issued.challenge_id, otp.wrong_code())

    otp.verify(issued.challenge_id)


@pytest.mark.parametrize("typed", ["１２３４５６", "123 456", " 123-456 "])
def test_verify_reads_a_code_as_people_type_it(otp: OtpService, typed: str) -> None:
    issued = otp.request()
    digits = iter(otp.sender.last_code)
    shown = "".join(
        (chr(ord("０") + int(next(digits))) if c in "１２３４５６" else next(digits))
        if c.isnumeric()
        else c
        for c in typed
    )

    otp.verify(issued.challenge_id, shown)


@pytest.mark.parametrize("bad", ["", "x", "A" * 199, "é" * 30, "AAAA" * 20])
def test_verify_refuses_an_unknown_challenge_without_a_round_trip(
    otp: OtpService, bad: str
) -> None:
    otp.request()
    trips = otp.memory.trips

    assert otp.refuses(bad)
    assert otp.memory.trips == trips


def test_verify_refuses_every_change_of_a_challenge_id(otp: OtpService) -> None:
    issued = otp.request()
    for place in range(len(issued.challenge_id)):
        changed = "B" if issued.challenge_id[place] != "B" else "C"
        forged = issued.challenge_id[:place] + changed + issued.challenge_id[place + 1 :]
        assert otp.refuses(forged)
    otp.verify(issued.challenge_id)


def test_verify_refuses_another_tenants_challenge(otp: OtpService) -> None:
    issued = otp.request(tenant="shop")

    with pytest.raises(OtpInvalid):
        otp.verify(issued.challenge_id, tenant="bank")


def test_a_new_challenge_makes_the_old_one_void(otp: OtpService) -> None:
    first = otp.request()
    first_code = otp.sender.last_code
    otp.clock.advance(61)
    second = otp.request()

    assert otp.refuses(first.challenge_id, first_code)
    otp.verify(second.challenge_id)


def test_challenges_of_two_purposes_live_side_by_side(otp: OtpService) -> None:
    login = otp.request(purpose="login")
    login_code = otp.sender.last_code
    otp.clock.advance(61)
    payment = otp.request(purpose="payment")

    otp.verify(payment.challenge_id)
    otp.verify(login.challenge_id, login_code)


def test_a_code_verifies_only_with_its_context(otp: OtpService) -> None:
    bound = {"amount": "100.00", "payee": "ACME"}
    issued = otp.request(purpose="payment", context=bound)

    for other in ({}, {"amount": "900.00", "payee": "ACME"}):
        with pytest.raises(OtpInvalid):
            otp.verify(issued.challenge_id, context=other)
    otp.verify(issued.challenge_id, context=dict(reversed(bound.items())))


def test_an_unknown_purpose_is_named(otp: OtpService) -> None:
    with pytest.raises(PurposeUnknown):
        otp.request(purpose="lottery")
    assert otp.memory.trips == 0


def test_codes_of_an_old_key_verify_after_rotation(otp: OtpService) -> None:
    issued = otp.request()
    otp.keyring = Keyring(2, {2: b"n" * 32, 1: b"k" * 32})

    otp.verify(issued.challenge_id)


def test_codes_of_a_dropped_key_are_refused(otp: OtpService) -> None:
    issued = otp.request()
    otp.keyring = Keyring(2, {2: b"n" * 32})

    assert otp.refuses(issued.challenge_id)
