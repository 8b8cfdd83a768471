"""Dead letters on a real queue of the local cloud: seen masked, put back, dropped."""

from __future__ import annotations

import io
import json
from base64 import b64decode
from collections.abc import Iterator

import pytest

from infra.localcloud.core.faults import Fault
from infra.queues import apply_queues
from infra.redrive.__main__ import Redrive, main, run
from shared.aliyun.smq import SmqQueue
from shared.letters.letter import read_letter
from shared.letters.model import Held
from shared.letters.smq import SmqDeadLetters
from shared.notifications.dead_letters import dead_letter
from shared.notifications.model import Recipient, WorkItem
from shared.phone_parser import parse_phone
from shared.queue import QueueItem
from tests.fakes.hands import HandClock
from tests.localcloud.smq.conftest import RunningSmq

PHONE = "+8613800131234"


class Scene:
    """A stage with its queues, and letters on the dead one."""

    def __init__(self, smq: RunningSmq) -> None:
        apply_queues(smq.account(), "test")
        self.smq = smq
        self.dead_queue = self.queue("sesame-dead")
        self.home = self.queue("sesame-notifications")
        self.dead = SmqDeadLetters(smq.endpoint, "sesame-dead-test", wait_s=0)
        self.redrive = Redrive(self.dead, {"sesame-notifications": self.home}, "test").redrive
        self.out, self.progress = io.StringIO(), io.StringIO()

    def queue(self, name: str) -> SmqQueue:
        return SmqQueue(self.smq.endpoint, f"{name}-test", clock=HandClock())

    def die(self, order: str, *, reason: str = "expired", template: str = "ship_update") -> None:
        item = {"to": PHONE, "template": template, "params": {"order_no": order}}
        letter = {"reason": reason, "at": 1_800_000_000_000, "queue": "sesame-notifications"}
        assert self.dead_queue.put([QueueItem(json.dumps({**letter, "item": item}))]) == 1

    def run(self, work: object, **filters: object) -> int:
        return run(self.dead, work, out=self.out, progress=self.progress, **filters)  # type: ignore[arg-type]

    def count(self, name: str) -> int:
        """How many messages there are, once those that were shown to someone are back."""
        self.smq.cloud.clock.advance(2)
        return len(self.smq.service.store.peek(f"{name}-test", 1000))

    def close(self) -> None:
        for each in (self.dead, self.dead_queue, self.home):
            each.close()


@pytest.fixture
def scene(smq: RunningSmq) -> Iterator[Scene]:
    made = Scene(smq)
    yield made
    made.close()


def test_a_list_shows_masked_letters_and_leaves_them(scene: Scene) -> None:
    scene.die("A1029")
    scene.dead_queue.put([QueueItem(f"not json {PHONE}")])

    assert scene.run(None) == 0

    known, foreign = scene.out.getvalue().splitlines()
    assert known == (
        "2027-01-15T08:00:00Z  expired  sesame-notifications  ship_update  +86******1234"
    )
    assert "unknown" in foreign
    assert PHONE[1:] not in scene.out.getvalue() + scene.progress.getvalue()
    assert "13800131234" not in scene.out.getvalue() + scene.progress.getvalue()
    assert scene.count("sesame-dead") == 2


def test_a_letter_goes_back_as_it_was(scene: Scene) -> None:
    scene.die("A1029")

    assert scene.run(scene.redrive) == 0

    assert scene.count("sesame-dead") == 0
    (message,) = scene.smq.service.store.peek("sesame-notifications-test", 16)
    assert json.loads(b64decode(message.body))["params"] == {"order_no": "A1029"}


@pytest.mark.parametrize("filters", [{"reason": "expired"}, {"template": "ship_update"}])
def test_filters_leave_the_others_in_place(scene: Scene, filters: dict[str, object]) -> None:
    scene.die("A1")
    scene.die("A2", reason="refused", template="backup_status")

    scene.run(scene.redrive, **filters)

    assert scene.count("sesame-dead") == 1
    assert scene.count("sesame-notifications") == 1


def test_a_limit_leaves_the_rest_where_it_can_be_seen(scene: Scene) -> None:
    for order in range(20):
        scene.die(f"A{order}")

    scene.run(scene.dead.delete, limit=3)

    assert scene.count("sesame-dead") == 17


def test_more_than_one_batch_is_dropped(scene: Scene) -> None:
    for order in range(35):
        scene.die(f"A{order}")

    assert scene.run(scene.dead.delete) == 0
    assert scene.count("sesame-dead") == 0


def test_what_cannot_be_put_back_stays(scene: Scene) -> None:
    scene.die("A1")
    scene.smq.cloud.faults.add(Fault("smq", "BatchSendMessage", "error:InternalError", 3))

    assert scene.run(scene.redrive) == 1
    assert scene.count("sesame-dead") == 1
    assert scene.run(scene.redrive) == 0
    assert scene.count("sesame-dead") == 0


def test_a_foreign_letter_cannot_go_back_and_stays(scene: Scene) -> None:
    scene.dead_queue.put([QueueItem("foreign")])

    assert scene.run(scene.redrive) == 1
    assert scene.count("sesame-dead") == 1


def test_a_run_that_is_cut_off_loses_nothing(scene: Scene) -> None:
    scene.die("A1")
    scene.die("A2")
    done: list[str] = []

    def cut_off(held: Held) -> bool:
        if done:
            raise KeyboardInterrupt
        done.append(held.message_id)
        return scene.redrive(held)

    with pytest.raises(KeyboardInterrupt):
        scene.run(cut_off)

    scene.smq.cloud.clock.advance(301)
    assert scene.run(scene.redrive) == 0
    assert scene.count("sesame-notifications") == 2
    assert scene.count("sesame-dead") == 0


def test_the_command_line_says_what_is_not_set(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"], {}) == 1
    assert "SESAME_SMQ_ENDPOINT is not set" in capsys.readouterr().err


def test_the_command_line_lists(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    scene.die("A1")
    environment = {"SESAME_SMQ_ENDPOINT": scene.smq.endpoint, "STAGE": "test"}

    assert main(["list", "--reason", "expired"], environment) == 0
    assert "+86******1234" in capsys.readouterr().out


def test_a_dead_message_shows_its_time_and_its_person() -> None:
    """The letter as a worker writes it."""
    recipient = Recipient(parse_phone("+8613800138000"), params={"n": "1"})
    item = WorkItem("a" * 32, "shop", "ship_update", "sms", "f", (recipient,))

    shown = read_letter(dead_letter(item, recipient, "no_template", 1_800_000_000_000).body).shown()

    assert shown.startswith("2027-01-15T08:00:00Z  no_template")
    assert shown.endswith("ship_update  +86******8000")
