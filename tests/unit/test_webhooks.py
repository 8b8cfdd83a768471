"""Webhooks: signed as the standard has it, and posted to a server that misbehaves."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from shared.observability.trace import PARENT, STATE, carried, end_trace, start_trace
from shared.outgoing import Outgoing
from shared.phone_parser import parse_phone
from shared.send_outcome import RefusalKind, SendAccepted, SendOutcome, SendRefused
from shared.template import Content, Template
from shared.webhooks.channel import WebhookChannel
from shared.webhooks.sender import Endpoint, WebhookSender
from shared.webhooks.signature import TOLERANCE_S, read_secrets, signature_headers, verify
from tests.fakes.hands import HandClock

OLD = "whsec_" + base64.b64encode(b"o" * 24).decode()
NEW = "whsec_" + base64.b64encode(b"n" * 32).decode()
NOW_S = 1_800_000_000
TEMPLATE = Template(
    name="ship_update",
    kind="notice",
    owner="shop",
    sign_name="Sesame",
    variables=(),
    contents={"zh": Content("x")},
)


class Receiver:
    """A tenant's server on loopback: gives `answers`, keeps what it got."""

    def __init__(self) -> None:
        self.status, self.headers = 204, dict[str, str]()
        self.got: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                named = {name.lower(): value for name, value in self.headers.items()}
                receiver.got.append((named, body))
                if receiver.status == 0:
                    self.close_connection = True
                    return
                self.send_response(receiver.status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                if receiver.status != 204:
                    self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    running.stop()


def sender_to(url: str) -> WebhookSender:
    return WebhookSender({"shop": Endpoint(url, f"{NEW} {OLD}")}, HandClock(NOW_S * 1000))


def post(receiver: Receiver) -> SendOutcome:
    return sender_to(receiver.url).post("shop", event_id="m-1", body={"x": "包"})


def test_the_signature_is_the_standards_own_example() -> None:
    """The example of the Standard Webhooks specification's own libraries."""
    keys = read_secrets("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    headers = signature_headers(
        keys,
        event_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp_s=1614265330,
        body=b'{"test": 2432232314}',
    )

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("known", [OLD, NEW])
def test_a_receiver_with_either_secret_of_a_rotation_verifies(
    receiver: Receiver, known: str
) -> None:
    assert post(receiver) == SendAccepted("m-1")

    ((headers, body),) = receiver.got
    assert verify(read_secrets(known), headers, body, now_s=NOW_S + TOLERANCE_S)
    assert headers["content-type"] == "application/json"
    assert json.loads(body) == {"x": "包"}


@pytest.mark.parametrize(
    ("change", "body", "now_s"),
    [
        ({}, b"[]", NOW_S),
        ({"webhook-id": "m-2"}, b"{}", NOW_S),
        ({"webhook-timestamp": str(NOW_S + 1)}, b"{}", NOW_S),
        ({"webhook-timestamp": "now"}, b"{}", NOW_S),
        ({"webhook-signature": ""}, b"{}", NOW_S),
        ({"webhook-signature": "v1,é"}, b"{}", NOW_S),
        ({}, b"{}", NOW_S + TOLERANCE_S + 1),
    ],
)
def test_what_was_changed_or_is_late_does_not_verify(
    change: dict[str, str], body: bytes, now_s: int
) -> None:
    keys = read_secrets(NEW)
    headers = signature_headers(keys, event_id="m-1", timestamp_s=NOW_S, body=b"{}")

    assert verify(keys, headers, b"{}", now_s=NOW_S)
    assert not verify(keys, {**headers, **change}, body, now_s=now_s)


@pytest.mark.parametrize(
    "secrets", ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!", "whsec_YQ=="]
)
def test_a_bad_secret_is_refused_and_not_quoted(secrets: str) -> None:
    with pytest.raises(ValueError, match="secret") as raised:
        Endpoint("https://shop.example.com/", secrets)

    assert not secrets or secrets not in str(raised.value)


@pytest.mark.parametrize(
    ("status", "retry_after", "expected"),
    [
        (200, None, SendAccepted("m-1")),
        (302, None, SendRefused(RefusalKind.UNAVAILABLE, "http_302")),
        (404, None, SendRefused(RefusalKind.UNAVAILABLE, "http_404")),
        (410, None, SendRefused(RefusalKind.UNAVAILABLE, "gone")),
        (429, "7", SendRefused(RefusalKind.BUSY, "http_429", 7)),
        (429, "soon", SendRefused(RefusalKind.BUSY, "http_429")),
        (503, formatdate(NOW_S + 90, usegmt=True), SendRefused(RefusalKind.BUSY, "http_503", 90)),
        (503, "9" * 40, SendRefused(RefusalKind.BUSY, "http_503", 86_400)),
        (500, "7", SendRefused(RefusalKind.BUSY, "http_500")),
        (0, None, SendRefused(RefusalKind.BUSY, "unreachable")),
    ],
)
def test_every_answer_has_its_outcome(
    receiver: Receiver, status: int, retry_after: str | None, expected: SendOutcome
) -> None:
    receiver.status = status
    receiver.headers = {"location": receiver.url}
    if retry_after:
        receiver.headers["retry-after"] = retry_after

    assert post(receiver) == expected
    assert len(receiver.got) == 1


def test_a_server_that_is_not_there_may_be_back_later() -> None:
    outcome = sender_to("http://127.0.0.1:9/").post("shop", event_id="m-1", body={})

    assert outcome == SendRefused(RefusalKind.BUSY, "unreachable")


def test_a_tenant_without_an_endpoint_is_refused(receiver: Receiver) -> None:
    outcome = sender_to(receiver.url).post("other", event_id="m-1", body={})

    assert outcome == SendRefused(RefusalKind.UNAVAILABLE, "no_endpoint")
    assert receiver.got == []


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example.com/",
        "http://127.0.0.1.example.com/",
        "ftp://127.0.0.1/",
        "https://user:pw@shop.example.com/",
        "https:///path",
    ],
)
def test_an_endpoint_is_https_or_of_this_host(url: str) -> None:
    with pytest.raises(ValueError, match="webhook URL"):
        Endpoint(url, NEW)


