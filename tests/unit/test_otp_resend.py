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
    for _ in range(2):
        assert otp.refuses(issued.challenge_id, otp.wrong_code())
    otp.clock.advance(61)
    otp.request(challenge_id=issued.challenge_id)

    assert otp.refuses(issued.challenge_id, otp.wrong_code())
    assert otp.refuses(issued.challenge_id)


@pytest.mark.parametrize("was_guessed_too_late", [True, False])
def test_resend_of_a_challenge_without_attempts_is_refused_and_tells_nothing(
    otp: OtpService, was_guessed_too_late: bool
) -> None:
    """No message for a code that cannot open anything, and the same answer whether or not a
    guess beyond the last attempt was right.
    """
    issued = otp.request()
    for _ in range(3):
        otp.refuses(issued.challenge_id, otp.wrong_code())
    otp.refuses(issued.challenge_id, None if was_guessed_too_late else otp.wrong_code())
    otp.clock.advance(61)

    with pytest.raises(ChallengeInvalid):
        otp.request(challenge_id=issued.challenge_id)
    assert len(otp.sender.sent) == 1


@pytest.mark.parametrize("was_guessed_too_late", [True, False])
def test_resend_for_a_phone_without_guesses_has_one_answer(
    otp: OtpService, was_guessed_too_late: bool
) -> None:
    issued = otp.request()
    row = next(row for key, row in otp.memory.rows.items() if key.item == "phone")
    row.update({f"g_at_{n:016x}_w10000": otp.clock.now_ms() for n in range(30)}, g_n86400=300_000)
    otp.refuses(issued.challenge_id, None if was_guessed_too_late else otp.wrong_code())
    otp.clock.advance(61)

    with pytest.raises(Throttled) as caught:
        otp.request(challenge_id=issued.challenge_id)
    assert caught.value.quota.policy == "phone_guesses"


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
