"""Messages that end unsent: each with its letter, and the letter with its message."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from shared.errors import QueueUnavailable
from shared.notifications.dispatch import ATTEMPT_LIMIT
from shared.queue import QueueItem
from shared.send_outcome import RefusalKind, SendRefused, SendUnknown
from shared.templates.book import TemplateBook
from tests.fakes.notifications import SHIP, NotificationService


def test_an_exhausted_message_is_a_dead_letter_that_can_be_driven_again(
    service: NotificationService,
) -> None:
    message_id = service.accept_one()
    service.sms.outcomes = [SendRefused(RefusalKind.BUSY, "Throttling")] * 8
    for _ in range(8):
        service.dispatch()
        service.clock.advance(1000)
    (letter,) = service.letters()
    assert letter["reason"] == "exhausted:Throttling"
    assert service.status(message_id) == "failed"

    import json

    service.dispatch([json.dumps(letter["item"]).encode()])
    assert service.status(message_id) == "sent"
    assert len(service.sms.sent) == 1


def test_a_template_that_is_gone_ends_its_messages_as_dead_letters(
    service: NotificationService,
) -> None:
    message_id = service.accept_one()
    service.book = TemplateBook({})
    bodies = service.work.take()

    service.dispatch(bodies)
    service.dispatch(bodies)  # the queue brings it twice

    (letter, copy) = service.letters()
    assert letter["reason"] == copy["reason"] == "no_template"
    assert service.status(message_id) == "failed"
    service.book = TemplateBook({SHIP.name: SHIP})
    service.dispatch([json.dumps(letter["item"]).encode(), json.dumps(copy["item"]).encode()])
    assert len(service.sms.sent) == 1
    assert service.status(message_id) == "sent"


def test_a_template_that_is_gone_buries_nothing_that_was_sent(
    service: NotificationService,
) -> None:
    message_id = service.accept_one()
    bodies = service.work.take()
    service.dispatch(bodies)
    service.book = TemplateBook({})

    service.dispatch(bodies)

    assert service.letters() == []
    assert service.status(message_id) == "sent"


def test_a_message_ends_dead_only_once_its_letter_is_written(service: NotificationService) -> None:
    """A worker that dies between the two must not leave an end that nobody can find."""
    message_id = service.accept_one()
    for _ in range(ATTEMPT_LIMIT - 1):
        service.sms.outcomes = [SendRefused(RefusalKind.BUSY, "x")]
        service.dispatch()
        service.clock.advance(1000)
    service.sms.outcomes = [SendRefused(RefusalKind.BUSY, "x")]
    seen: list[str] = []
    put = service.dead.put

    def watched(items: Sequence[QueueItem]) -> int:
        seen.append(service.status(message_id))
        return put(items)

    service.dead.put = watched  # type: ignore[method-assign]
    service.dispatch()

    assert seen == ["sending"]
    assert service.status(message_id) == "failed"


@pytest.mark.parametrize("is_template_gone", [True, False])
def test_a_letter_that_the_queue_does_not_take_is_written_later(
    service: NotificationService, is_template_gone: bool
) -> None:
    message_id = service.accept_one()
    if is_template_gone:
        service.book = TemplateBook({})
        bodies = service.work.take()
        service.dead.fails = 1
        with pytest.raises(QueueUnavailable):
            service.dispatch(bodies)
        service.dispatch(bodies)  # the queue brings it again
    else:
        service.sms.outcomes = [SendRefused(RefusalKind.BUSY, "x")] * (ATTEMPT_LIMIT + 1)
        service.dead.fails = 1
        for _ in range(ATTEMPT_LIMIT + 1):
            service.dispatch()
            service.clock.advance(1000)

    assert len(service.letters()) == 1
    assert service.status(message_id) == "failed"


def test_a_send_that_is_never_confirmed_ends_with_a_letter(service: NotificationService) -> None:
    message_id = service.accept_one()
    for _ in range(20):
        service.sms.outcomes = [SendUnknown("answer_lost")]
        service.dispatch()
        service.clock.advance(4000)
        service.sweep()

    (letter,) = service.letters()
    assert letter["reason"] == "never_confirmed"
    assert service.status(message_id) == "failed"
