"""What a queue does on either cloud: each test makes a queue of a random name and deletes it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from mns.account import Account
from mns.queue import Message, QueueMeta
from mns.queue import Queue as SdkQueue
from mns.topic import TopicMeta

from infra.queues import QUEUES, apply_queues, planned_changes
from shared.aliyun.credentials import RoleCredentials, bind_credentials
from shared.aliyun.smq import SmqQueue, connect
from shared.clock import SystemClock
from shared.letters.model import Count
from shared.letters.smq import SmqDeadLetters
from shared.queue import QueueItem
from tests.contract.places import TRIES, QueuePlace, queue_code

VISIBILITY_S = 4


def random_name() -> str:
    return f"sesame-live-{secrets.token_hex(4)}"


@pytest.fixture
def made(queues: QueuePlace) -> Iterator[SdkQueue]:
    """A queue of the SDK's."""
    client = connect(queues.service.endpoint)
    queue = SdkQueue(random_name(), client)
    with ExitStack() as stack:
        stack.callback(client.close_connection)
        queue.create(QueueMeta(vis_timeout=VISIBILITY_S, msg_ttl=600))
        stack.callback(queue.delete)
        yield queue


@pytest.fixture
def queue(queues: QueuePlace, made: SdkQueue) -> Iterator[SmqQueue]:
    """The product's way into it."""
    opened = SmqQueue(queues.service.endpoint, made.queue_name, clock=SystemClock())
    yield opened
    opened.close()


@pytest.fixture
def letters(queues: QueuePlace, made: SdkQueue) -> Iterator[SmqDeadLetters]:
    """The product's way of looking at it."""
    opened = SmqDeadLetters(queues.service.endpoint, made.queue_name, wait_s=queues.poll_s)
    yield opened
    opened.close()


def account_of(queues: QueuePlace) -> Account:
    key = queues.service.key
    return Account(
        queues.service.endpoint, key.access_key_id, key.access_key_secret, key.security_token
    )


def received(queues: QueuePlace, queue: SdkQueue) -> list[Any]:  # the SDK's untyped messages
    """What can be received now."""
    found: list[Any] = []
    code = queue_code(lambda: found.extend(queue.batch_receive_message(16, queues.poll_s)))
    assert code in ("OK", "MessageNotExist")
    return found


def bodies(queues: QueuePlace, queue: SdkQueue, count: int) -> list[str]:
    """`count` bodies, or fewer after a few tries; each is deleted."""
    found: list[str] = []
    for _ in range(count + TRIES):
        messages = received(queues, queue)
        if messages:
            queue.batch_delete_message([message.receipt_handle for message in messages])
        found += [message.message_body.decode() for message in messages]
        if len(found) >= count:
            break
    return sorted(found)


def test_what_is_put_arrives_as_it_was(queues: QueuePlace, queue: SmqQueue, made: SdkQueue) -> None:
    put = [*(QueueItem(f"{n:02d}") for n in range(17)), QueueItem('{"a": "你好 <&>\\u0000😀"}')]

    assert queue.put(put) == 18
    assert bodies(queues, made, 18) == sorted(item.body for item in put)


def test_two_bodies_that_just_fit_one_request_are_taken(
    queues: QueuePlace, queue: SmqQueue, made: SdkQueue
) -> None:
    """Inferred: that the limit of a batch is of all of its bodies as they are sent."""
    assert queue.put([QueueItem("x" * 24_000), QueueItem("y" * 24_000)]) == 2
    assert [len(body) for body in bodies(queues, made, 2)] == [24_000, 24_000]


def test_what_was_received_comes_back_after_its_time(
    queues: QueuePlace, queue: SmqQueue, made: SdkQueue
) -> None:
    queue.put([QueueItem("again")])
    (first,) = queues.until(lambda: received(queues, made), bool)
    hidden = received(queues, made)
    queues.wait(VISIBILITY_S)

    (second,) = queues.until(lambda: received(queues, made), bool)

    assert hidden == []
    assert (first.message_id, first.dequeue_count) == (second.message_id, 1)
    assert second.dequeue_count == 2


def test_a_message_can_be_hidden_for_longer(
    queues: QueuePlace, queue: SmqQueue, made: SdkQueue
) -> None:
    queue.put([QueueItem("kept")])
    (first,) = queues.until(lambda: received(queues, made), bool)

    changed = made.change_message_visibility(first.receipt_handle, 60)
    queues.wait(VISIBILITY_S + 1)

    assert received(queues, made) == []
    made.delete_message(changed.receipt_handle)


