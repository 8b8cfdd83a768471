"""The queue over the official SDK, against the wire of SMQ: what is counted is there."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator

import pytest

from infra.localcloud.core.faults import Fault
from infra.queues import apply_queues, planned_changes
from shared.aliyun.credentials import RoleCredentials, bind_credentials
from shared.aliyun.smq import SmqQueue
from shared.queue import BODY_LIMIT_BYTES, QueueItem
from tests.fakes.hands import HandClock
from tests.fakes.row_stores import credentials_of
from tests.localcloud.smq.conftest import RunningSmq

pytestmark = pytest.mark.filterwarnings(
    "ignore:Call to deprecated function .* (active|inactive|delay)_messages:DeprecationWarning"
)
NAME = "sesame-notifications-test"


@pytest.fixture
def smq(no_proxies: None) -> Iterator[RunningSmq]:
    running = RunningSmq()
    apply_queues(running.account(), "test")
    bind_credentials(credentials_of(running.cloud.identities.root))
    yield running
    bind_credentials(None)
    running.stop()


@pytest.fixture
def queue(smq: RunningSmq) -> Iterator[SmqQueue]:
    made = SmqQueue(smq.endpoint, NAME, clock=HandClock(), timeout_s=0.3)
    yield made
    made.close()


def bodies(smq: RunningSmq) -> list[str]:
    """Everything that can be received now, as it came."""
    found = []
    while messages := smq.service.store.receive(NAME, 16):
        found += [base64.b64decode(message.body).decode() for message in messages]
    return found


def items(count: int, *, size: int = 10) -> list[QueueItem]:
    return [QueueItem(f"{index:05d}".ljust(size, "x")) for index in range(count)]


def test_everything_arrives_in_order_and_as_it_was(smq: RunningSmq, queue: SmqQueue) -> None:
    put = [*items(40), QueueItem('{"a": "你好 <&>\\u0000😀"}')]

    assert queue.put(put) == 41
    assert bodies(smq) == [item.body for item in put]


def test_nothing_is_put_without_a_request() -> None:
    assert SmqQueue("http://127.0.0.1:9", NAME, clock=HandClock()).put([]) == 0


def test_a_request_stays_below_the_limit_however_large_the_bodies(
    smq: RunningSmq, queue: SmqQueue
) -> None:
    put = items(3, size=BODY_LIMIT_BYTES) + items(9, size=20_000)

    assert queue.put(put) == 12
    assert len(bodies(smq)) == 12


def test_a_delayed_item_is_hidden_for_as_long_as_was_said(smq: RunningSmq, queue: SmqQueue) -> None:
    queue.put([QueueItem("later", 600), QueueItem("now")])

    assert bodies(smq) == ["now"]
    smq.cloud.clock.advance(601)
    assert "later" in bodies(smq)


@pytest.mark.parametrize(
    "bad",
    [QueueItem(""), QueueItem("x" * 48_001), QueueItem("\ud800"), QueueItem("x", 604_801)],
    ids=["empty", "too-long", "no-unicode", "delay"],
)
def test_an_item_that_no_queue_takes_counts_as_failed(
    smq: RunningSmq, queue: SmqQueue, bad: QueueItem
) -> None:
    assert queue.put([*items(2), bad, *items(1)]) == 2
    assert len(bodies(smq)) == 2


@pytest.mark.parametrize(
    "kind", ["drop_before", "drop_after", "hang", "html_503", "error:InternalError"]
)
def test_a_failure_that_passes_is_tried_again(smq: RunningSmq, queue: SmqQueue, kind: str) -> None:
    smq.cloud.faults.add(Fault("smq", "*", kind, 2))

    assert queue.put(items(3)) == 3
    assert set(bodies(smq)) == {item.body for item in items(3)}


def test_a_failure_that_stays_ends_in_a_count(smq: RunningSmq, queue: SmqQueue) -> None:
    assert queue.put(items(16)) == 16
    smq.cloud.faults.add(Fault("smq", "*", "error:InternalError", 100))

    assert queue.put(items(20)) == 0


def test_no_try_begins_after_the_deadline(smq: RunningSmq) -> None:
    class Late(HandClock):
        def now_ms(self) -> int:
            self.advance(6)
            return super().now_ms()

    queue = SmqQueue(smq.endpoint, NAME, clock=Late())
    smq.cloud.faults.add(Fault("smq", "*", "error:InternalError", 1))

    assert queue.put(items(1)) == 0
    assert queue.put(items(1)) == 1
    queue.close()


def test_a_queue_that_is_not_there_is_asked_once(smq: RunningSmq) -> None:
    queue = SmqQueue(smq.endpoint, "nowhere", clock=HandClock())

    assert queue.put(items(1)) == 0
    queue.close()


def test_an_endpoint_that_never_speaks_tls_ends_in_a_count() -> None:
    """The SDK sets no timeout at all over HTTPS."""
    bind_credentials(RoleCredentials("id", "secret", ""))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        queue = SmqQueue(f"https://127.0.0.1:{port}", NAME, clock=HandClock(), timeout_s=0.1)

        assert queue.put(items(1)) == 0
    queue.close()
    bind_credentials(None)


def test_credentials_are_those_of_each_call(smq: RunningSmq, queue: SmqQueue) -> None:
    session = smq.cloud.identities.issue_session(role="r", session_name="s", duration_s=60)
    bind_credentials(credentials_of(session))
    assert queue.put(items(1)) == 1
    bind_credentials(RoleCredentials("unknown", "secret", ""))
    assert queue.put(items(1)) == 0
    bind_credentials(credentials_of(smq.cloud.identities.root))

    assert queue.put(items(1)) == 1


def test_without_any_credentials_nothing_is_raised(
    smq: RunningSmq, queue: SmqQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    bind_credentials(None)
    for name in ("ID", "SECRET"):
        monkeypatch.delenv(f"ALIBABA_CLOUD_ACCESS_KEY_{name}", raising=False)

    assert queue.put(items(1)) == 0


def test_no_body_and_no_secret_is_logged(
    smq: RunningSmq, queue: SmqQueue, caplog: pytest.LogCaptureFixture
) -> None:
    for kind in ("html_503", "drop_before", "error:InternalError"):
        smq.cloud.faults.add(Fault("smq", "*", kind, 6))
        queue.put([QueueItem(json.dumps({"to": "+8613800138000"}))])
        while smq.cloud.faults.take("smq", "*"):
            pass

    assert "queue_put_failed" in caplog.text
    assert "13800138000" not in str([vars(record) for record in caplog.records])


def test_queues_are_made_once_and_changed_where_they_differ(smq: RunningSmq) -> None:
    account = smq.account()
    assert planned_changes(account, "test") == []

    smq.queue("sesame-dead-other", vis_timeout=30)

    assert [change.verb for change in planned_changes(account, "other")] == [
        "make",
        "make",
        "make",
        "change",
    ]
    assert len(apply_queues(account, "other")) == 4
    assert apply_queues(account, "other") == []
