"""The rules of request and verify, over a store in memory."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from shared.errors import (
    ChallengeInvalid,
    IdempotencyInProgress,
    IdempotencyKeyReused,
    OtpInvalid,
    PhoneInvalid,
    ProviderUnavailable,
    PurposeUnknown,
    StoreUnavailable,
    Throttled,
)
from shared.otp.keyring import Keyring
from shared.rows import RowChange
from shared.send_outcome import RefusalKind, SendRefused, SendUnknown
from tests.fakes.memory_rows import MemoryRows
from tests.fakes.service import PHONE, OtpService

OTHER = "+8613900139000"
KEY = "k" * 20


@pytest.fixture
def otp() -> OtpService:
    return OtpService()


def refused(service: OtpService, challenge_id: str, code: str | None = None) -> bool:
    try:
        service.verify(challenge_id, code)
    except OtpInvalid:
        return True
    return False


# --- a code and its challenge ---------------------------------------------------------------


def test_request_then_verify_opens_the_door(otp: OtpService) -> None:
    issued = otp.request()

    verified = otp.verify(issued.challenge_id)

    assert (verified.challenge_id, verified.purpose) == (issued.challenge_id, "login")
    assert (issued.expires_in_s, issued.resend_after_s, issued.code_length) == (300, 60, 6)


def test_happy_path_costs_two_round_trips_and_verify_one(otp: OtpService) -> None:
    issued = otp.request(client_ip="203.0.113.7", key=KEY)
    assert otp.memory.trips == 2

    assert refused(otp, issued.challenge_id, otp.wrong_code())
    assert otp.memory.trips == 3
    otp.verify(issued.challenge_id)
    assert otp.memory.trips == 4


def test_verify_refuses_a_used_code(otp: OtpService) -> None:
    issued = otp.request()
    otp.verify(issued.challenge_id)

    assert refused(otp, issued.challenge_id)


def test_verify_refuses_an_expired_code_at_its_last_moment(otp: OtpService) -> None:
    issued = otp.request()
    otp.clock.advance(issued.expires_at - otp.clock.now_ms() / 1000)

    assert refused(otp, issued.challenge_id)


def test_verify_takes_a_code_just_before_it_expires(otp: OtpService) -> None:
    issued = otp.request()
    otp.clock.advance(299)

    otp.verify(issued.challenge_id)


def test_verify_evaluates_three_guesses_and_no_more(otp: OtpService) -> None:
    issued = otp.request()
    for _ in range(3):
        assert refused(otp, issued.challenge_id, otp.wrong_code())

    assert refused(otp, issued.challenge_id)


def test_verify_takes_the_right_code_as_third_guess(otp: OtpService) -> None:
    issued = otp.request()
    for _ in range(2):
        assert refused(otp, issued.challenge_id, otp.wrong_code())

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

    assert refused(otp, bad)
    assert otp.memory.trips == trips


def test_verify_refuses_every_change_of_a_challenge_id(otp: OtpService) -> None:
    issued = otp.request()
    for place in range(len(issued.challenge_id)):
        changed = "B" if issued.challenge_id[place] != "B" else "C"
        forged = issued.challenge_id[:place] + changed + issued.challenge_id[place + 1 :]
        assert refused(otp, forged)
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

    assert refused(otp, first.challenge_id, first_code)
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

    assert refused(otp, issued.challenge_id)


# --- resend -----------------------------------------------------------------------------------


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
        refused(otp, issued.challenge_id, otp.wrong_code())
    otp.clock.advance(61)
    otp.request(challenge_id=issued.challenge_id)

    assert refused(otp, issued.challenge_id)


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


# --- limits -----------------------------------------------------------------------------------


def test_second_request_within_a_minute_is_throttled_over_all_purposes(otp: OtpService) -> None:
    otp.request()
    otp.clock.advance(20)

    with pytest.raises(Throttled) as caught:
        otp.request(purpose="signup")

    assert (caught.value.quota.policy, caught.value.retry_after_s) == ("phone_minute", 40)


def test_phones_are_limited_over_all_tenants(otp: OtpService) -> None:
    otp.request(tenant="shop")

    with pytest.raises(Throttled):
        otp.request(tenant="bank")


def test_five_an_hour_and_the_sixth_waits_for_the_first_to_leave(otp: OtpService) -> None:
    for _ in range(5):
        otp.request()
        otp.clock.advance(61)

    with pytest.raises(Throttled) as caught:
        otp.request()

    assert caught.value.quota.policy == "phone_hour"
    assert caught.value.retry_after_s == 3600 - 5 * 61
    otp.clock.advance(caught.value.retry_after_s - 1)
    with pytest.raises(Throttled):
        otp.request()
    otp.clock.advance(1)
    otp.request()


def test_ten_in_a_rolling_day_and_the_eleventh_waits(otp: OtpService) -> None:
    for _ in range(10):
        otp.request()
        otp.clock.advance(1200)

    with pytest.raises(Throttled) as caught:
        otp.request()

    assert caught.value.quota.policy == "phone_day"
    assert caught.value.retry_after_s == 86_400 - 12_000
    otp.clock.advance(caught.value.retry_after_s)
    otp.request()


def test_a_rolling_hour_never_holds_six(otp: OtpService) -> None:
    """Ask every 50 seconds for a day: no stretch of an hour may hold more than five sends."""
    times_ms: list[int] = []
    for _ in range(1800):
        try:
            otp.request()
            times_ms.append(otp.clock.now_ms())
        except Throttled:
            pass
        otp.clock.advance(50)

    for start in times_ms:
        assert sum(start <= each < start + 3_600_000 for each in times_ms) <= 5
    assert sum(each < times_ms[0] + 86_400_000 for each in times_ms) == 10


def test_an_address_is_limited_over_all_phones(otp: OtpService) -> None:
    for number in range(60):
        otp.request(f"+86138001380{number:02d}", client_ip="203.0.113.7")

    with pytest.raises(Throttled) as caught:
        otp.request(OTHER, client_ip="203.0.113.7")

    assert caught.value.quota.policy == "ip_hour"
    otp.request(OTHER, client_ip="203.0.113.8")


def test_a_request_refused_for_its_address_leaves_the_live_challenge_live(
    otp: OtpService,
) -> None:
    for number in range(60):
        otp.request(f"+86138001380{number:02d}", client_ip="203.0.113.7")
    issued = otp.request(OTHER)
    otp.clock.advance(61)

    with pytest.raises(Throttled):
        otp.request(OTHER, client_ip="203.0.113.7")

    otp.verify(issued.challenge_id)
    otp.request(OTHER)  # and the phone was not charged either


def test_a_withdrawn_request_never_revives_a_void_challenge(otp: OtpService) -> None:
    first = otp.request(OTHER)
    first_code = otp.sender.last_code
    otp.clock.advance(61)
    otp.sender.outcomes = [SendRefused(RefusalKind.UNAVAILABLE, "isv.AMOUNT_NOT_ENOUGH")]
    with pytest.raises(ProviderUnavailable):
        otp.request(OTHER)
    for number in range(60):
        otp.request(f"+86138001380{number:02d}", client_ip="203.0.113.7")
    with pytest.raises(Throttled):
        otp.request(OTHER, client_ip="203.0.113.7")

    assert refused(otp, first.challenge_id, first_code)


def test_a_phone_gets_thirty_guesses_a_rolling_day(otp: OtpService) -> None:
    """Ten sends with three wrong guesses each; the next wait is for both budgets."""
    start_ms = otp.clock.now_ms()
    for _ in range(10):
        issued = otp.request()
        for _ in range(4):
            refused(otp, issued.challenge_id, otp.wrong_code())
        otp.clock.advance(1200)

    row = next(row for key, row in otp.memory.rows.items() if key.item == "phone")
    assert sum(column.startswith("g_at_") for column in row) == 30
    otp.clock.advance(86_400 - (otp.clock.now_ms() - start_ms) / 1000)
    issued = otp.request()
    otp.verify(issued.challenge_id)


def test_a_spent_guess_budget_closes_requests_but_not_with_another_answer(
    otp: OtpService,
) -> None:
    issued = otp.request()
    row = next(row for key, row in otp.memory.rows.items() if key.item == "phone")
    now_ms = otp.clock.now_ms()
    row.update({f"g_at_{n:016x}": now_ms for n in range(30)})
    row["g_n86400"] = 30

    assert refused(otp, issued.challenge_id)
    otp.clock.advance(61)
    with pytest.raises(Throttled) as caught:
        otp.request()
    assert caught.value.quota.policy == "phone_guesses"
    assert caught.value.retry_after_s == 86_400 - 61


def test_knowing_the_number_alone_spends_no_guess(otp: OtpService) -> None:
    issued = otp.request()
    other = otp.request(OTHER)
    for _ in range(40):
        refused(otp, other.challenge_id[:-1], "000000")

    otp.verify(issued.challenge_id, otp.sender.sent[0][1])


def test_forms_of_one_number_share_their_limits(otp: OtpService) -> None:
    otp.request("+86 138 0013 8000")

    for form in ("008613800138000", "13800138000", "＋８６１３８００１３８０００"):
        with pytest.raises(Throttled):
            otp.request(form)


def test_a_success_tells_the_tightest_limit_of_the_phone(otp: OtpService) -> None:
    quota = otp.request().quota

    assert quota is not None
    assert (quota.policy, quota.remaining, quota.reset_s) == ("phone_minute", 0, 60)


# --- how a send ends --------------------------------------------------------------------------


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

    assert refused(otp, first.challenge_id, code)


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


# --- idempotency ------------------------------------------------------------------------------


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


# --- what the store holds -----------------------------------------------------------------------


def test_the_store_holds_neither_code_nor_number(otp: OtpService) -> None:
    issued = otp.request(client_ip="203.0.113.7", key=KEY)
    held = repr(otp.memory.rows)

    assert otp.sender.last_code not in held.replace(issued.challenge_id, "")
    assert "13800138000" not in held
    assert "203.0.113.7" not in held


def test_two_ids_of_one_phone_have_nothing_in_common(otp: OtpService) -> None:
    first = otp.request().challenge_id
    otp.clock.advance(61)
    second = otp.request().challenge_id

    assert sum(a == b for a, b in zip(first, second, strict=True)) < 12


def test_a_clock_set_back_does_not_lengthen_a_codes_life(otp: OtpService) -> None:
    issued = otp.request()
    otp.clock.advance(-3600)

    assert refused(otp, issued.challenge_id)


def test_a_small_difference_of_clocks_does_no_harm(otp: OtpService) -> None:
    issued = otp.request()
    otp.clock.advance(-5)

    otp.verify(issued.challenge_id)
