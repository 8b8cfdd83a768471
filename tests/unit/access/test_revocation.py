"""A key that is revoked opens nothing within a minute, and asking for it costs no round trip."""

from __future__ import annotations

import pytest

from shared.access.api_keys import hash_key
from shared.access.revocation import CHECK_EVERY_MS, KeyCheck, Revocations, key_row, revocation
from shared.errors import NotFound, OtpInvalid, StoreUnavailable, Unauthenticated
from shared.notifications.view import ShowMessages
from tests.fakes.hands import HandClock
from tests.fakes.memory_rows import MemoryRows
from tests.fakes.notifications import TENANT, NotificationService
from tests.fakes.service import OTHER
from tests.unit.access.acceptance import accept
from tests.unit.access.endpoints import KEY, SECOND, Endpoints

DIGEST = hash_key(KEY)


def check_of(book: Revocations) -> KeyCheck:
    check = book.check(DIGEST)
    assert check is not None
    return check


def end(store: MemoryRows, clock: HandClock) -> None:
    store.apply([revocation(DIGEST, clock.now_ms())])


@pytest.mark.parametrize("asked_before_s", [0, 1, 20, 49, 50, 59])
def test_a_revoked_key_is_refused_after_at_most_a_minute(asked_before_s: int) -> None:
    """However old the last answer was when the key was revoked."""
    at = Endpoints()
    assert at.request()[0] == 202
    at.otp.clock.advance(asked_before_s)
    at.revoke()

    at.otp.clock.advance(60)

    assert at.request(body={"phone": OTHER})[0] == 401
    assert len(at.otp.sender.sent) == 1


def test_a_revoked_key_is_never_believed_again_and_then_costs_no_trip() -> None:
    at = Endpoints()
    at.revoke()
    assert at.request()[0] == 401

    trips = at.otp.memory.trips
    for _ in range(3):
        at.otp.clock.advance(3600)
        assert at.request()[0] == 401

    assert at.otp.memory.trips == trips


def test_a_request_whose_key_is_revoked_gives_back_all_that_it_took() -> None:
    at = Endpoints()
    at.revoke()
    assert at.request(headers={"Idempotency-Key": "a" * 20})[0] == 401

    status, _ = at.request(key=SECOND, headers={"Idempotency-Key": "a" * 20})

    assert status == 202, "the minute's one send, or the key, was not given back"


def test_a_replay_is_refused_as_well() -> None:
    at = Endpoints()
    headers = {"Idempotency-Key": "a" * 20}
    assert at.request(headers=headers)[0] == 202
    at.otp.clock.advance(1)
    at.revoke()
    at.otp.clock.advance(60)

    assert at.request(headers=headers)[0] == 401


def test_the_question_rides_along_at_most_once_a_minute() -> None:
    at = Endpoints()
    status, issued = at.request()
    assert (status, at.otp.memory.trips) == (202, 2)

    assert at.verify(issued["challenge_id"])[0] == 200
    assert at.otp.memory.trips == 3
    assert at.otp.memory.rows[key_row(DIGEST)] == {"seen_ms": at.otp.clock.now_ms()}

    at.otp.clock.advance(61)
    _, issued = at.request()
    assert at.otp.memory.trips == 5
    assert at.otp.memory.rows[key_row(DIGEST)] == {"seen_ms": at.otp.clock.now_ms()}


def test_a_right_code_by_a_revoked_key_verifies_nothing_and_counts() -> None:
    at = Endpoints()
    _, issued = at.request(key=SECOND)
    at.revoke()

    assert at.verify(issued["challenge_id"])[0] == 401
    assert at.verify(issued["challenge_id"], key=SECOND)[0] == 422


def test_wrong_codes_by_a_revoked_key_spend_the_attempts() -> None:
    at = Endpoints()
    _, issued = at.request(key=SECOND)
    at.revoke()
    at.verify(issued["challenge_id"], at.otp.wrong_code())

    guesses = [at.verify(issued["challenge_id"], at.otp.wrong_code(), key=SECOND) for _ in "12"]

    assert [status for status, _ in guesses] == [422, 422]
    assert at.verify(issued["challenge_id"], key=SECOND)[0] == 422


def test_a_tenants_other_key_stays_good() -> None:
    at = Endpoints()
    at.revoke()

    assert at.request()[0] == 401
    assert at.request(key=SECOND)[0] == 202


def test_a_clock_that_was_set_back_asks_again() -> None:
    clock, store = HandClock(), MemoryRows()
    book = Revocations(clock)
    check_of(book).ask(store)
    assert book.check(DIGEST) is None

    clock.advance(-3600)

    assert book.check(DIGEST) is not None


