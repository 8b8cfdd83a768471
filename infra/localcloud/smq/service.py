"""SMQ (formerly MNS) 2015-06-06 on the wire: which operation a path means, who signed it, and the
answer in XML. Queues are here and in operations, topics in topic_operations.

A waiting receive asks the store again every 20 ms instead of being woken: a message becomes visible
by the cloud's clock, which the control plane may move at any moment.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
import uuid
from collections.abc import Callable, Iterable, Mapping

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.signatures import MalformedText, function_behind, read_pairs
from infra.localcloud.core.wire import WireAnswer, WireRequest
from infra.localcloud.smq.authorization import VERSION, key_id_of, verify
from infra.localcloud.smq.documents import write_one
from infra.localcloud.smq.errors import ERRORS, SmqRefused
from infra.localcloud.smq.notifications import Notifier, Published, new_message_id
from infra.localcloud.smq.operations import Call, Operations, host_address
from infra.localcloud.smq.store import QueueStore
from infra.localcloud.smq.topic_operations import TopicOperations, topic_call, topic_operation
from infra.localcloud.smq.topics import TopicStore

POLL_INTERVAL_S = 0.02
BODY_LIMIT_BYTES = 4 * 1024 * 1024
"""16 messages of 64 KB with room for escapes (inferred: the vendor names no limit)."""
_PATH = re.compile(r"/queues(?:/(?P<queue>[^/]*)(?P<messages>/messages)?)?")
_QUEUE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-]*", re.ASCII)
_QUEUE_OPERATIONS = {
    "PUT": "CreateQueue",
    "GET": "GetQueueAttributes",
    "DELETE": "DeleteQueue",
}


class SmqService:
    """The message queues and topics of one cloud. `store` is open to what consumes from inside the
    cloud. draw: a number from 0 to 1, for the waits that are random.
    """

    name = "smq"

    def __init__(self, cloud: Cloud, *, draw: Callable[[], float] = random.random) -> None:
        self._cloud = cloud
        folder = cloud.folder(self.name)
        self.topics = TopicStore(folder / "topics.db" if folder else None, cloud.clock)
        self.store = QueueStore(folder / "smq.db" if folder else None, cloud.clock)
        self._notifier = Notifier(queues=self.store, clock=cloud.clock, draw=draw)
        self._listeners: list[Callable[[Published], int]] = []
        self._topic_handlers = TopicOperations(
            self.topics, clock=cloud.clock, publish=self._publish
        ).handlers
        operations = self._operations = Operations(self.store)
        self._handlers: dict[str, Callable[[Call], WireAnswer]] = {
            "CreateQueue": operations.create_queue,
            "SetQueueAttributes": operations.set_queue_attributes,
            "GetQueueAttributes": operations.get_queue_attributes,
            "DeleteQueue": operations.delete_queue,
            "ListQueue": operations.list_queue,
            "SendMessage": operations.send_message,
            "BatchSendMessage": operations.batch_send_message,
            "ReceiveMessage": operations.receive_message,
            "BatchReceiveMessage": operations.batch_receive_message,
            "PeekMessage": operations.peek_message,
            "BatchPeekMessage": operations.batch_peek_message,
            "DeleteMessage": operations.delete_message,
            "BatchDeleteMessage": operations.batch_delete_message,
            "ChangeMessageVisibility": operations.change_message_visibility,
        }

    def operation(self, request: WireRequest) -> str:
        """The operation that method, path, query and, for a send, the body's root mean."""
        try:
            return _operation_of(request, _read_query(request))
        except SmqRefused:
            return "?"

    def caller(self, request: WireRequest) -> str:
        """The function whose session the Authorization header names."""
        return function_behind(self._cloud.identities, key_id_of(request))

    def failure(self, request: WireRequest, code: str) -> WireAnswer:
        """The error as XML; a code that is not in the table is a 400."""
        return _finish(_error(request, SmqRefused(code)))

    async def answer(self, request: WireRequest) -> WireAnswer:
        """Check, carry out, answer."""
        try:
            return _finish(await self._answer(request))
        except SmqRefused as refused:
            return _finish(_error(request, refused))

    def listen(self, listener: Callable[[Published], int], *, topics: Iterable[str] = ()) -> None:
        """Tell `listener` of every message that is published from now on, and have the topics. It
        says how many it calls with the message.
        """
        self._listeners.append(listener)
        for name in topics:
            self.topics.ensure(name)

    def publish_topic(
        self, topic: str, message: str, attributes: Mapping[str, str], *, tag: str = ""
    ) -> int:
        """Publish from inside the cloud; how many subscriptions and functions that reaches. A topic
        that is not there has none.
        """
        return self._publish(
            Published(
                topic=topic,
                id=new_message_id(),
                body=message,
                tag=tag,
                at_ms=self._cloud.clock.now_ms(),
                attributes=attributes,
            )
        )

    async def stop_pushing(self) -> None:
        """Give up the pushes that wait for another try, and have them ended."""
        await self._notifier.stop()

    def reset(self) -> None:
        """Remove every message; queues, topics and subscriptions stay, as what start-up made."""
        self._notifier.cancel()
        self.store.clear()

    def close(self) -> None:
        """Close the databases."""
        self._notifier.cancel()
        self.store.close()
        self.topics.close()

    def _publish(self, message: Published) -> int:
        wanting = [
            each for each in self.topics.all_subscriptions(message.topic) if each.wants(message.tag)
        ]
        self._notifier.push(wanting, message)
        return len(wanting) + sum(listener(message) for listener in self._listeners)

    async def _answer(self, request: WireRequest) -> WireAnswer:
        if len(request.body) > BODY_LIMIT_BYTES:
            raise SmqRefused("InvalidArgument", "The request is too large.")
        signer = verify(request, self._cloud)
        query = _read_query(request)
        name = _operation_of(request, query)
        # The resource is the path, such as /queues/<q> or /queues/<q>/messages ("Custom policies
        # for SMQ"), and each operation is an action of its own, the batches too.
        access = self._cloud.access
        resource = access.resource("mns", request.path)
        if not access.allows(signer, f"mns:{name}", [resource], source_ip=request.peer_ip):
            raise SmqRefused("AccessDenied")
        if name in self._topic_handlers:
            return self._topic_handlers[name](topic_call(request))
        handler = self._handlers.get(name)
        if handler is None:
            raise SmqRefused("InvalidRequestURL")
        call = Call(request, _queue_of(request), query)
        if name not in ("ReceiveMessage", "BatchReceiveMessage"):
            return handler(call)
        return await self._wait(handler, call)

    async def _wait(self, receive: Callable[[Call], WireAnswer], call: Call) -> WireAnswer:
        # The client's patience runs on real time, so the wait does not follow the cloud's clock.
        deadline_s = time.monotonic() + self._operations.wait_s(call)
        while True:
            try:
                return receive(call)
            except SmqRefused as refused:
                if refused.code != "MessageNotExist" or time.monotonic() >= deadline_s:
                    raise
            await asyncio.sleep(POLL_INTERVAL_S)


