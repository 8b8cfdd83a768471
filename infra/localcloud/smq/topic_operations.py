"""What each SMQ operation on topics and subscriptions does with a request that was let in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from infra.localcloud.core.clock import CloudClock
from infra.localcloud.core.identities import ACCOUNT_ID
from infra.localcloud.core.wire import WireAnswer, WireRequest
from infra.localcloud.smq.documents import children, read_document, texts, write_list, write_one
from infra.localcloud.smq.errors import SmqRefused, out_of_range
from infra.localcloud.smq.notifications import Published, new_message_id, queue_of
from infra.localcloud.smq.operations import bounded, host_address, md5_of, read_page, truth
from infra.localcloud.smq.topics import (
    ContentFormat,
    Strategy,
    Subscription,
    SubscriptionAttributes,
    Topic,
    TopicAttributes,
    TopicStore,
)

TAG_LIMIT = 16
RETENTION_S = 86_400
_STRATEGIES: tuple[Strategy, ...] = ("BACKOFF_RETRY", "EXPONENTIAL_DECAY_RETRY")
_FORMATS: tuple[ContentFormat, ...] = ("XML", "JSON", "SIMPLIFIED")
_OTHER_ENDPOINTS = re.compile(r"https?://[^\s/]+\S*|mail:directmail:\S+|sms:directsms:\S+")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-]{0,254}", re.ASCII)
_PATH = re.compile(
    r"/topics(?:/(?P<topic>[^/]*)"
    r"(?:/(?P<messages>messages)|/(?P<list>subscriptions)(?:/(?P<subscription>[^/]*))?)?)?"
)
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class TopicCall:
    """A request that was let in, and the names in its path; "" for none."""

    request: WireRequest
    topic: str
    subscription: str


def topic_operation(request: WireRequest, query: Mapping[str, str]) -> str:
    """The operation on topics that method, path and query mean, "?" for none."""
    match = _PATH.fullmatch(request.path)
    if match is None:
        return "?"
    is_override = query.get("metaoverride", "").lower() == "true"
    if match["topic"] is None:
        verbs = {"GET": "ListTopic"}
    elif match["messages"]:
        verbs = {"POST": "PublishMessage"}
    elif match["subscription"] is not None:
        verbs = {
            "PUT": "SetSubscriptionAttributes" if is_override else "Subscribe",
            "GET": "GetSubscriptionAttributes",
            "DELETE": "Unsubscribe",
        }
    elif match["list"]:
        verbs = {"GET": "ListSubscriptionByTopic"}
    else:
        verbs = {
            "PUT": "SetTopicAttributes" if is_override else "CreateTopic",
            "GET": "GetTopicAttributes",
            "DELETE": "DeleteTopic",
        }
    return verbs.get(request.method, "?")


def topic_call(request: WireRequest) -> TopicCall:
    """The names in a request's path. Raises SmqRefused for those that cannot be."""
    match = _PATH.fullmatch(request.path)
    named = match.group("topic", "subscription") if match else ()
    names = [name for name in named if name is not None]
    if not all(_NAME.fullmatch(name) for name in names):
        # Inferred: the code; a queue's name has codes of its own.
        raise SmqRefused("InvalidArgument", "The name is of letters, digits and hyphens, 1 to 255.")
    return TopicCall(request, *(names + ["", ""])[:2])


