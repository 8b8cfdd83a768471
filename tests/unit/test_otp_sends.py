"""Accepted, refused, unknown: what each does to the challenge and its limits."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from shared.errors import (
    ProviderUnavailable,
    StoreUnavailable,
    Throttled,
)
from shared.rows import RowChange
from shared.send_outcome import RefusalKind, SendRefused, SendUnknown
from tests.fakes.memory_rows import MemoryRows
from tests.fakes.service import KEY, OtpService


def test_a_send_that_certainly_failed_charges_nothing(otp: OtpService) -> None:
    otp.sender.outcomes = [SendRefused(RefusalKind.UNAVAILABLE, "isv.AMOUNT_NOT_ENOUGH")]
    with pytest.raises(ProviderUnavailable):
        otp.request(client_ip="203.0.113.7", key=KEY)

    issued = otp.request(client_ip="203.0.113.7", key=KEY)
    otp.verify(issued.challenge_id)


def test_an_earlier_challenge_stays_void_when_its_successor_could_not_be_sent(
    otp: OtpService,
) -> None:
    first = otp.request()
    code = otp.sender.last_code
    otp.clock.advance(61)
    otp.sender.outcomes = [SendRefused(RefusalKind.UNAVAILABLE, "isv.AMOUNT_NOT_ENOUGH")]
    with pytest.raises(ProviderUnavailable):
        otp.request()

    assert otp.refuses(first.challenge_id, code)


def test_the_providers_flow_control_is_throttled_with_its_window(otp: OtpService) -> None:
    otp.sender.outcomes = [
        SendRefused(RefusalKind.FLOW_CONTROL, "isv.BUSINESS_LIMIT_CONTROL", 3600)
    ]

    with pytest.raises(Throttled) as caught:
        otp.request()

    assert caught.value.retry_after_s == 3600


def test_an_unknown_outcome_is_said_and_the_challenge_lives(otp: OtpService) -> None:
    otp.sender.outcomes = [SendUnknown("answer_lost")]

    issued = otp.request()

    assert not issued.is_confirmed
    row = next(row for key, row in otp.memory.rows.items() if key.item.startswith("challenge"))
    assert (row["state"], row["delivery"]) == ("pending", "unknown")


def test_a_store_that_fails_before_the_send_sends_nothing(otp: OtpService) -> None:
    otp.memory.fail_next = 1
    with pytest.raises(StoreUnavailable):
        otp.request()

    assert otp.sender.sent == []


def test_a_store_that_fails_after_the_send_does_not_take_the_answer_back(otp: OtpService) -> None:
    class FailsAfterFirst(MemoryRows):
        def _trip(self) -> None:
            super()._trip()
            if self.trips == 2:
                raise StoreUnavailable("scripted")

    otp.store = FailsAfterFirst()
    issued = otp.request()

    otp.verify(issued.challenge_id)


def test_a_store_whose_answers_are_lost_for_good_holds_nothing_back(otp: OtpService) -> None:
    """The batch was applied and nobody could say so: what it took is given back unseen."""

    class LosesFirstAnswer(MemoryRows):
        def apply(self, changes: Sequence[RowChange]) -> list[bool]:
            applied = super().apply(changes)
            if self.trips == 1:
                raise StoreUnavailable("lost", maybe_applied=True)
            return applied

    otp.store = LosesFirstAnswer()
    with pytest.raises(StoreUnavailable):
        otp.request(key=KEY)

    assert not otp.request(key=KEY).is_replay


def test_a_change_that_came_late_is_known_for_our_own(otp: OtpService) -> None:
    """The store says no to a row because an earlier copy of the same change is already there."""

    class SaysNoAfterApplying(MemoryRows):
        def apply(self, changes: Sequence[RowChange]) -> list[bool]:
            applied = super().apply(changes)
            return [False] * len(changes) if self.trips == 1 else applied

    otp.store = SaysNoAfterApplying()
    issued = otp.request(client_ip="203.0.113.7", key=KEY)

    assert len(otp.sender.sent) == 1
    assert otp.request(client_ip="203.0.113.7", key=KEY).challenge_id == issued.challenge_id
    otp.verify(issued.challenge_id)


def test_a_store_failure_leaves_the_live_challenge_live(otp: OtpService) -> None:
    issued = otp.request()
    otp.clock.advance(61)

    class LosesOneAnswer(MemoryRows):
        def apply(self, changes: Sequence[RowChange]) -> list[bool]:
            applied = super().apply(changes)
            if self.trips == 1:
                raise StoreUnavailable("lost", maybe_applied=True)
            return applied

    losing = LosesOneAnswer()
    losing.rows = otp.memory.rows
    otp.store = losing
    with pytest.raises(StoreUnavailable):
        otp.request()

    otp.verify(issued.challenge_id)


def test_a_store_that_is_too_slow_sends_nothing(otp: OtpService) -> None:
    class Slow(MemoryRows):
        def _trip(self) -> None:
            super()._trip()
            otp.clock.advance(8.1)

    otp.store = Slow()
    with pytest.raises(StoreUnavailable):
        otp.request()

    assert otp.sender.sent == []
    assert not any("cur_" in column for row in otp.memory.rows.values() for column in row)


def test_a_destination_without_a_template_changes_nothing(otp: OtpService) -> None:
    issued = otp.request()
    otp.clock.advance(61)
    otp.sender.has_template = False
    with pytest.raises(ProviderUnavailable):
        otp.request()

    otp.verify(issued.challenge_id)


def test_the_limit_dates_a_send_to_its_end_not_its_start(otp: OtpService) -> None:
    """The provider sees the message after we did: its minute must be over when ours is."""
    original = otp.sender.send_code

    def slow(**message: object) -> object:
        otp.clock.advance(3)
        return original(**message)  # type: ignore[arg-type]

    otp.sender.send_code = slow  # type: ignore[method-assign,assignment]
    otp.request()
    otp.clock.advance(58)

    with pytest.raises(Throttled) as caught:
        otp.request()
    assert caught.value.retry_after_s == 2