def _read_query(request: WireRequest) -> dict[str, str]:
    try:
        return {key.lower(): value for key, value in read_pairs(request.query)}
    except MalformedText as error:
        raise SmqRefused("InvalidQueryString") from error


def _operation_of(request: WireRequest, query: dict[str, str]) -> str:
    match = _PATH.fullmatch(request.path)
    if match is None:
        return topic_operation(request, query)
    if match["queue"] is None:
        return "ListQueue" if request.method == "GET" else "?"
    if match["messages"] is not None:
        return _message_operation(request, query)
    if request.method == "PUT" and query.get("metaoverride", "").lower() == "true":
        return "SetQueueAttributes"
    return _QUEUE_OPERATIONS.get(request.method, "?")


def _message_operation(request: WireRequest, query: dict[str, str]) -> str:
    match request.method:
        case "POST":
            is_batch = re.search(rb"<(?:\w+:)?Messages[\s>/]", request.body[:512])
            return "BatchSendMessage" if is_batch else "SendMessage"
        case "GET":
            verb = "Peek" if query.get("peekonly", "").lower() == "true" else "Receive"
            return f"{'Batch' if 'numofmessages' in query else ''}{verb}Message"
        case "DELETE":
            return "DeleteMessage" if "receipthandle" in query else "BatchDeleteMessage"
        case "PUT":
            return "ChangeMessageVisibility"
    return "?"


def _queue_of(request: WireRequest) -> str:
    match = _PATH.fullmatch(request.path)
    if match is None or match["queue"] is None:
        return ""
    if not 1 <= len(match["queue"]) <= 256:
        raise SmqRefused("QueueNameLengthError")
    if not _QUEUE_NAME.fullmatch(match["queue"]):
        raise SmqRefused("InvalidQueueName")
    return match["queue"]


def _error(request: WireRequest, refused: SmqRefused) -> WireAnswer:
    status, text = ERRORS.get(refused.code, (400, "The request was refused."))
    fields = {
        "Code": refused.code,
        "Message": refused.message or text,
        "RequestId": uuid.uuid4().hex.upper(),
        "HostId": host_address(request),
    }
    return WireAnswer(status, write_one("Error", fields))


def _finish(answer: WireAnswer) -> WireAnswer:
    headers = {
        "x-mns-request-id": uuid.uuid4().hex.upper(),
        "x-mns-version": VERSION,
        **({"Content-Type": "text/xml;charset=utf-8"} if answer.body else {}),
        **answer.headers,
    }
    return WireAnswer(answer.status, answer.body, headers)
