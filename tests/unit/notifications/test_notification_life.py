"""A notification's way from its acceptance to its end."""

from __future__ import annotations

import dataclasses

import pytest

from shared.errors import (
    IdempotencyKeyReused,
    MessageNotCancellable,
    QueueUnavailable,
    RequestInvalid,
)
from shared.notifications.message_rows import LEASE_MS
from shared.send_outcome import RefusalKind, SendRefused, SendUnknown
from shared.sms.gateway import SentDetail
from tests.fakes.notifications import (
    OTHER,
    PARAMS,
    PHONE,
    SHIP,
    TENANT,
    NotificationService,
    WorkerDied,
)


def test_accept_queues_and_dispatch_sends_once(service: NotificationService) -> None:
    message_id = service.accept_one()
    assert service.status(message_id) == "queued"

    service.dispatch()

    assert [message.params for message in service.sms.sent] == [PARAMS]
    assert service.status(message_id) == "sent"


def test_a_sent_message_costs_three_round_trips(service: NotificationService) -> None:
    service.accept_one()
    service.dispatch()

    assert service.store.trips == 3


def test_a_batch_of_forty_five_shares_its_round_trips(service: NotificationService) -> None:
    phones = [f"+86138001380{n:02d}" for n in range(45)]
    service.accept(*phones)
    service.dispatch()

    assert len(service.sms.sent) == 45
    assert service.store.trips == 3


def test_a_redelivered_item_is_not_sent_again(service: NotificationService) -> None:
    service.accept_one()
    bodies = service.work.take()

    service.dispatch(bodies)
    service.dispatch(bodies)
    service.dispatch([*bodies, *bodies])

    assert len(service.sms.sent) == 1


def test_a_dedupe_key_is_one_message(service: NotificationService) -> None:
    first = service.accept(dedupe_key="order-1")
    second = service.accept(dedupe_key="order-1")
    service.dispatch()

    assert first.messages[0].message_id == second.messages[0].message_id
    assert (first.is_replay, second.is_replay) == (False, True)
    assert len(service.sms.sent) == 1


def test_a_dedupe_key_for_something_else_is_refused(service: NotificationService) -> None:
    service.accept(dedupe_key="order-1")

    with pytest.raises(IdempotencyKeyReused):
        service.accept(OTHER, dedupe_key="order-1")


