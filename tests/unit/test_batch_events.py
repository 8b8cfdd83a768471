"""Events of queues, topics, buses and timers: the shapes in events/, and what is none."""

from __future__ import annotations

import base64
import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.api.notification_body import NotificationEventBody
from shared.errors import RequestInvalid
from shared.fc.batch_events import BatchItem, parse_batch, parse_timer

EVENTS = Path(__file__).resolve().parents[2] / "events"
BODY = {"to": "+8613800138000", "params": {"name": "你好"}}
TEXT = json.dumps(BODY, ensure_ascii=False)
BASE64 = base64.b64encode(TEXT.encode()).decode()


def event(name: str) -> bytes:
    return (EVENTS / name).read_bytes()


def one(data: object) -> BatchItem:
    (item,) = parse_batch(json.dumps(data).encode())
    return item


def smq(body: object) -> dict[str, object]:
    return {
        "id": "event-1",
        "source": "MNS-Function-q",
        "specversion": "1.0",
        "type": "mns:Queue:SendMessage",
        "data": {"requestId": "r", "messageId": "m-1", "messageBody": body},
    }


def test_a_batch_is_the_same_with_and_without_base64() -> None:
    plain = parse_batch(event("notifications.smq.json"))
    encoded = parse_batch(event("notifications.smq.base64.json"))

    assert plain == encoded
    assert [item.item_id for item in plain] == ["B1A2-1", "B1A2-2"]
    assert {item.source for item in plain} == {"smq"}
    assert json.loads(plain[0].body)["to"] == "+8613800138000"
    assert plain[0].attributes["subject"].endswith("queues/sesame-events-prod")


@pytest.mark.parametrize("body", [TEXT, BASE64, BODY], ids=["text", "base64", "object"])
def test_a_queues_message_is_its_body_in_whatever_form(body: object) -> None:
    item = one(smq(body))

    assert (item.item_id, item.source, item.problem) == ("m-1", "smq", None)
    assert json.loads(item.body) == BODY


def test_a_topics_message_in_both_formats() -> None:
    (item,) = parse_batch(event("notifications.topic.json"))
    streamed = one({"body": BASE64, "attrs": {"stage": "prod"}})

    assert (item.item_id, item.source) == ("C3D4-1", "topic")
    assert item.attributes["stage"] == streamed.attributes["stage"] == "prod"
    assert json.loads(item.body)["template"] == "ship_update"
    assert (streamed.source, json.loads(streamed.body)) == ("topic", BODY)


def test_a_foreign_event_is_its_own_body() -> None:
    (item,) = parse_batch(event("order_shipped.cloudevent.json"))

    assert item.source == "cloudevent"
    assert item.item_id == "shop.orders ev-ship-1"
    assert json.loads(item.body) == json.loads(event("order_shipped.cloudevent.json"))


@pytest.mark.parametrize("raw", [TEXT, BASE64, BODY], ids=["text", "base64", "object"])
def test_raw_data_has_an_id_of_its_content(raw: object) -> None:
    item = one([raw])

    assert (item.source, json.loads(item.body)) == ("raw", BODY)
    assert item.item_id.startswith("content-")
    assert item.item_id == one([raw]).item_id


@pytest.mark.parametrize("text", ["MTIz", "1234", "hello", "e30", "W3s="])
def test_what_is_base64_by_chance_stays_as_it_is(text: str) -> None:
    assert one([text]).body == text.encode()


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (None, "not_a_message"),
        (7, "not_a_message"),
        ([[]], "not_a_message"),
        ("\ud800", "not_unicode"),
        (smq(None), "not_a_message"),
        (smq("\ud800"), "not_unicode"),
        (smq("x") | {"data": "gone"}, "no_message_body"),
    ],
)
def test_what_cannot_be_read_is_kept_with_its_problem(data: object, problem: str) -> None:
    item = one(data)

    assert item.problem == problem
    assert item.body
    assert item.item_id


def test_a_bad_item_costs_the_others_nothing() -> None:
    items = parse_batch(json.dumps([None, smq(TEXT), 3]).encode())

    assert [item.problem for item in items] == ["not_a_message", None, "not_a_message"]


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe", b"{", b"[" * 200_000, b"not json"])
def test_what_is_no_json_is_said_to_be_none(raw: bytes) -> None:
    with pytest.raises(RequestInvalid):
        parse_batch(raw)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters()) | st.just(BASE64),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["specversion", "type", "source", "id", "data", "messageBody", "messageId"]
                + ["Message", "TopicName", "MessageId", "body", "attrs", ""]
            ),
            inner | st.just("mns:Queue:SendMessage"),
        )
    ),
)


@given(JSON)
def test_no_json_loses_an_item_or_fails_in_another_way(data: object) -> None:
    items = parse_batch(json.dumps(data).encode())

    assert len(items) == (len(data) if isinstance(data, list) else 1)
    assert all(0 < len(item.item_id) <= 600 for item in items)


@given(st.binary(max_size=200))
def test_no_bytes_fail_in_another_way(raw: bytes) -> None:
    with contextlib.suppress(RequestInvalid):
        parse_batch(raw)


def test_a_tick_is_read() -> None:
    tick = parse_timer(event("sweep.timer.json"))

    assert (tick.triggerName, json.loads(tick.payload)) == ("tick", {"op": "sweep"})
    with pytest.raises(RequestInvalid):
        parse_timer(b"[]")


@pytest.mark.parametrize(
    "name", ["notifications.smq.json", "notifications.smq.base64.json", "notifications.topic.json"]
)
def test_the_examples_are_events_of_the_contract(name: str) -> None:
    for item in parse_batch(event(name)):
        body = NotificationEventBody.model_validate_json(item.body)

        assert (body.version, body.template) == (1, "ship_update")