def test_an_endpoint_prints_no_secret() -> None:
    printed = repr(Endpoint("https://shop.example.com/", NEW))

    assert NEW not in printed
    assert "nnn" not in printed


def test_a_push_names_the_message_and_no_phone(receiver: Receiver) -> None:
    message = Outgoing(
        message_id="m-1",
        out_id="n-1",
        tenant="shop",
        template=TEMPLATE,
        params={"id": "7"},
        phone=parse_phone("+8613800138000"),
        locale="zh-CN",
    )

    assert WebhookChannel(sender_to(receiver.url)).send([message]) == [SendAccepted("m-1")]

    ((headers, body),) = receiver.got
    assert headers["webhook-id"] == "m-1"
    assert b"13800138000" not in body
    assert json.loads(body) == {
        "type": "notification.push",
        "data": {
            "message_id": "m-1",
            "template": "ship_update",
            "params": {"id": "7"},
            "locale": "zh-CN",
        },
    }


# --- the trace of a webhook ------------------------------------------------------------------

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
CAME = {PARENT: f"00-{TRACE_ID}-b7ad6b7169203331-01", STATE: "congo=t61"}


@pytest.fixture
def hop() -> Iterator[None]:
    start_trace()
    yield
    end_trace()


def pushed(receiver: Receiver, trace: dict[str, str]) -> dict[str, str]:
    """The headers of a message's webhook."""
    message = Outgoing("m-1", "o-1", "shop", TEMPLATE, {}, None, trace=trace)
    assert WebhookChannel(sender_to(receiver.url)).send([message]) == [SendAccepted("m-1")]
    return receiver.got[-1][0]


def test_a_webhook_goes_out_with_its_messages_trace(hop: None, receiver: Receiver) -> None:
    headers = pushed(receiver, CAME)

    assert headers[PARENT].startswith(f"00-{TRACE_ID}-")
    assert headers[PARENT] != CAME[PARENT]
    assert headers[STATE] == CAME[STATE]
    assert headers["webhook-id"] == "m-1"


def test_a_message_without_a_trace_goes_out_with_the_functions(
    hop: None, receiver: Receiver
) -> None:
    assert pushed(receiver, {})[PARENT] == carried()[PARENT]


def test_outside_of_a_trace_a_webhook_says_nothing_of_one(receiver: Receiver) -> None:
    assert not pushed(receiver, {}).keys() & {PARENT, STATE}
