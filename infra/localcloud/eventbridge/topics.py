"""What is published: SMQ topics, which call functions asynchronously, and the default event bus.

Both are reached from the control plane and from inside the process. SMQ's own PublishMessage
arrives here too, through the service's listeners; its other subscriptions are the service's.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Coroutine, Mapping, Sequence

from infra.localcloud.core.clock import CloudClock
from infra.localcloud.eventbridge.cloudevents import Place, bus_event, encode
from infra.localcloud.eventbridge.delivery import Deliveries
from infra.localcloud.eventbridge.rules import Target, TopicRule
from infra.localcloud.fc.asynchronous import AsyncInvoker


class EventBus:
    """The default bus. It pushes each event alone, an array of one in event-streaming mode:
    batch windows are not kept here.

    spawn: runs a push in the background.
    """

    def __init__(
        self,
        targets: Sequence[Target],
        *,
        deliveries: Deliveries,
        clock: CloudClock,
        place: Place,
        spawn: Callable[[Coroutine[object, object, None]], None],
    ) -> None:
        self._targets = targets
        self._deliveries = deliveries
        self._clock = clock
        self._place = place
        self._spawn = spawn

    def publish(self, event: Mapping[str, object]) -> int:
        """Push a CloudEvent to every trigger whose pattern it matches; how many those are."""
        full = bus_event(event, self._place, self._clock.now_s())
        matched = [target for target in self._targets if target.pattern.matches(full)]
        body = json.dumps(full, ensure_ascii=False)
        for target in matched:
            self._spawn(self._deliveries.deliver(target, encode(target, [full]), [body]))
        return len(matched)


class Topics:
    """The topics that functions subscribe to."""

    def __init__(
        self,
        rules: Sequence[TopicRule],
        *,
        invoker: AsyncInvoker,
        clock: CloudClock,
        place: Place,
    ) -> None:
        self._rules = rules
        self._invoker = invoker
        self._clock = clock
        self._place = place

    def publish(
        self, topic: str, message: str, attributes: Mapping[str, str], *, tag: str = ""
    ) -> int:
        """Call every function that subscribes to the topic, or to this tag of it; how many."""
        message_id = secrets.token_hex(16).upper()
        matched = [
            rule for rule in self._rules if rule.topic == topic and rule.filter_tag in ("", tag)
        ]
        for rule in matched:
            if rule.format == "STREAM":
                event = _stream(message, attributes)
            else:
                event = self._json(rule, message, attributes, message_id)
            self._invoker.submit(rule.function, event)
        return len(matched)

    def _json(
        self, rule: TopicRule, message: str, attributes: Mapping[str, str], message_id: str
    ) -> bytes:
        md5 = hashlib.md5(message.encode(), usedforsecurity=False).hexdigest().upper()
        content = {
            **attributes,
            "TopicOwner": self._place.account_id,
            "Message": message,
            "Subscriber": self._place.account_id,
            "PublishTime": self._clock.now_ms(),
            "SubscriptionName": f"{rule.function}-{rule.trigger}",  # inferred
            "MessageMD5": md5,
            "TopicName": rule.topic,
            "MessageId": message_id,
        }
        return json.dumps(content, ensure_ascii=False).encode()


def _stream(message: str, attributes: Mapping[str, str]) -> bytes:
    if not attributes:
        return message.encode()
    content = {"body": message, "attrs": dict(attributes)}
    return json.dumps(content, ensure_ascii=False).encode()