class TopicOperations:
    """The operations over one store, by name in `handlers`. All raise SmqRefused.

    publish: what becomes of a message.
    """

    def __init__(
        self, store: TopicStore, *, clock: CloudClock, publish: Callable[[Published], object]
    ) -> None:
        self._store = store
        self._clock = clock
        self._publish = publish
        self.handlers: Mapping[str, Callable[[TopicCall], WireAnswer]] = {
            "CreateTopic": self._create,
            "SetTopicAttributes": self._set_attributes,
            "GetTopicAttributes": self._get_attributes,
            "DeleteTopic": self._delete,
            "ListTopic": self._list,
            "PublishMessage": self._publish_message,
            "Subscribe": self._subscribe,
            "SetSubscriptionAttributes": self._set_subscription,
            "GetSubscriptionAttributes": self._get_subscription,
            "Unsubscribe": self._unsubscribe,
            "ListSubscriptionByTopic": self._list_subscriptions,
        }

    def _create(self, call: TopicCall) -> WireAnswer:
        """201 for a new topic, 204 for one that is there just so."""
        is_new = self._store.create(call.topic, _attributes(call, TopicAttributes()))
        return WireAnswer(201 if is_new else 204, headers={"Location": _url(call, call.topic)})

    def _set_attributes(self, call: TopicCall) -> WireAnswer:
        current = self._store.topic(call.topic).attributes
        self._store.set_attributes(call.topic, _attributes(call, current))
        return WireAnswer(204)

    def _get_attributes(self, call: TopicCall) -> WireAnswer:
        return WireAnswer(200, write_one("Topic", _topic_fields(self._store.topic(call.topic))))

    def _delete(self, call: TopicCall) -> WireAnswer:
        """204, also for a topic that is not there; its subscriptions go with it."""
        self._store.delete(call.topic)
        return WireAnswer(204)

    def _list(self, call: TopicCall) -> WireAnswer:
        page = read_page(call.request)
        found = self._store.topics(prefix=page.prefix, after=page.after, limit=page.limit + 1)
        entries = [
            {"TopicURL": _url(call, topic.name), **(_topic_fields(topic) if page.has_meta else {})}
            for topic in found[: page.limit]
        ]
        tail = page.tail([topic.name for topic in found])
        return WireAnswer(200, write_list("Topics", "Topic", entries, tail))

    def _publish_message(self, call: TopicCall) -> WireAnswer:
        """MessageAttributes is read past: mails and messages of SMQ's own are not sent here."""
        topic = self._store.topic(call.topic)
        root = read_document(call.request.body, "Message")
        fields = texts(root)
        body, tag = fields.get("MessageBody", ""), fields.get("MessageTag", "")
        limit_bytes = topic.attributes.message_limit_bytes
        if not 1 <= len(body.encode()) <= limit_bytes:
            raise out_of_range("MessageBody", 1, limit_bytes)
        if len(tag) > TAG_LIMIT:
            raise out_of_range("MessageTag", 1, TAG_LIMIT)
        properties = [
            texts(value)
            for group in children(root, "UserProperties")
            for value in children(group, "PropertyValue")
        ]
        message = Published(
            topic=topic.name,
            id=new_message_id(),
            body=body,
            tag=tag,
            at_ms=self._clock.now_ms(),
            attributes={each.get("Name", ""): each.get("Value", "") for each in properties},
        )
        self._publish(message)
        sent = {"MessageId": message.id, "MessageBodyMD5": md5_of(body)}
        return WireAnswer(201, write_one("Message", sent))

    def _subscribe(self, call: TopicCall) -> WireAnswer:
        """201 for a new subscription; inferred: 204 for one that is there just so."""
        given = _given(call, "Subscription")
        endpoint, tag = given.get("Endpoint", ""), given.get("FilterTag", "")
        if queue_of(endpoint) is None and not _OTHER_ENDPOINTS.fullmatch(endpoint):
            raise SmqRefused("InvalidArgument", "The Endpoint is none that SMQ can push to.")
        if len(tag) > TAG_LIMIT:
            raise out_of_range("FilterTag", 1, TAG_LIMIT)
        attributes = SubscriptionAttributes(
            endpoint,
            tag,
            _one_of(given, "NotifyStrategy", _STRATEGIES, "BACKOFF_RETRY"),
            _one_of(given, "NotifyContentFormat", _FORMATS, "XML"),
        )
        is_new = self._store.subscribe(call.topic, call.subscription, attributes)
        location = _url(call, call.topic, call.subscription)
        return WireAnswer(201 if is_new else 204, headers={"Location": location})

    def _set_subscription(self, call: TopicCall) -> WireAnswer:
        current = self._store.subscription(call.topic, call.subscription).attributes
        strategy = _one_of(
            _given(call, "Subscription"), "NotifyStrategy", _STRATEGIES, current.strategy
        )
        self._store.set_strategy(call.topic, call.subscription, strategy)
        return WireAnswer(204)

    def _get_subscription(self, call: TopicCall) -> WireAnswer:
        subscription = self._store.subscription(call.topic, call.subscription)
        return WireAnswer(200, write_one("Subscription", _subscription_fields(subscription)))

    def _unsubscribe(self, call: TopicCall) -> WireAnswer:
        """204, also for one that is not there."""
        self._store.unsubscribe(call.topic, call.subscription)
        return WireAnswer(204)

    def _list_subscriptions(self, call: TopicCall) -> WireAnswer:
        page = read_page(call.request)
        found = self._store.subscriptions(
            call.topic, prefix=page.prefix, after=page.after, limit=page.limit + 1
        )
        names = [each.name for each in found]
        entries = [
            {"SubscriptionURL": _url(call, call.topic, name)} for name in names[: page.limit]
        ]
        return WireAnswer(
            200, write_list("Subscriptions", "Subscription", entries, page.tail(names))
        )


def _given(call: TopicCall, root: str) -> dict[str, str]:
    return texts(read_document(call.request.body, root)) if call.request.body else {}


def _attributes(call: TopicCall, current: TopicAttributes) -> TopicAttributes:
    given, attributes = _given(call, "Topic"), current
    if "MaximumMessageSize" in given:
        limit = bounded("MaximumMessageSize", given["MaximumMessageSize"], 1024, 65_536)
        attributes = replace(attributes, message_limit_bytes=limit)
    if "LoggingEnabled" in given:
        is_logging = truth("LoggingEnabled", given["LoggingEnabled"])
        attributes = replace(attributes, is_logging=is_logging)
    return attributes


def _one_of(
    given: Mapping[str, str], name: str, choices: tuple[_Value, ...], default: _Value
) -> _Value:
    if name not in given:
        return default
    for choice in choices:
        if choice == given[name]:
            return choice
    raise SmqRefused("InvalidArgument", f"{name} should be one of {', '.join(map(str, choices))}.")


def _topic_fields(topic: Topic) -> dict[str, object]:
    return {
        "TopicName": topic.name,
        "CreateTime": int(topic.created_at),
        "LastModifyTime": int(topic.modified_at),
        "MaximumMessageSize": topic.attributes.message_limit_bytes,
        "MessageRetentionPeriod": RETENTION_S,
        "MessageCount": 0,  # nothing is kept
        "LoggingEnabled": topic.attributes.is_logging,
    }


def _subscription_fields(subscription: Subscription) -> dict[str, object]:
    attributes = subscription.attributes
    return {
        "TopicOwner": ACCOUNT_ID,
        "TopicName": subscription.topic,
        "SubscriptionName": subscription.name,
        "Endpoint": attributes.endpoint,
        **({"FilterTag": attributes.filter_tag} if attributes.filter_tag else {}),
        "NotifyStrategy": attributes.strategy,
        "NotifyContentFormat": attributes.format,
        "CreateTime": int(subscription.created_at),
        "LastModifyTime": int(subscription.modified_at),
    }


def _url(call: TopicCall, topic: str, subscription: str = "") -> str:
    below = f"/subscriptions/{subscription}" if subscription else ""
    return f"{host_address(call.request)}/topics/{topic}{below}"
