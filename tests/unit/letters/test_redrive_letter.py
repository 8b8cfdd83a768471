"""One letter is put back; nothing is lost, and nothing goes twice, whatever is in the way."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest

from shared.errors import QueueUnavailable
from shared.letters.redrive import SEARCH_LIMIT, Outcome, PutBack, RedriveLetter
from tests.unit.letters.memory_letters import MemoryLetters, MemoryQueue, letter_body


@dataclass
class Desk:
    """A dead-letter queue, one queue that letters come from, and what is done about them."""

    letters: MemoryLetters
    home: MemoryQueue = field(default_factory=MemoryQueue)
    pauses: list[float] = field(default_factory=list)

    def redrive(self, message_id: str) -> Outcome:
        put_back = PutBack(self.letters, {"sesame-notifications": self.home}, "test")
        outcome, held = RedriveLetter(self.letters, put_back, self.pauses.append)(message_id)
        assert (held is None) == (outcome == "absent")
        return outcome


def desk_of(count: int) -> Desk:
    return Desk(MemoryLetters(*(letter_body(f"A{order}") for order in range(count))))


def test_redrive_puts_one_letter_back_and_leaves_the_others() -> None:
    desk = desk_of(40)

    assert desk.redrive("ID-20") == "redriven"

    (body,) = desk.home.bodies
    assert json.loads(body)["params"] == {"order_no": "A20"}
    assert "ID-20" not in desk.letters.bodies
    assert (len(desk.letters.bodies), desk.letters.held) == (39, set())
    # Once, so that the list that follows shows the others.
    assert len(desk.pauses) == 1


def test_redrive_takes_the_stage_off_the_queues_name() -> None:
    desk = Desk(MemoryLetters(letter_body(queue="sesame-notifications-test")))

    assert desk.redrive("ID-0") == "redriven"


def test_redrive_pressed_twice_puts_back_once() -> None:
    desk = desk_of(2)

    assert [desk.redrive("ID-0"), desk.redrive("ID-0")] == ["redriven", "absent"]
    assert len(desk.home.bodies) == 1


def test_redrive_leaves_what_its_queue_does_not_take() -> None:
    desk = desk_of(2)
    desk.home.takes = 0

    assert desk.redrive("ID-0") == "not_put"
    assert (len(desk.letters.bodies), desk.letters.held) == (2, set())


def test_redrive_leaves_what_came_from_nowhere() -> None:
    desk = Desk(MemoryLetters("foreign", letter_body(queue="another-service")))

    assert [desk.redrive("ID-0"), desk.redrive("ID-1")] == ["homeless", "homeless"]
    assert (len(desk.letters.bodies), desk.letters.held) == (2, set())


def test_redrive_says_what_is_on_its_queue_and_here() -> None:
    """It stays out of sight for a while, so that nobody puts it back at once again."""
    desk = desk_of(2)
    desk.letters.deletes = [False]

    assert desk.redrive("ID-0") == "kept"
    assert desk.letters.held == {"ID-0"}

    desk.letters.come_back()
    assert desk.redrive("ID-0") == "redriven"


def test_redrive_of_a_letter_that_is_gone_holds_nothing() -> None:
    desk = desk_of(20)

    assert desk.redrive("ID-999") == "absent"
    assert desk.letters.held == set()


def test_redrive_searches_so_far_and_no_further() -> None:
    desk = desk_of(SEARCH_LIMIT + 16)

    assert desk.redrive(f"ID-{SEARCH_LIMIT}") == "absent"
    assert desk.redrive(f"ID-{SEARCH_LIMIT - 1}") == "redriven"
    assert desk.letters.held == set()


def test_redrive_cut_off_in_its_search_releases_what_it_held() -> None:
    desk = desk_of(40)
    found = desk.letters.take()
    next(found)
    desk.letters.failures = ["InternalError"]

    with pytest.raises(QueueUnavailable):
        desk.redrive("ID-30")

    found.close()
    assert desk.letters.held == {"ID-0"}
    assert desk.home.bodies == []
