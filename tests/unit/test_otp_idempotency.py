"""One key, one message, through repetitions and crashes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from shared.errors import (
    ChallengeInvalid,
    IdempotencyInProgress,
    IdempotencyKeyReused,
    PhoneInvalid,
    Throttled,
)
from shared.rows import RowChange
from shared.send_outcome import RefusalKind, SendRefused
from tests.fakes.memory_rows import MemoryRows
from tests.fakes.service import KEY, OTHER, OtpService


def test_the_same_key_replays_the_answer_and_sends_once(otp: OtpService) -> None:
    first = otp.request(key=KEY)
    again = otp.request(key=KEY)
    otp.clock.advance(120)
    later = otp.request(key=KEY)

    assert len(otp.sender.sent) == 1
    assert (again.is_replay, later.is_replay) == (True, True)
    assert again.challenge_id == later.challenge_id == first.challenge_id
    otp.verify(first.challenge_id)


def test_the_same_key_for_another_request_is_refused(otp: OtpService) -> None:
    otp.request(key=KEY)
    otp.clock.advance(61)

    with pytest.raises(IdempotencyKeyReused):
        otp.request(OTHER, key=KEY)
    otp.request(OTHER)


def test_keys_of_two_tenants_do_not_meet(otp: OtpService) -> None:
    otp.request(key=KEY, tenant="shop")

    otp.request(OTHER, key=KEY, tenant="bank")


def test_a_key_is_free_again_after_a_day(otp: OtpService) -> None:
    first = otp.request(key=KEY)
    otp.clock.advance(86_400)

    assert otp.request(key=KEY).challenge_id != first.challenge_id


def test_a_throttled_request_gives_its_key_back(otp: OtpService) -> None:
    otp.request()
    with pytest.raises(Throttled):
        otp.request(key=KEY)
    otp.clock.advance(61)

    assert not otp.request(key=KEY).is_replay


def test_a_final_error_is_replayed(otp: OtpService) -> None:
    otp.sender.outcomes = [SendRefused(RefusalKind.NUMBER, "isv.MOBILE_NUMBER_ILLEGAL")]
    with pytest.raises(PhoneInvalid):
        otp.request(key=KEY)

    with pytest.raises(PhoneInvalid) as caught:
        otp.request(key=KEY)
    assert caught.value.is_replay
    assert [each.field for each in caught.value.problems] == ["phone"]
    assert otp.sender.sent == []


def test_a_refused_resend_is_replayed_too(otp: OtpService) -> None:
    with pytest.raises(ChallengeInvalid):
        otp.request(challenge_id="nothing", key=KEY)

    with pytest.raises(ChallengeInvalid) as caught:
        otp.request(challenge_id="nothing", key=KEY)
    assert caught.value.is_replay


class Crash(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("trip", [1, 2])
def test_a_crash_between_any_two_steps_never_sends_a_second_message(
    otp: OtpService, trip: int
) -> None:
    class Crashes(MemoryRows):
        def apply(self, changes: Sequence[RowChange]) -> list[bool]:
            applied = super().apply(changes) if trip == 1 or self.trips == 0 else []
            if self.trips >= trip or not applied:
                raise Crash
            return applied

    otp.store = Crashes()
    with pytest.raises(Crash):
        otp.request(key=KEY)
    survivor = MemoryRows()
    survivor.rows = otp.store.rows
    otp.store = survivor
    sent = len(otp.sender.sent)

    with pytest.raises(IdempotencyInProgress):
        otp.request(key=KEY)
    otp.clock.advance(61)
    replay = otp.request(key=KEY)

    assert (replay.is_replay, replay.is_confirmed) == (True, False)
    assert len(otp.sender.sent) == sent