def test_a_delayed_item_comes_later(queues: QueuePlace, queue: SmqQueue, made: SdkQueue) -> None:
    queue.put([QueueItem("later", 8), QueueItem("now")])

    assert bodies(queues, made, 1) == ["now"]
    queues.wait(8)
    assert bodies(queues, made, 1) == ["later"]


def test_dead_letters_are_looked_at_counted_and_taken(
    queues: QueuePlace, queue: SmqQueue, letters: SmqDeadLetters
) -> None:
    letter = {"reason": "expired", "at": 1, "queue": "sesame-events", "item": {"a": 1}}
    queue.put([QueueItem(json.dumps(letter))])

    (seen,) = queues.until(letters.peek, bool)
    again = letters.peek()
    count = queues.until(letters.count, lambda found: found == Count(1, 0))
    (held,) = letters.take()

    assert (seen.letter.reason, seen.letter.queue) == ("expired", "sesame-events")
    assert [each.message_id for each in again] == [seen.message_id] == [held.message_id]
    assert count == Count(1, 0)
    assert letters.delete(held)
    assert letters.peek() == []


@pytest.mark.filterwarnings(
    "ignore:Call to deprecated function .* (active|inactive|delay)_messages:DeprecationWarning"
)
def test_queues_of_a_stage_have_the_attributes_they_were_given(queues: QueuePlace) -> None:
    stage, account = f"live-{secrets.token_hex(4)}", account_of(queues)
    with ExitStack() as stack:
        stack.callback(account.get_client().close_connection)
        for spec in QUEUES:
            stack.callback(account.get_queue(spec.name_in(stage)).delete)

        made = apply_queues(account, stage)

        assert [change.verb for change in made] == ["make"] * len(QUEUES)
        assert queues.until(lambda: planned_changes(account, stage), lambda left: not left) == []


def test_one_bad_message_refuses_its_batch(queues: QueuePlace, made: SdkQueue) -> None:
    """Inferred: that the others are not taken."""
    batch = [Message("good", 0), Message("bad", 604_801)]

    assert queue_code(lambda: made.batch_send_message(batch)) == "InvalidArgument"
    assert received(queues, made) == []


def test_a_batch_of_deletes_names_what_it_could_not_delete(
    queues: QueuePlace, queue: SmqQueue, made: SdkQueue
) -> None:
    """Inferred: the status 404, by which the SDK takes the answer for an error."""
    queue.put([QueueItem("one")])
    (message,) = queues.until(lambda: received(queues, made), bool)
    made.delete_message(message.receipt_handle)

    code = queue_code(lambda: made.batch_delete_message([message.receipt_handle]))

    assert code in ("MessageNotExist", "ReceiptHandleError")


def test_a_message_that_nobody_received_has_no_time_of_it(
    queues: QueuePlace, queue: SmqQueue, made: SdkQueue
) -> None:
    """Inferred: 0."""
    queue.put([QueueItem("new")])
    looked: list[Any] = []  # the SDK's untyped messages

    queues.until(
        lambda: queue_code(lambda: looked.append(made.peek_message())), lambda code: code == "OK"
    )

    assert [(each.first_dequeue_time, each.dequeue_count) for each in looked] == [(0, 0)]


def test_a_wrong_token_is_refused(queues: QueuePlace, made: SdkQueue) -> None:
    """Inferred: the code, for which the vendor's page has no word."""
    key = queues.service.key
    bind_credentials(RoleCredentials(key.access_key_id, key.access_key_secret, "no-token"))
    try:
        code = queue_code(made.peek_message)
    finally:
        bind_credentials(key)

    assert code == "AccessDenied"


def test_a_queue_that_is_not_there_can_be_deleted(queues: QueuePlace) -> None:
    client = connect(queues.service.endpoint)
    gone = SdkQueue(random_name(), client)

    assert queue_code(gone.delete) == "OK"
    assert queue_code(gone.peek_message) == "QueueNotExist"
    client.close_connection()


def test_a_topics_name_has_no_underscore(queues: QueuePlace) -> None:
    """Inferred: the code."""
    account = account_of(queues)
    topic = account.get_topic(f"{random_name()}_topic")
    code = queue_code(lambda: topic.create(TopicMeta()))
    if code == "OK":
        topic.delete()
    account.get_client().close_connection()

    assert code == "InvalidArgument"
