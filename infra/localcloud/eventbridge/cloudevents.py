"""The CloudEvents that functions get, field by field as the platform writes them."""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from infra.localcloud.eventbridge.rules import StreamRule, Target
from infra.localcloud.smq.store import Message

Event = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Place:
    """Whose events they are, and where."""

    account_id: str
    region: str


def queue_event(rule: StreamRule, message: Message, place: Place, now_s: float) -> Event:
    """The event of one SMQ message that is picked up now."""
    bus = f"MNS-{rule.target.function}-{rule.target.trigger}"
    body = decoded(message.body) if rule.is_base64_decoded else message.body
    return {
        "id": _new_id(),
        "source": bus,
        "specversion": "1.0",
        "type": "mns:Queue:SendMessage",
        "datacontenttype": "application/json; charset=utf-8",
        "subject": f"acs:mns:{place.region}:{place.account_id}:queues/{rule.queue}",
        "time": timestamp(message.enqueued_at),  # inferred: when it was sent, not picked up
        **_platform_fields(bus, place, now_s),
        "data": {"requestId": _new_id(), "messageId": message.id, "messageBody": body},
    }


def bus_event(event: Event, place: Place, now_s: float) -> Event:
    """An event of the default bus with what the bus adds to it (inferred: the same fields as a
    queue's).
    """
    defaults = {"specversion": "1.0", "time": timestamp(now_s)}
    return {**defaults, **event, **_platform_fields("default", place, now_s)}


def encode(target: Target, events: Sequence[Event]) -> bytes:
    """The function's event: an array in event-streaming mode, the one event itself otherwise.

    inferred: RawData means a queue's message body, and the `data` of an event of the bus; a text
    that is pushed alone is not quoted.
    """
    items = [_raw(event) if target.schema == "RawData" else event for event in events]
    if target.mode == "event-streaming":
        return _json(items)
    (item,) = items
    return item.encode() if isinstance(item, str) else _json(item)


def decoded(body: str) -> str:
    """The text behind base64, or the body as it is if it is none."""
    try:
        return base64.b64decode(body, validate=True).decode()
    except (binascii.Error, ValueError):
        return body


def timestamp(at_s: float) -> str:
    """`2021-04-08T06:28:17.093Z`."""
    moment = datetime.fromtimestamp(at_s, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _platform_fields(bus: str, place: Place, now_s: float) -> Event:
    return {
        "aliyunaccountid": place.account_id,
        "aliyunpublishtime": timestamp(now_s),
        "aliyunoriginalaccountid": place.account_id,
        "aliyuneventbusname": bus,
        "aliyunregionid": place.region,
        "aliyunpublishaddr": "127.0.0.1",
    }


def _raw(event: Event) -> object:
    data = event.get("data")
    if event.get("type") == "mns:Queue:SendMessage" and isinstance(data, Mapping):
        return data.get("messageBody")
    return data


def _json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()


def _new_id() -> str:
    return str(uuid.uuid4()).upper()