@pytest.mark.parametrize(
    "options",
    [
        {"template": "nothing_such"},
        {"params": {"order_no": "A1"}},
        {"params": {**PARAMS, "extra": "x"}},
        {"params": {**PARAMS, "status": "see http://evil.example"}},
        {"send_in_s": -3600},
        {"send_in_s": 10 * 365 * 86_400},
        {"channels": ("email",)},
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_kept(
    service: NotificationService, options: dict[str, object]
) -> None:
    with pytest.raises(RequestInvalid):
        service.accept(**options)  # type: ignore[arg-type]

    assert service.store.trips == 0
    assert service.work.items == []


def test_a_queue_that_fails_is_no_acceptance(service: NotificationService) -> None:
    service.work.fails = 1

    with pytest.raises(QueueUnavailable):
        service.accept()

    service.clock.advance(3600)
    service.sweep()
    assert service.dispatch() == 0


def test_a_keyed_message_that_was_not_queued_is_found_by_the_sweep(
    service: NotificationService,
) -> None:
    """A copy of the request may have been told 202: then it must go out."""
    service.work.fails = 1
    with pytest.raises(QueueUnavailable):
        service.accept(dedupe_key="order-1")
    assert service.accept(dedupe_key="order-1").is_replay

    service.clock.advance(601)
    service.sweep()
    service.dispatch()

    assert len(service.sms.sent) == 1


def test_a_message_that_the_queue_lost_is_queued_again(service: NotificationService) -> None:
    message_id = service.accept_one()
    service.work.take()

    service.clock.advance(601)
    service.sweep()
    service.dispatch()

    assert service.status(message_id) == "sent"


def test_a_worker_that_died_before_the_send_is_made_good(service: NotificationService) -> None:
    message_id = service.accept_one()
    bodies = service.work.take()
    service.sms.outcomes = [SendRefused(RefusalKind.BUSY, "x")]  # nothing goes out
    service.sms.dies_after = 0
    with pytest.raises(WorkerDied):
        service.dispatch(bodies)
    service.dispatch(bodies)
    assert service.sms.sent == []

    service.clock.advance(LEASE_MS / 1000 + 601)
    service.sweep()
    service.dispatch()

    assert len(service.sms.sent) == 1
    assert service.status(message_id) == "sent"


def test_a_worker_that_died_after_the_send_does_not_send_again(
    service: NotificationService,
) -> None:
    message_id = service.accept_one()
    bodies = service.work.take()
    service.sms.dies_after = 1
    with pytest.raises(WorkerDied):
        service.dispatch(bodies)
    service.records.details = [SentDetail("delivered", "DELIVERED", 1, 2, "*")]

    service.clock.advance(LEASE_MS / 1000 + 601)
    service.sweep()
    service.dispatch()
    service.clock.advance(4000)
    service.sweep()

    assert len(service.sms.sent) == 1
    assert service.status(message_id) == "delivered"


def test_a_message_that_a_worker_holds_is_left_alone(service: NotificationService) -> None:
    """The provider may not have heard of it yet."""
    service.accept_one()
    service.clock.advance(599)
    service.sms.dies_after = 1
    with pytest.raises(WorkerDied):
        service.dispatch()

    service.clock.advance(2)
    service.sweep()

    assert service.records.asked == []
    assert service.dispatch() == 0


def test_an_unclear_send_waits_for_the_providers_word(service: NotificationService) -> None:
    message_id = service.accept_one()
    service.sms.outcomes = [SendUnknown("answer_lost")]
    service.dispatch()
    assert service.status(message_id) == "unknown"
    assert service.work.items == []

    service.clock.advance(121)
    service.sweep()
    service.dispatch()

    assert service.records.asked
    assert len(service.sms.sent) == 1
    assert service.status(message_id) == "sent"


def test_an_unclear_send_that_the_provider_knows_is_not_sent_again(
    service: NotificationService,
) -> None:
    message_id = service.accept_one()
    service.sms.outcomes = [SendUnknown("answer_lost")]
    service.dispatch()
    service.records.details = [SentDetail("waiting", "", 1, 0, "*")]

    service.clock.advance(121)
    service.sweep()

    assert service.dispatch() == 0
    assert service.status(message_id) == "sent"


def test_flow_control_waits_out_its_window(service: NotificationService) -> None:
    message_id = service.accept_one()
    service.sms.outcomes = [
        SendRefused(RefusalKind.FLOW_CONTROL, "isv.BUSINESS_LIMIT_CONTROL", 3600)
    ]
    service.dispatch()
    service.clock.advance(3599)
    assert service.dispatch() == 0
    assert service.status(message_id) == "waiting"

    service.clock.advance(1)
    service.dispatch()

    assert service.status(message_id) == "sent"


def test_a_terminal_refusal_is_recorded_and_never_tried_again(
    service: NotificationService,
) -> None:
    message_id = service.accept_one()
    service.sms.outcomes = [SendRefused(RefusalKind.UNAVAILABLE, "isv.SMS_TEMPLATE_ILLEGAL")]
    service.dispatch()
    service.clock.advance(7200)
    service.sweep()

    assert service.dispatch() == 0
    assert service.show(message_id)["reason"] == "isv.SMS_TEMPLATE_ILLEGAL"
    assert service.status(message_id) == "failed"


def test_an_account_error_opens_the_breaker_and_keeps_the_queue(
    service: NotificationService,
) -> None:
    for _ in range(3):
        service.accept(OTHER)
        service.accept(PHONE)
    service.sms.outcomes = [SendRefused(RefusalKind.ACCOUNT, "isv.AMOUNT_NOT_ENOUGH")] * 3
    bodies = service.work.take()
    service.dispatch(bodies[:3])
    calls_left = len(service.sms.outcomes)

    service.dispatch(bodies[3:])
    assert len(service.sms.outcomes) == calls_left, "the open breaker let a call through"
    assert len(service.work.items) == 6

    service.sms.outcomes.clear()
    for _ in range(20):
        service.clock.advance(61)
        service.dispatch()
    assert len(service.sms.sent) == 6


def test_a_limited_template_drops_what_is_too_much() -> None:
    backup = dataclasses.replace(SHIP, per_phone=((1, 600),), when_limited="drop")
    service = NotificationService(templates={SHIP.name: backup})
    first, second = service.accept_one(), service.accept_one()
    for _ in range(3):
        service.dispatch()

    assert len(service.sms.sent) == 1
    assert sorted([service.status(first), service.status(second)]) == ["sent", "suppressed"]


def test_a_budget_is_a_hard_stop() -> None:
    budgets = '{"shop": {"day": {"messages": 10}}}'
    service = NotificationService(budgets=budgets)
    for n in range(30):
        service.accept(f"+86138001380{n:02d}")
    while service.dispatch():
        pass

    assert len(service.sms.sent) == 10


def test_what_was_not_sent_gives_its_budget_back() -> None:
    service = NotificationService(budgets='{"shop": {"day": {"messages": 1}}}')
    service.sms.outcomes = [SendRefused(RefusalKind.NUMBER, "isv.MOBILE_NUMBER_ILLEGAL")]
    service.accept_one()
    service.dispatch()
    message_id = service.accept_one()
    service.dispatch()

    assert service.status(message_id) == "sent"


def test_every_message_of_a_batch_gives_its_own_budget_back() -> None:
    service = NotificationService(budgets='{"shop": {"day": {"messages": 5}}}')
    service.sms.outcomes = [SendRefused(RefusalKind.NUMBER, "isv.MOBILE_NUMBER_ILLEGAL")] * 5
    service.accept(*(f"+86138001380{n:02d}" for n in range(5)))
    service.dispatch()
    service.accept(*(f"+86138001390{n:02d}" for n in range(8)))
    service.dispatch()

    assert len(service.sms.sent) == 5


def test_a_scheduled_message_waits_and_can_be_called_off(service: NotificationService) -> None:
    kept = service.accept_one(send_in_s=86_400)
    dropped = service.accept_one(send_in_s=86_400)
    assert service.status(kept) == "scheduled"
    assert service.messages.cancel(TENANT, dropped)["status"] == "cancelled"
    service.clock.advance(86_399)
    assert service.dispatch() == 0

    service.clock.advance(1)
    service.dispatch()

    assert (service.status(kept), service.status(dropped)) == ("sent", "cancelled")
    with pytest.raises(MessageNotCancellable):
        service.messages.cancel(TENANT, kept)


def test_a_message_beyond_the_queues_delay_is_queued_by_the_sweep(
    service: NotificationService,
) -> None:
    message_id = service.accept_one(send_in_s=30 * 86_400)
    assert service.work.items == []

    service.clock.advance(30 * 86_400)
    service.sweep()
    service.dispatch()

    assert service.status(message_id) == "sent"
