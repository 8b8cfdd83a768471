"""The queues and the topic, through the official SDK."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from mns.account import Account
from mns.mns_exception import MNSClientException, MNSServerException
from mns.queue import QueueMeta
from mns.topic import TopicMeta

from infra.foundation.failures import failure_of_code
from infra.foundation.model import Attributes, FoundationFailed, Resource
from infra.foundation.settings import Settings

_TIMEOUT_S = 10.0
_MISSING = ("QueueNotExist", "TopicNotExist")


def smq_account(settings: Settings) -> Account:
    """The SDK's account; it holds one connection."""
    account = Account(
        settings.smq_endpoint,
        settings.access_key_id,
        settings.access_key_secret,
        settings.security_token,
    )
    client = account.get_client()
    client.set_connection_timeout(_TIMEOUT_S)
    # Over HTTPS the SDK ignores its own setting; http.client reads this one as it connects.
    client.http.conn.timeout = _TIMEOUT_S
    return account


class SmqQueues:
    """Implements Host for queues: visibility_s, retention_s."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def read(self, resource: Resource) -> Attributes | None:
        """GetQueueAttributes."""
        meta = _found(lambda: self._account.get_queue(resource.name).get_attributes())
        if meta is None:
            return None
        return {
            "visibility_s": meta.visibility_timeout,
            "retention_s": meta.message_retention_period,
        }

    def create(self, resource: Resource) -> None:
        """CreateQueue."""
        _answer(lambda: self._account.get_queue(resource.name).create(_queue_meta(resource)))

    def change(self, resource: Resource, held: Attributes) -> None:
        """SetQueueAttributes; what is on the queue stays."""
        _answer(
            lambda: self._account.get_queue(resource.name).set_attributes(_queue_meta(resource))
        )


class SmqTopics:
    """Implements Host for topics, of which nothing but their being is asked."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def read(self, resource: Resource) -> Attributes | None:
        """GetTopicAttributes."""
        meta = _found(lambda: self._account.get_topic(resource.name).get_attributes())
        return None if meta is None else {}

    def create(self, resource: Resource) -> None:
        """CreateTopic."""
        _answer(lambda: self._account.get_topic(resource.name).create(TopicMeta()))

    def change(self, resource: Resource, held: Attributes) -> None:
        """Nothing: no attribute is asked."""


def _queue_meta(resource: Resource) -> QueueMeta:
    wanted = resource.attributes
    return QueueMeta(vis_timeout=wanted["visibility_s"], msg_ttl=wanted["retention_s"])


def _found(call: Callable[[], Any]) -> Any:  # untyped SDK
    try:
        return _answer(call)
    except FoundationFailed as failure:
        if failure.detail in _MISSING:
            return None
        raise


def _answer(call: Callable[[], Any]) -> Any:  # untyped SDK
    try:
        with warnings.catch_warnings():
            # The SDK deprecates three attributes of its own and still sets them itself.
            warnings.simplefilter("ignore", DeprecationWarning)
            return call()
    except MNSServerException as error:
        raise failure_of_code(str(error.type or "answer_lost")) from None
    except MNSClientException as error:
        # Its text may hold the whole answer. A refused connection is a network exception too.
        code = "not_sent" if "refused" in str(error.message).lower() else "answer_lost"
        raise failure_of_code(code) from None
    except (LookupError, AttributeError, TypeError, OSError):
        # The SDK stumbles so over answers without a request id, as a proxy's are.
        raise failure_of_code("answer_lost") from None
