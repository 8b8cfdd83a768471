"""One trace from a caller's header over the queues, in the lines and on the way; the last hop, a
webhook, is in test_webhooks.py.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from shared.errors import Quota, Throttled
from shared.fc.batch_events import BatchItem, parse_batch
from shared.fc.batch_handler import BatchFunction, BatchResult
from shared.fc.events import HttpRequest
from shared.fc.handler import HttpFunction
from shared.fc.responses import HttpResponse
from shared.notifications.accept import CHUNK, chunks
from shared.notifications.follow import FollowItem
from shared.notifications.message_rows import MessageRef
from shared.notifications.model import Recipient, WorkItem
from shared.notifications.receipts import follow_item
from shared.observability.logs import log_event
from shared.observability.trace import (
    PARENT,
    STATE,
    STATE_LIMIT,
    carried,
    end_trace,
    start_trace,
    trace_fields,
)
from shared.phone_parser import parse_phone
from shared.queue import BODY_LIMIT_BYTES
from tests.fakes.notifications import NotificationService

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
CAME = {PARENT: f"00-{TRACE_ID}-b7ad6b7169203331-01", STATE: "congo=t61"}
OTHER = {PARENT: f"00-{'1' * 32}-{'2' * 16}-00"}


@dataclass
class Context:
    request_id: str = "r-1"


@pytest.fixture(autouse=True)
def tidy() -> Iterator[None]:
    root = logging.getLogger()
    kept, level = root.handlers[:], root.level
    end_trace()
    yield
    end_trace()
    root.handlers[:] = kept
    root.setLevel(level)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def http_event(**headers: str) -> bytes:
    return json.dumps(
        {
            "version": "v1",
            "headers": headers,
            "body": "{}",
            "requestContext": {"http": {"method": "POST", "path": "/v1/otp"}},
        }
    ).encode()


def answering(request: HttpRequest) -> HttpResponse:
    log_event("otp_requested")
    return HttpResponse(200, {})


# --- HTTP ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["traceparent", "Traceparent", "TRACEPARENT", "TraceParent"])
def test_every_line_of_a_request_bears_the_callers_trace(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    function = HttpFunction("request_otp", lambda: answering)
    answer = function.handler(http_event(**{name: CAME[PARENT]}), Context())

    written = lines(capsys)
    assert [line["event"] for line in written] == ["otp_requested", "invocation_ended"]
    assert {line["trace_id"] for line in written} == {TRACE_ID}
    assert len({line["span_id"] for line in written} | {"b7ad6b7169203331"}) == 2
    assert TRACE_ID not in json.dumps(answer)


@pytest.mark.parametrize("parent", [None, "", f"00-{TRACE_ID}-0-01", "<script>", "é" * 55])
def test_a_request_without_a_trace_that_can_be_read_begins_one(
    parent: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    function = HttpFunction("request_otp", lambda: answering)
    headers = {} if parent is None else {"traceparent": parent}
    function.handler(http_event(**headers), Context())
    function.handler(http_event(**headers), Context())

    ids = [line["trace_id"] for line in lines(capsys)]
    assert ids[0] == ids[1]
    assert ids[2] == ids[3]
    assert len({*ids, TRACE_ID}) == 3


def test_a_request_that_is_none_still_ends_in_a_line_of_some_trace(
    capsys: pytest.CaptureFixture[str],
) -> None:
    HttpFunction("request_otp", lambda: answering).handler(b"{}", Context())

    (line,) = lines(capsys)
    assert len(str(line["trace_id"])) == 32


def test_no_line_after_an_invocation_bears_its_trace(capsys: pytest.CaptureFixture[str]) -> None:
    HttpFunction("request_otp", lambda: answering).handler(http_event(**CAME), Context())
    log_event("otp_requested")

    assert "trace_id" not in lines(capsys)[-1]


def test_a_throttled_request_says_which_limit(capsys: pytest.CaptureFixture[str]) -> None:
    def refusing(request: HttpRequest) -> HttpResponse:
        raise Throttled(Quota("phone", 1, 60, 0, 30))

    HttpFunction("request_otp", lambda: refusing).handler(http_event(), Context())

    (line,) = lines(capsys)
    assert (line["error_code"], line["policy"]) == ("throttled", "phone")


# --- batches ---------------------------------------------------------------------------------


def queue_event(*bodies: dict[str, object], **envelope: str) -> bytes:
    return json.dumps(
        [
            {
                "specversion": "1.0",
                "id": str(number),
                "source": "sesame",
                "type": "mns:Queue:SendMessage",
                "data": {
                    "messageId": str(number),
                    "messageBody": base64.b64encode(json.dumps(body).encode()).decode(),
                },
                **envelope,
            }
            for number, body in enumerate(bodies)
        ]
    ).encode()


@dataclass
class Worker:
    """Keeps the hop of each batch."""

    hops: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, items: Sequence[BatchItem]) -> BatchResult:
        self.hops.append(dict(trace_fields()))
        return BatchResult(len(items), 0)


def hop_of(event: bytes) -> dict[str, str]:
    worker = Worker()
    BatchFunction("dispatch", lambda: worker).handler(event, Context())
    return worker.hops[0]


def test_a_batch_of_one_trace_goes_on_with_it() -> None:
    assert hop_of(queue_event({"a": 1, **CAME}, {"a": 2, **CAME}))["trace_id"] == TRACE_ID


@pytest.mark.parametrize("second", [OTHER, {}])
def test_a_batch_of_several_traces_is_one_of_its_own(second: dict[str, object]) -> None:
    hop = hop_of(queue_event({**CAME}, {**second}))

    assert hop["trace_id"] not in (TRACE_ID, "1" * 32)


def test_an_envelope_speaks_for_a_message_that_says_nothing() -> None:
    silent, speaking = parse_batch(queue_event({"a": 1}, {"a": 2, **OTHER}, **CAME))

    assert silent.trace == CAME
    assert speaking.trace == OTHER


def test_a_cloud_event_from_outside_brings_its_trace() -> None:
    event = {"specversion": "1.0", "id": "1", "source": "shop", "type": "order", **CAME}
    (item,) = parse_batch(json.dumps(event).encode())

    assert item.trace == CAME
    assert item.item_id == "shop 1"


# --- our own items ---------------------------------------------------------------------------

WORK = WorkItem(
    notification_id="a" * 32,
    tenant="shop",
    template="ship_update",
    channel="sms",
    fingerprint="f",
    recipients=(Recipient(parse_phone("+8613800138000")),),
)


def test_a_work_item_carries_the_hop_that_made_it() -> None:
    start_trace([CAME])
    came = WorkItem.parse(WORK.body().encode())

    assert came.trace == carried()
    end_trace()
    assert WorkItem.parse(came.body().encode()).trace == came.trace


def test_an_old_work_item_and_one_with_a_broken_trace_are_read_as_ever() -> None:
    old = json.loads(WORK.body())
    assert not old.keys() & {PARENT, STATE}

    for strange in ({}, {PARENT: "no"}, {PARENT: 5}, {STATE: "a=1"}):
        assert WorkItem.parse(json.dumps({**old, **strange}).encode()) == WORK


def test_news_carries_the_hop_that_had_it_through_every_try() -> None:
    ref = MessageRef("a" * 32, "b" * 16)
    start_trace([CAME])
    item = FollowItem.parse(follow_item(ref).body.encode())
    end_trace()

    assert item.trace[PARENT].startswith(f"00-{TRACE_ID}-")
    assert FollowItem.parse(item.again(5).body.encode()).trace == item.trace
    assert FollowItem.parse(follow_item(ref).body.encode()).trace == {}
    assert FollowItem.parse(follow_item(ref, trace=OTHER).body.encode()).trace == OTHER


def test_the_longest_trace_still_fits_into_a_body() -> None:
    # Every other character of a state may need an escape in JSON.
    state = ",".join(f"k{number}=" + '"' * 98 for number in range(5))
    assert 500 < len(state) <= STATE_LIMIT
    start_trace([{PARENT: CAME[PARENT], STATE: state}])
    params = {"note": "长" * 300}
    many = tuple(
        Recipient(parse_phone(f"+861380013{number:04d}"), params=params) for number in range(120)
    )
    item = WorkItem("a" * 32, "t" * 64, "n" * 64, "sms", "f" * 64, many)

    parts = list(chunks(item))
    assert sum(len(part.recipients) for part in parts) == 120
    assert all(len(part.recipients) <= CHUNK for part in parts)
    assert all(len(part.body().encode()) <= BODY_LIMIT_BYTES for part in parts)


def test_a_messages_lines_bear_its_trace_in_a_batch_of_several(
    caplog: pytest.LogCaptureFixture,
) -> None:
    service = NotificationService()
    for parent, phone in ((CAME, "+8613800138000"), (OTHER, "+8613900139000")):
        start_trace([parent])
        service.accept(phone)
    start_trace()
    seen: list[str] = []

    class Watching(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.msg == "message_settled":
                seen.append(trace_fields()["trace_id"])

    watching = Watching()
    logging.getLogger("sesame").addHandler(watching)
    try:
        with caplog.at_level(logging.INFO, logger="sesame"):
            service.dispatch()
    finally:
        logging.getLogger("sesame").removeHandler(watching)

    assert sorted(seen) == sorted([TRACE_ID, "1" * 32])
    assert sorted(each.trace[PARENT][3:35] for each in service.sms.sent) == sorted(seen)
