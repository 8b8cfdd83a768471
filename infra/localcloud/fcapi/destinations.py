"""Where the end of an asynchronous invocation is told: an SMQ queue or topic, or a function.

inferred: the form of `timestamp`, that `condition` is the type of the error, and that a queue gets
the text as it is. EventBridge and RocketMQ are not here.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from typing import Protocol

from infra.localcloud.eventbridge.cloudevents import timestamp
from infra.localcloud.fc.asynchronous import Ended
from infra.localcloud.fcapi.specs import Home
from infra.localcloud.smq.errors import SmqRefused
from infra.localcloud.smq.store import Draft, QueueStore

log = logging.getLogger("localcloud.fc")

_SMQ = re.compile(r"acs:mns:[^:/]*:[^:/]*:/(queues|topics)/([^/]+)/messages")
_FUNCTION = re.compile(r"acs:fc:[^:/]*:[^:/]*:functions/([^/]+)(?:/.*)?")
ARN_FORMS = (_SMQ, _FUNCTION)


class Publish(Protocol):
    """Publishes a message to a topic."""

    def __call__(self, topic: str, message: str, attributes: Mapping[str, str]) -> int:
        """The number of functions that are called."""


class Destinations:
    """Tells ends. submit: invokes a function asynchronously."""

    def __init__(
        self,
        *,
        home: Home,
        queues: QueueStore,
        publish: Publish,
        submit: Callable[[str, bytes], str],
    ) -> None:
        self._home = home
        self._queues = queues
        self._publish = publish
        self._submit = submit

    def tell(self, arn: str, ended: Ended) -> None:
        """Send the end to `arn`. One that cannot be told is logged and lost, as on the platform
        (DestinationDeliveryFailed).
        """
        message = self._message(ended)
        if match := _SMQ.fullmatch(arn):
            self._tell_smq(match[1], match[2], message, ended.function)
        elif match := _FUNCTION.fullmatch(arn):
            self._submit(match[1], message.encode())
        else:
            log.warning("%s: this kind of destination is not carried out here", ended.function)

    def _tell_smq(self, kind: str, name: str, message: str, function: str) -> None:
        if kind == "topics":
            self._publish(name, message, {})
            return
        try:
            self._queues.send(name, [Draft(message)])
        except SmqRefused as refused:
            log.error("%s: its destination, the queue %s: %s", function, name, refused.code)

    def _message(self, ended: Ended) -> str:
        result = ended.result
        content = {
            "timestamp": timestamp(self._home.clock.now_s()),
            "requestContext": {
                "requestId": result.request_id,
                "functionArn": self._home.arn(ended.function),
                "condition": result.error_type or "",
                "approximateInvokeCount": ended.attempt_count,
            },
            "requestPayload": ended.event.decode("utf-8", "replace"),
            "responseContext": {"statusCode": 200, "functionError": result.error_type or ""},
            "responsePayload": result.payload.decode("utf-8", "replace"),
        }
        return json.dumps(content, ensure_ascii=False)