def test_an_answer_is_as_old_as_its_question() -> None:
    clock, store = HandClock(), MemoryRows()
    book = Revocations(clock)
    check = check_of(book)
    clock.advance(CHECK_EVERY_MS / 1000 - 1)
    check.ask(store)
    assert book.check(DIGEST) is None

    clock.advance(1)

    assert book.check(DIGEST) is not None


def test_a_store_that_fails_answers_nothing() -> None:
    clock, store = HandClock(), MemoryRows()
    book = Revocations(clock)
    store.fail_next = 1
    with pytest.raises(StoreUnavailable):
        check_of(book).ask(store)

    assert book.check(DIGEST) is not None


def test_a_late_copy_of_the_question_does_not_bring_a_key_back() -> None:
    clock, store = HandClock(), MemoryRows()
    change = check_of(Revocations(clock)).change()
    end(store, clock)

    assert store.apply([change]) == [False]
    with pytest.raises(Unauthenticated):
        check_of(Revocations(clock)).ask(store)


def test_a_second_revocation_keeps_the_time_of_the_first() -> None:
    clock, store = HandClock(), MemoryRows()
    end(store, clock)
    first = store.rows[key_row(DIGEST)]
    clock.advance(60)

    assert store.apply([revocation(DIGEST, clock.now_ms())]) == [False]
    assert store.rows[key_row(DIGEST)] == first


# --- notifications -----------------------------------------------------------------------------


def shows(service: NotificationService, check: KeyCheck) -> ShowMessages:
    return ShowMessages(
        store=check.along(service.store),
        ranges=service.store,
        rows=service.rows,
        clock=service.clock,
    )


@pytest.mark.parametrize("dedupe_key", [None, "order-1"])
def test_a_notification_by_a_revoked_key_is_called_off(dedupe_key: str | None) -> None:
    service = NotificationService()
    book = Revocations(service.clock)
    end(service.store, service.clock)

    with pytest.raises(Unauthenticated):
        accept(service, dedupe_key=dedupe_key, check=check_of(book))

    service.clock.advance(3600)
    assert service.dispatch() == 0
    service.sweep()
    service.dispatch()
    assert service.sms.sent == []


def test_the_question_of_a_notification_costs_no_trip() -> None:
    service = NotificationService()
    book = Revocations(service.clock)

    accept(service, check=check_of(book))

    assert service.store.trips == 1
    assert book.check(DIGEST) is None


def test_a_message_is_read_in_one_trip_with_its_readers_key() -> None:
    service = NotificationService()
    message_id = service.accept_one()
    book, trips = Revocations(service.clock), service.store.trips

    assert shows(service, check_of(book)).one(TENANT, message_id)["status"] == "queued"

    assert service.store.trips == trips + 1
    assert book.check(DIGEST) is None


@pytest.mark.parametrize("deed", ["one", "cancel"])
def test_a_revoked_key_neither_reads_nor_cancels(deed: str) -> None:
    service = NotificationService()
    message_id = service.accept_one()
    end(service.store, service.clock)
    messages = shows(service, check_of(Revocations(service.clock)))

    with pytest.raises(Unauthenticated):
        getattr(messages, deed)(TENANT, message_id)

    assert service.status(message_id) == "queued"


def test_a_message_that_is_not_there_is_no_way_round_the_question() -> None:
    service = NotificationService()
    end(service.store, service.clock)
    message_id = "msg_" + "0" * 48

    with pytest.raises(NotFound):
        shows(service, check_of_unrevoked(service)).one(TENANT, message_id)
    with pytest.raises(Unauthenticated):
        shows(service, check_of(Revocations(service.clock))).one(TENANT, message_id)


def check_of_unrevoked(service: NotificationService) -> KeyCheck:
    check = Revocations(service.clock).check(hash_key(SECOND))
    assert check is not None
    return check


def test_what_along_writes_first_asks_first() -> None:
    clock, store = HandClock(), MemoryRows()
    end(store, clock)
    rows = check_of(Revocations(clock)).along(store)

    with pytest.raises(Unauthenticated):
        rows.apply([revocation("0" * 64, 1)])

    assert key_row("0" * 64) not in store.rows


def test_an_unknown_challenge_costs_a_revoked_key_nothing_and_tells_it_nothing() -> None:
    at = Endpoints()
    at.revoke()

    assert at.verify("made-up", "123456")[0] == 422
    with pytest.raises(OtpInvalid):
        at.otp.verify("made-up", "123456")
