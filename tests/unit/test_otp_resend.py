"""The same code once more."""

from __future__ import annotations

import pytest

from shared.errors import (
    ChallengeInvalid,
    ProviderUnavailable,
    Throttled,
)
from shared.send_outcome import RefusalKind, SendRefused
from tests.fakes.service import OTHER, PHONE, OtpService


def test_resend_brings_the_same_code_and_does_not_extend_it(otp: OtpService) -> None:
    issued = otp.request()
    code = otp.sender.last_code
    otp.clock.advance(61)

    again = otp.request(challenge_id=issued.challenge_id)

    assert otp.sender.last_code == code
    assert (again.challenge_id, again.expires_at) == (issued.challenge_id, issued.expires_at)
    assert again.expires_in_s == 239
    otp.verify(issued.challenge_id)


def test_resend_costs_two_round_trips(otp: OtpService) -> None:
    issued = otp.request()
    otp.clock.advance(61)
    before = otp.memory.trips

    otp.request(challenge_id=issued.challenge_id)

    assert otp.memory.trips - before == 2


def test_resend_inside_the_cool_down_is_throttled_and_harmless(otp: OtpService) -> None:
    issued = otp.request()
    otp.clock.advance(10)

    with pytest.raises(Throttled) as caught:
        otp.request(challenge_id=issued.challenge_id)

    assert caught.value.retry_after_s == 50
    otp.verify(issued.challenge_id)


def test_resend_does_not_give_new_attempts(otp: OtpService) -> None:
    issued = otp.request()
    for _ in range(3):
        otp.refuses(issued.challenge_id, otp.wrong_code())
    otp.clock.advance(61)
    otp.request(challenge_id=issued.challenge_id)

    assert otp.refuses(issued.challenge_id)


def test_resend_of_a_used_challenge_is_refused(otp: OtpService) -> None:
    issued = otp.request()
    otp.verify(issued.challenge_id)
    otp.clock.advance(61)

    with pytest.raises(ChallengeInvalid):
        otp.request(challenge_id=issued.challenge_id)


@pytest.mark.parametrize(
    "change",
    [
        {"phone": OTHER},
        {"purpose": "signup"},
        {"tenant": "bank"},
        {"challenge_id": "no-such-challenge"},
        {"context": {"amount": "1"}},
    ],
)
def test_resend_of_a_challenge_that_is_not_this_one_is_refused_and_costs_nothing(
    otp: OtpService, change: dict[str, str]
) -> None:
    issued = otp.request()
    otp.clock.advance(61)

    with pytest.raises(ChallengeInvalid):
        otp.request(**{"challenge_id": issued.challenge_id, **change})  # type: ignore[arg-type]

    assert len(otp.sender.sent) == 1
    otp.request(change.get("phone", PHONE))  # nothing was charged against the phone


def test_resend_of_an_expired_challenge_is_refused(otp: OtpService) -> None:
    issued = otp.request()
    otp.clock.advance(301)

    with pytest.raises(ChallengeInvalid):
        otp.request(challenge_id=issued.challenge_id)


def test_resend_that_fails_leaves_the_code_valid(otp: OtpService) -> None:
    issued = otp.request()
    code = otp.sender.last_code
    otp.clock.advance(61)
    otp.sender.outcomes = [SendRefused(RefusalKind.UNAVAILABLE, "isv.AMOUNT_NOT_ENOUGH")]

    with pytest.raises(ProviderUnavailable):
        otp.request(challenge_id=issued.challenge_id)

    otp.verify(issued.challenge_id, code)
