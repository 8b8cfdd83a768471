"""Dead letters as the console has them, on a real queue: seen, counted, put back one by one."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator

import pytest
from mns.queue import Message

from infra.localcloud.core.faults import Fault
from infra.queues import apply_queues
from shared.aliyun.smq import SmqQueue
from shared.errors import QueueUnavailable
from shared.letters.model import Count
from shared.letters.redrive import PutBack, RedriveLetter
from shared.letters.smq import SmqDeadLetters
from tests.fakes.hands import HandClock
from tests.localcloud.smq.conftest import RunningSmq
from tests.unit.letters.memory_letters import AT_MS, letter_body

DEAD, HOME = "sesame-dead-test", "sesame-notifications-test"


class Desk:
    """A stage with its queues, and letters on the dead one."""

    def __init__(self, smq: RunningSmq) -> None:
        apply_queues(smq.account(), "test")
        self.smq = smq
        self.letters = SmqDeadLetters(smq.endpoint, DEAD, wait_s=0)
        self.home = SmqQueue(smq.endpoint, HOME, clock=HandClock())
        put_back = PutBack(self.letters, {"sesame-notifications": self.home}, "test")
        self.redrive = RedriveLetter(self.letters, put_back, smq.cloud.clock.advance)

    def die(self, *bodies: str) -> None:
        queue = self.smq.account().get_queue(DEAD)
        for body in bodies:
            queue.send_message(Message(body))

    def fail(self, operation: str, kind: str = "error:InternalError", times: int = 9) -> None:
        self.smq.cloud.faults.add(Fault("smq", operation, kind, times))

    def close(self) -> None:
        self.letters.close()
        self.home.close()


@pytest.fixture
def desk(smq: RunningSmq) -> Iterator[Desk]:
    made = Desk(smq)
    yield made
    made.close()


def test_the_first_sixteen_are_seen_and_none_is_taken(desk: Desk) -> None:
    desk.die(*(letter_body(f"A{order}") for order in range(18)))

    seen = desk.letters.peek()

    assert len(seen) == 16
    assert [each.message_id for each in desk.letters.peek()] == [each.message_id for each in seen]
    assert (seen[0].letter.template, seen[0].died_ms) == ("ship_update", AT_MS)
    assert desk.letters.count() == Count(waiting=18, held=0)
    assert {each.dequeue_count for each in desk.smq.service.store.peek(DEAD, 99)} == {0}


def test_an_empty_queue_has_nothing_to_see(desk: Desk) -> None:
    assert desk.letters.peek() == []
    assert desk.letters.count() == Count(0, 0)


def test_what_is_not_a_letter_dates_from_its_coming(desk: Desk) -> None:
    desk.die("foreign")

    (seen,) = desk.letters.peek()

    assert (seen.letter.reason, seen.letter.body) == ("unknown", "foreign")
    assert abs(seen.died_ms - desk.smq.cloud.clock.now_ms()) < 60_000


@pytest.mark.parametrize("at", [10**30, -1, 4_000_000_000_000])
def test_a_letter_with_an_absurd_time_dates_from_its_coming(desk: Desk, at: int) -> None:
    desk.die(json.dumps({"reason": "x", "at": at, "queue": "q", "item": {}}))

    (seen,) = desk.letters.peek()

    assert abs(seen.died_ms - desk.smq.cloud.clock.now_ms()) < 60_000


def test_one_letter_goes_back_and_the_others_are_there_again(desk: Desk) -> None:
    desk.die(*(letter_body(f"A{order}") for order in range(5)))
    third = desk.letters.peek()[2]

    outcome, held = desk.redrive(third.message_id)

    assert (outcome, held and held.letter.body) == ("redriven", third.letter.body)
    (message,) = desk.smq.service.store.peek(HOME, 16)
    assert message.body == b64encode(third.letter.body.encode()).decode()
    assert [json.loads(each.letter.body)["params"] for each in desk.letters.peek()] == [
        {"order_no": f"A{order}"} for order in (0, 1, 3, 4)
    ]
    assert desk.redrive(third.message_id)[0] == "absent"


def test_one_that_cannot_be_put_back_or_taken_off_is_not_lost(desk: Desk) -> None:
    desk.die(letter_body())
    (seen,) = desk.letters.peek()
    desk.fail("BatchSendMessage", times=3)
    assert desk.redrive(seen.message_id)[0] == "not_put"
    assert len(desk.letters.peek()) == 1

    desk.fail("DeleteMessage", times=1)
    assert desk.redrive(seen.message_id)[0] == "kept"
    assert desk.letters.count() == Count(0, 1)
    desk.smq.cloud.clock.advance(300)
    assert len(desk.letters.peek()) == 1


@pytest.mark.parametrize(
    ("operation", "kind", "code"),
    [
        ("BatchPeekMessage", "error:InternalError", "InternalError"),
        ("BatchPeekMessage", "drop_before", "NetWorkException"),
        ("BatchPeekMessage", "html_503", "RespDataDamaged"),
        ("BatchPeekMessage", "error:QueueNotExist", "QueueNotExist"),
    ],
)
def test_a_queue_that_fails_is_named_by_its_code(
    desk: Desk, operation: str, kind: str, code: str
) -> None:
    desk.fail(operation, kind)

    with pytest.raises(QueueUnavailable, match=code):
        desk.letters.peek()


def test_lost_answers_are_asked_for_again(desk: Desk) -> None:
    """As after an hour in which the instance was frozen. The SDK itself asks twice over a
    connection that was closed.
    """
    desk.die(letter_body())
    desk.fail("BatchPeekMessage", "drop_after", times=2)

    assert len(desk.letters.peek()) == 1


def test_a_count_that_is_not_told_is_none(desk: Desk) -> None:
    desk.fail("GetQueueAttributes", "html_503")

    assert desk.letters.count() is None


def test_a_count_without_the_right_is_an_error(desk: Desk) -> None:
    desk.fail("GetQueueAttributes", "error:AccessDenied")

    with pytest.raises(QueueUnavailable, match="AccessDenied"):
        desk.letters.count()
