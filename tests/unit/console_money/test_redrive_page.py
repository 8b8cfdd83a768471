"""The button: who may press it, what it does, and what is written down of it."""

from __future__ import annotations

import logging
from urllib.parse import urlencode

import pytest

from shared.access.api_keys import ApiKeys, hash_key
from shared.clock import Clock
from shared.console.endpoint import ConsoleEndpoint
from shared.console.redrive import RedriveLetterPage
from shared.console.rendering import CSRF_FIELD
from shared.console.session import Sessions
from shared.fc.events import HttpRequest
from shared.fc.responses import ContentResponse
from shared.letters.redrive import PutBack, RedriveLetter
from shared.observability.redaction import redact
from tests.fakes.hands import HandClock
from tests.fakes.memory_rows import MemoryRows
from tests.unit.letters.memory_letters import MemoryLetters, MemoryQueue, letter_body

OPERATOR, TENANT = "sk_of_who_operates", "sk_of_a_tenant_alone"
PATH = "/console/letters/redrive"


class Desk:
    """The function with its one page, and somebody's browser."""

    def __init__(self, *bodies: str) -> None:
        self.letters, self.home = MemoryLetters(*bodies), MemoryQueue()
        keys = {hash_key(OPERATOR): "ops", hash_key(TENANT): "shop"}
        scopes = {hash_key(OPERATOR): frozenset({"figures", "operate"})}
        clock: Clock = HandClock()
        numbers = iter(range(1, 256))
        self.sessions = Sessions(
            api_keys=ApiKeys(keys, scopes),
            secret=b"s" * 32,
            clock=clock,
            random=lambda length: bytes([next(numbers)]) * length,
        )
        put_back = PutBack(self.letters, {"sesame-notifications": self.home}, "test")
        page = RedriveLetterPage(RedriveLetter(self.letters, put_back, lambda _: None))
        self._endpoint = ConsoleEndpoint(
            pages=[page], sessions=self.sessions, store=MemoryRows(), clock=clock
        )

    def press(
        self, letter: str, *, key: str = OPERATOR, token: str | None = None, method: str = "POST"
    ) -> ContentResponse:
        session, cookie = self.sessions.begin(key)
        form = {
            "letter": letter,
            CSRF_FIELD: self.sessions.token(session) if token is None else token,
        }
        headers = {
            "host": "console.example",
            "cookie": f"sesame_session={cookie}",
            "content-type": "application/x-www-form-urlencoded",
            "sec-fetch-site": "same-origin",
        }
        request = HttpRequest(method, PATH, headers, urlencode(form).encode(), "203.0.113.1")
        return self._endpoint(request)


def goal_of(answer: ContentResponse) -> str:
    assert answer.status == 303
    return answer.headers["Location"]


def test_the_button_puts_a_letter_back_and_returns_to_the_list() -> None:
    desk = Desk(letter_body(), letter_body())

    assert goal_of(desk.press("ID-1")) == "/console/letters?note=redriven"
    assert list(desk.letters.bodies) == ["ID-0"]
    assert len(desk.home.bodies) == 1


def test_the_button_pressed_twice_does_it_once() -> None:
    desk = Desk(letter_body())

    goals = [goal_of(desk.press("ID-0")), goal_of(desk.press("ID-0"))]

    assert goals == ["/console/letters?note=redriven", "/console/letters?note=absent"]
    assert len(desk.home.bodies) == 1


def test_queues_that_fail_lose_nothing_and_are_told_apart() -> None:
    desk = Desk(letter_body())
    desk.home.takes = 0
    assert goal_of(desk.press("ID-0")).endswith("note=not_put")

    desk.letters.failures = ["InternalError"]
    assert goal_of(desk.press("ID-0")).endswith("note=unavailable")
    assert (len(desk.letters.bodies), desk.letters.held) == (1, set())


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"key": TENANT}, 403),
        ({"token": ""}, 403),
        ({"token": "0" * 32 + "." + "0" * 64}, 403),
    ],
)
def test_who_may_not_presses_in_vain(changed: dict[str, str], status: int) -> None:
    """Without `operate`, or from a form that is not of this session."""
    desk = Desk(letter_body())

    assert desk.press("ID-0", **changed).status == status  # type: ignore[arg-type]
    assert (len(desk.letters.bodies), desk.home.bodies) == (1, [])


@pytest.mark.parametrize(
    "letter", ["", "<script>", "x" * 10_000, "../..", "ID 0", "\r\nSet-Cookie:"]
)
def test_what_is_no_letter_is_refused_before_the_queue_is_asked(letter: str) -> None:
    desk = Desk(letter_body())
    desk.letters.failures = ["asked"]

    assert desk.press(letter).status == 400
    assert desk.letters.failures == ["asked"]


def test_the_address_typed_by_hand_leads_to_the_list() -> None:
    desk = Desk(letter_body())

    assert goal_of(desk.press("ID-0", method="GET")) == "/console/letters"
    assert desk.home.bodies == []


def test_each_press_is_written_down_without_a_number(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="sesame")
    desk = Desk(letter_body(reason="gone for +8613800131234"))

    desk.press("ID-0")
    desk.press("ID-7")

    first, second = (
        redact(getattr(record, "fields", {}))
        for record in caplog.records
        if record.msg == "redrive_ended"
    )
    assert first == {
        "key_id": hash_key(OPERATOR)[:8],
        "tenant": "ops",
        "letter_id": "ID-0",
        "outcome": "redriven",
        "queue": "sesame-notifications",
        "template": "ship_update",
        "reason": "gone for ***1234",
    }
    assert (second["letter_id"], second["outcome"], second["reason"]) == ("ID-7", "absent", None)
