"""Events of queues, topics, event buses and timers, as one list of items, whatever brought them.

Nothing is lost here: what cannot be read is an item too, with its bytes and what is wrong with it,
for the endpoint to put where an operator finds it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.errors import FieldProblem, RequestInvalid
from shared.observability.trace import PARENT, STATE, Carrier, carrier_in, carrier_of

Source = Literal["smq", "topic", "cloudevent", "raw"]
_ID_LIMIT = 256
# Of the documented JSON form of a topic's notification; all other keys are message attributes.
_TOPIC_FIELDS = frozenset(
    {
        "TopicOwner",
        "Message",
        "Subscriber",
        "PublishTime",
        "SubscriptionName",
        "MessageMD5",
        "TopicName",
        "MessageId",
    }
)
# The last two are the distributed tracing extension of CloudEvents.
_CLOUD_EVENT_ATTRIBUTES = ("id", "source", "type", "subject", "time", PARENT, STATE)


@dataclass(frozen=True, slots=True, repr=False)
class BatchItem:
    """One message of a batch.

    item_id: the transport's own, the same at each delivery; of the content where there is none, so
    that two equal messages of such a source share it. attributes: what the transport said about it.
    problem: None, or a code for why it could not be read; `body` is then all that came.
    trace: what the message itself says of its trace, else what its envelope says.
    """

    item_id: str
    body: bytes
    source: Source
    attributes: Mapping[str, str] = field(default_factory=dict)
    problem: str | None = None
    trace: Carrier = field(default_factory=dict)


class TimerEvent(BaseModel):
    """A tick of a timer trigger."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    triggerTime: str
    triggerName: str
    payload: str = ""


def parse_timer(event: bytes) -> TimerEvent:
    """The tick in an event. Raises RequestInvalid."""
    try:
        return TimerEvent.model_validate_json(event)
    except ValidationError:
        raise RequestInvalid(FieldProblem("event", "not a timer event")) from None


def parse_batch(event: bytes) -> list[BatchItem]:
    """The items of an event: a list, or one. Raises RequestInvalid if it is no JSON."""
    try:
        data = json.loads(event.decode())
    except (ValueError, RecursionError):
        raise RequestInvalid(FieldProblem("event", "not JSON")) from None
    return [_item(each) for each in (data if isinstance(data, list) else [data])]


def _item(data: object) -> BatchItem:
    if isinstance(data, str):
        return _made("raw", None, data)
    if not isinstance(data, dict):
        return _unreadable(data, "not_a_message")
    if isinstance(data.get("specversion"), str):
        return _cloud_event(data)
    if "TopicName" in data and "Message" in data:
        others = {name: data[name] for name in data.keys() - {"Message", "MessageId"}}
        renamed = {_topic_attribute(name): value for name, value in others.items()}
        return _made("topic", data.get("MessageId"), data["Message"], _texts(renamed))
    if data.keys() == {"body", "attrs"}:
        return _made("topic", None, data["body"], _texts(data["attrs"]))
    if "messageBody" in data and "messageId" in data:
        return _queue_message(data, {})
    return _made("raw", None, data)


def _cloud_event(event: Mapping[str, Any]) -> BatchItem:  # Any: JSON
    attributes = _texts({name: event.get(name) for name in _CLOUD_EVENT_ATTRIBUTES})
    if event.get("type") != "mns:Queue:SendMessage":
        # Unique is the pair, says CloudEvents 1.0; an id of one source is free for another.
        source, event_id = event.get("source"), event.get("id")
        is_named = isinstance(source, str) and isinstance(event_id, str) and source and event_id
        item_id = f"{source} {event_id}" if is_named else None
        return _made("cloudevent", item_id, event, attributes)
    data = event.get("data")
    if not isinstance(data, dict) or "messageBody" not in data:
        return _unreadable(event, "no_message_body", source="smq", attributes=attributes)
    return _queue_message(data, attributes, fallback_id=event.get("id"))


def _queue_message(
    data: Mapping[str, Any], attributes: Mapping[str, str], *, fallback_id: object = None
) -> BatchItem:
    own_id = data.get("messageId")
    return _made("smq", own_id if _is_id(own_id) else fallback_id, data["messageBody"], attributes)


def _made(
    source: Source,
    item_id: object,
    content: object,
    attributes: Mapping[str, str] | None = None,
) -> BatchItem:
    """An item of that content: text as it is or was before base64, anything else as JSON."""
    if isinstance(content, str):
        try:
            body = _unwrapped(content)
        except UnicodeEncodeError:
            return _unreadable(content, "not_unicode", source=source, item_id=item_id)
    elif isinstance(content, (dict, list)):
        body = _json(content)
    else:
        return _unreadable(content, "not_a_message", source=source, item_id=item_id)
    trace = carrier_in(body) or carrier_of(attributes)
    return BatchItem(_id(item_id, body), body, source, attributes or {}, trace=trace)


def _unreadable(
    content: object,
    problem: str,
    *,
    source: Source = "raw",
    item_id: object = None,
    attributes: Mapping[str, str] | None = None,
) -> BatchItem:
    body = _json(content)
    return BatchItem(_id(item_id, body), body, source, attributes or {}, problem)


def _unwrapped(text: str) -> bytes:
    """The bytes of a text; of the JSON object or list in it if it is one in base64."""
    plain = text.encode()
    try:
        decoded = base64.b64decode(plain, validate=True)
        # A number or a word may be base64 by chance, a whole object cannot.
        if decoded.lstrip()[:1] in (b"{", b"["):
            json.loads(decoded.decode())
            return decoded
    except (binascii.Error, ValueError, RecursionError):
        pass
    return plain


def _json(content: object) -> bytes:
    # ASCII, since half of a surrogate pair may stand in what came.
    try:
        return json.dumps(content).encode()
    except RecursionError:
        return b'"nested too deeply"'


def _id(given: object, body: bytes) -> str:
    return str(given) if _is_id(given) else f"content-{hashlib.sha256(body).hexdigest()[:32]}"


def _is_id(given: object) -> bool:
    return (
        isinstance(given, str)
        and 0 < len(given) <= _ID_LIMIT
        and given.isascii()
        and given.isprintable()
    )


def _topic_attribute(name: str) -> str:
    return name[0].lower() + name[1:] if name in _TOPIC_FIELDS else name


def _texts(attributes: object) -> dict[str, str]:
    if not isinstance(attributes, dict):
        return {}
    return {
        str(name): value if isinstance(value, str) else json.dumps(value)
        for name, value in attributes.items()
        if value is not None and not isinstance(value, (dict, list))
    }
