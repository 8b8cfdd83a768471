"""What subscribers get of a topic's messages, and what is done when they do not take them."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from xml.etree import ElementTree

import pytest
from mns.message_property import MessagePropertyValue
from mns.subscription import SubscriptionMeta
from mns.topic import TopicMessage

from infra.localcloud.core.identities import ACCOUNT_ID
from infra.localcloud.smq.documents import NAMESPACE
from infra.localcloud.smq.notifications import Published, is_on_this_machine
from tests.waiting import wait_until

QUEUE = f"acs:mns:cn-hangzhou:{ACCOUNT_ID}:queues/jobs"
TEXT = "你好 <b>&amp;</b>\n😀"


class Receiver:
    """An HTTP server that answers from `statuses`, then 204."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.got.append((self.path, headers, body))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    running.stop()


def queue_with(smq, **meta: str):
    queue = smq.queue()
    queue.set_encoding(False)
    smq.topic().get_subscription("mine").subscribe(SubscriptionMeta(QUEUE, **meta))
    return queue


def test_queue_gets_the_message_alone_if_simplified(smq):
    queue = queue_with(smq, notify_content_format="SIMPLIFIED")

    sent = smq.topic().publish_message(TopicMessage(TEXT))

    assert queue.receive_message().message_body == TEXT
    assert sent.message_body_md5 == hashlib.md5(TEXT.encode()).hexdigest().upper()


def test_queue_gets_xml_by_default(smq):
    queue = queue_with(smq)

    sent = smq.topic().publish_message(TopicMessage(TEXT, "paid"))

    root = ElementTree.fromstring(queue.receive_message().message_body)
    fields = {each.tag.removeprefix(f"{{{NAMESPACE}}}"): each.text for each in root}
    assert root.tag == f"{{{NAMESPACE}}}Notification"
    assert abs(int(fields.pop("PublishTime") or "0") / 1000 - smq.cloud.clock.now_s()) < 30
    assert fields == {
        "TopicOwner": ACCOUNT_ID,
        "TopicName": "news",
        "Subscriber": ACCOUNT_ID,
        "SubscriptionName": "mine",
        "MessageId": sent.message_id,
        "Message": TEXT,
        "MessageMD5": sent.message_body_md5,
        "MessageTag": "paid",
    }


def test_queue_gets_json_if_it_asks_for_it(smq):
    queue = queue_with(smq, notify_content_format="JSON")

    sent = smq.topic().publish_message(TopicMessage(TEXT))

    fields = json.loads(queue.receive_message().message_body)
    assert (fields["Message"], fields["MessageId"]) == (TEXT, sent.message_id)
    assert isinstance(fields["PublishTime"], str)
    assert "MessageTag" not in fields


def test_only_messages_of_the_tag_reach_a_filter(smq):
    queue = queue_with(smq, notify_content_format="SIMPLIFIED", filter_tag="paid")

    for tag in ("", "other", "paid"):
        smq.topic().publish_message(TopicMessage(f"tagged {tag}", tag))

    assert [each.message_body for each in queue.batch_receive_message(16)] == ["tagged paid"]


def test_queue_that_is_made_later_gets_the_message_at_the_next_try(smq):
    topic = smq.topic()
    meta = SubscriptionMeta(QUEUE, notify_content_format="SIMPLIFIED")
    topic.get_subscription("mine").subscribe(meta)
    topic.publish_message(TopicMessage("x"))
    queue = smq.queue()
    queue.set_encoding(False)

    smq.cloud.clock.advance(15)

    assert queue.receive_message(5).message_body == "x"


def test_server_is_pushed_to_with_the_documented_headers(smq, receiver):
    topic = smq.topic()
    for name, path, form in (("one", "", "XML"), ("two", "/hook?a=1", "SIMPLIFIED")):
        meta = SubscriptionMeta(receiver.address + path, notify_content_format=form)
        topic.get_subscription(name).subscribe(meta)

    sent = topic.publish_message(TopicMessage(TEXT, "paid"))
    wait_until(lambda: len(receiver.got) == 2)

    by_path = {path: (headers, body) for path, headers, body in receiver.got}
    headers, body = by_path["/notifications"]
    digest = hashlib.md5(body).hexdigest().encode()
    assert headers["content-md5"] == base64.b64encode(digest).decode()
    assert headers["content-type"] == "text/xml;charset=utf-8"
    assert headers["x-mns-version"] == "2015-06-06"
    assert "x-mns-message-id" not in headers
    headers, body = by_path["/hook?a=1"]
    assert body.decode() == TEXT
    assert headers["x-mns-message-id"] == sent.message_id
    assert headers["x-mns-message-tag"] == "paid"


def test_server_that_does_not_say_204_is_tried_three_times_more(smq, receiver):
    receiver.statuses = [200, 500, 302, 500]
    topic = smq.topic()
    topic.get_subscription("mine").subscribe(SubscriptionMeta(receiver.address))

    topic.publish_message(TopicMessage("x"))
    for tries in (1, 2, 3, 4):
        wait_until(lambda tries=tries: len(receiver.got) == tries)
        smq.cloud.clock.advance(15)

    topic.publish_message(TopicMessage("y"))
    wait_until(lambda: len(receiver.got) == 5)
    bodies = [body for _, _, body in receiver.got]
    assert len(set(bodies[:4])) == 1
    assert bodies[4] != bodies[0]


@pytest.mark.parametrize(
    ("endpoint", "is_ours"),
    [
        ("http://127.0.0.1:80/x", True),
        ("http://localhost:8080", True),
        ("http://[::1]:8080", True),
        ("http://192.0.2.1/x", False),
        ("http://example.com", False),
        ("http://127.0.0.1@example.com/", False),
        ("http://[::1", False),
        ("mail:directmail:a@b.example", False),
    ],
)
def test_only_servers_of_this_machine_are_called(endpoint, is_ours):
    assert is_on_this_machine(endpoint) is is_ours


def test_listeners_hear_of_every_message_with_its_properties(smq):
    heard: list[Published] = []

    def hear(message: Published) -> int:
        heard.append(message)
        return 2

    smq.service.listen(hear, topics=["orders"])
    message = TopicMessage(TEXT, "paid")
    message.add_user_property("order", MessagePropertyValue.create_string("A1"))

    sent = smq.account().get_topic("orders").publish_message(message)

    (one,) = heard
    assert (one.topic, one.id, one.body, one.tag) == ("orders", sent.message_id, TEXT, "paid")
    assert one.attributes == {"order": "A1"}


def test_publishing_from_inside_says_whom_it_reaches(smq):
    queue = queue_with(smq, notify_content_format="SIMPLIFIED")
    smq.service.listen(lambda _: 2)

    async def publish(topic: str) -> int:
        return smq.service.publish_topic(topic, "x", {})

    assert smq.run(publish("news")) == 3
    assert smq.run(publish("nothing")) == 2
    assert queue.receive_message().message_body == "x"
