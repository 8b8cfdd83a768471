"""What each SMQ operation does with a request that was let in.

Every operation is a method of one shape; the service finds it by the name that `route` gives.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from infra.localcloud.core.wire import WireAnswer, WireRequest
from infra.localcloud.smq.documents import children, read_document, texts, write_list, write_one
from infra.localcloud.smq.errors import SmqRefused, out_of_range
from infra.localcloud.smq.store import Draft, Message, Queue, QueueAttributes, QueueStore

BATCH_LIMIT = 16
POLL_LIMIT_S = 30
DELAY_LIMIT_S = 604_800
_NUMBER = re.compile(r"-?[0-9]{1,9}", re.ASCII)
_ATTRIBUTES = {
    # XML name: (field, lowest, highest)
    "VisibilityTimeout": ("visibility_timeout_s", 1, 43_200),
    "MaximumMessageSize": ("message_limit_bytes", 1024, 65_536),
    "MessageRetentionPeriod": ("retention_s", 60, 604_800),
    "DelaySeconds": ("delay_s", 0, DELAY_LIMIT_S),
    "PollingWaitSeconds": ("polling_wait_s", 0, POLL_LIMIT_S),
}
_BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was let in: the queue it names and its query, keys in lower case."""

    request: WireRequest
    queue: str
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """What a listing asks for: up to `limit` names that start with `prefix`, behind `after`."""

    prefix: str
    after: str
    limit: int
    has_meta: bool

    def tail(self, names: Sequence[str]) -> dict[str, object]:
        """The marker of the next page, if `names`, read one beyond the limit, say there is one."""
        return {"NextMarker": names[self.limit - 1]} if len(names) > self.limit else {}


class Operations:
    """The queue operations of SMQ over one store. All raise SmqRefused."""

    def __init__(self, store: QueueStore) -> None:
        self._store = store

    def create_queue(self, call: Call) -> WireAnswer:
        """201 for a new queue, 204 for one that is there just so."""
        attributes = _read_attributes(call.request.body, QueueAttributes())
        is_new = self._store.create_queue(call.queue, attributes)
        return WireAnswer(201 if is_new else 204, headers={"Location": _url(call, call.queue)})

    def set_queue_attributes(self, call: Call) -> WireAnswer:
        """Change the attributes that the body names."""
        current = self._store.queue(call.queue).attributes
        self._store.set_attributes(call.queue, _read_attributes(call.request.body, current))
        return WireAnswer(204)

    def get_queue_attributes(self, call: Call) -> WireAnswer:
        """The attributes and message counts."""
        return WireAnswer(200, write_one("Queue", self._meta(self._store.queue(call.queue))))

    def delete_queue(self, call: Call) -> WireAnswer:
        """204, also for a queue that is not there, as the vendor's PHP SDK's TopicTest has it."""
        self._store.delete_queue(call.queue)
        return WireAnswer(204)

    def list_queue(self, call: Call) -> WireAnswer:
        """The queues by name, a page at a time; the marker is the last name shown."""
        page = read_page(call.request)
        found = self._store.queues(prefix=page.prefix, after=page.after, limit=page.limit + 1)
        entries = [
            {"QueueURL": _url(call, queue.name), **(self._meta(queue) if page.has_meta else {})}
            for queue in found[: page.limit]
        ]
        tail = page.tail([queue.name for queue in found])
        return WireAnswer(200, write_list("Queues", "Queue", entries, tail))

    def send_message(self, call: Call) -> WireAnswer:
        """Put one message into the queue."""
        draft = self._draft(call, texts(read_document(call.request.body, "Message")))
        (message_id,) = self._store.send(call.queue, [draft])
        return WireAnswer(201, write_one("Message", _sent(message_id, draft)))

    def batch_send_message(self, call: Call) -> WireAnswer:
        """Put 1 to 16 messages into the queue. Inferred: one that is bad refuses them all."""
        elements = children(read_document(call.request.body, "Messages"), "Message")
        if not 1 <= len(elements) <= BATCH_LIMIT:
            raise out_of_range("Messages", 1, BATCH_LIMIT)
        drafts = [self._draft(call, texts(element)) for element in elements]
        ids = self._store.send(call.queue, drafts)
        entries = [_sent(message_id, draft) for message_id, draft in zip(ids, drafts, strict=True)]
        return WireAnswer(201, write_list("Messages", "Message", entries))

    def receive_message(self, call: Call) -> WireAnswer:
        """Take one message."""
        (message,) = _some(self._store.receive(call.queue, 1))
        return WireAnswer(200, write_one("Message", _received(message)))

    def batch_receive_message(self, call: Call) -> WireAnswer:
        """Take up to `numOfMessages`."""
        messages = _some(self._store.receive(call.queue, _batch_size(call)))
        return WireAnswer(200, write_list("Messages", "Message", map(_received, messages)))

    def peek_message(self, call: Call) -> WireAnswer:
        """Look at the next message."""
        (message,) = _some(self._store.peek(call.queue, 1))
        return WireAnswer(200, write_one("Message", _peeked(message)))

    def batch_peek_message(self, call: Call) -> WireAnswer:
        """Look at the next `numOfMessages`."""
        messages = _some(self._store.peek(call.queue, _batch_size(call)))
        return WireAnswer(200, write_list("Messages", "Message", map(_peeked, messages)))

    def delete_message(self, call: Call) -> WireAnswer:
        """Remove the message behind `ReceiptHandle`."""
        self._store.delete(call.queue, _receipt_handle(call))
        return WireAnswer(204)

    def batch_delete_message(self, call: Call) -> WireAnswer:
        """Remove 1 to 16 messages; those that fail are named. Inferred: the status 404 for them."""
        root = read_document(call.request.body, "ReceiptHandles")
        handles = [element.text or "" for element in children(root, "ReceiptHandle")]
        if not 1 <= len(handles) <= BATCH_LIMIT:
            raise out_of_range("ReceiptHandles", 1, BATCH_LIMIT)
        self._store.queue(call.queue)
        failed = []
        for handle in handles:
            try:
                self._store.delete(call.queue, handle)
            except SmqRefused as refused:
                failed.append(
                    {
                        "ErrorCode": refused.code,
                        "ErrorMessage": "The message was not deleted.",
                        "ReceiptHandle": handle,
                    }
                )
        return WireAnswer(404, write_list("Errors", "Error", failed)) if failed else WireAnswer(204)

    def change_message_visibility(self, call: Call) -> WireAnswer:
        """Hide the message behind `ReceiptHandle` for `VisibilityTimeout` from now."""
        handle = _receipt_handle(call)
        if "visibilitytimeout" not in call.query:
            raise SmqRefused("MissingVisibilityTimeout")
        timeout_s = bounded("VisibilityTimeout", call.query["visibilitytimeout"], 1, 43_200)
        message = self._store.change_visibility(call.queue, handle, timeout_s)
        fields = {
            "ReceiptHandle": message.receipt_handle,
            "NextVisibleTime": _ms(message.visible_at),
        }
        return WireAnswer(200, write_one("ChangeVisibility", fields))

    def wait_s(self, call: Call) -> int:
        """How long a receive may wait for a message: `waitseconds`, or the queue's own."""
        own = self._store.queue(call.queue).attributes.polling_wait_s
        return bounded("waitseconds", call.query.get("waitseconds", str(own)), 0, POLL_LIMIT_S)

    def _draft(self, call: Call, fields: Mapping[str, str]) -> Draft:
        body = fields.get("MessageBody", "")
        limit_bytes = self._store.queue(call.queue).attributes.message_limit_bytes
        if not 1 <= len(body.encode()) <= limit_bytes:
            raise out_of_range("MessageBody", 1, limit_bytes)
        delay = fields.get("DelaySeconds")
        return Draft(
            body=body,
            delay_s=None if delay is None else bounded("DelaySeconds", delay, 0, DELAY_LIMIT_S),
            priority=bounded("Priority", fields.get("Priority", "8"), 1, 16),
        )

    def _meta(self, queue: Queue) -> dict[str, object]:
        counts = self._store.counts(queue.name)
        attributes = asdict(queue.attributes)
        return {
            "QueueName": queue.name,
            "CreateTime": int(queue.created_at),
            "LastModifyTime": int(queue.modified_at),
            **{name: attributes[field] for name, (field, _, _) in _ATTRIBUTES.items()},
            "ActiveMessages": counts.active,
            "InactiveMessages": counts.inactive,
            "DelayMessages": counts.delayed,
            "LoggingEnabled": queue.attributes.is_logging,
        }


def host_address(request: WireRequest) -> str:
    """The address that the client called, from its Host header; what is not ASCII becomes "?"."""
    host = request.headers.get("Host", "").encode("ascii", "replace").decode()
    return f"http://{host}"


def read_page(request: WireRequest) -> Page:
    """The page that a listing's headers name. Raises SmqRefused."""
    headers = request.headers
    limit = bounded("x-mns-ret-number", headers.get("x-mns-ret-number", "1000"), 1, 1000)
    prefix, after = headers.get("x-mns-prefix", ""), headers.get("x-mns-marker", "")
    if not (prefix + after).isascii():
        raise SmqRefused("InvalidArgument", "x-mns-prefix and x-mns-marker are ASCII.")
    return Page(prefix, after, limit, headers.get("x-mns-with-meta", "").lower() == "true")


def _read_attributes(body: bytes, current: QueueAttributes) -> QueueAttributes:
    given = texts(read_document(body, "Queue")) if body else {}
    attributes = asdict(current)
    for name, (field, low, high) in _ATTRIBUTES.items():
        if name in given:
            attributes[field] = bounded(name, given[name], low, high)
    if "LoggingEnabled" in given:
        attributes["is_logging"] = truth("LoggingEnabled", given["LoggingEnabled"])
    return QueueAttributes(**attributes)


def bounded(name: str, text: str, low: int, high: int) -> int:
    """The whole number that `text` is. Raises SmqRefused if it is none, or out of bounds."""
    if not _NUMBER.fullmatch(text) or not low <= int(text) <= high:
        raise out_of_range(name, low, high)
    return int(text)


def truth(name: str, text: str) -> bool:
    """The boolean that `text` is, in any case. Raises SmqRefused."""
    value = _BOOLEANS.get(text.lower())
    if value is None:
        raise SmqRefused("InvalidArgument", f"{name} should be True or False.")
    return value


def _batch_size(call: Call) -> int:
    return bounded("numOfMessages", call.query["numofmessages"], 1, BATCH_LIMIT)


def _receipt_handle(call: Call) -> str:
    handle = call.query.get("receipthandle", "")
    if not handle:
        raise SmqRefused("MissingReceiptHandle")
    return handle


def _some(messages: list[Message]) -> list[Message]:
    if not messages:
        raise SmqRefused("MessageNotExist")
    return messages


def _sent(message_id: str, draft: Draft) -> dict[str, object]:
    return {"MessageId": message_id, "MessageBodyMD5": md5_of(draft.body)}


def _peeked(message: Message) -> dict[str, object]:
    return {
        "MessageId": message.id,
        "MessageBodyMD5": md5_of(message.body),
        "MessageBody": message.body,
        "EnqueueTime": _ms(message.enqueued_at),
        # Inferred: 0 for a message that was never received.
        "FirstDequeueTime": _ms(message.first_dequeued_at or 0),
        "DequeueCount": message.dequeue_count,
        "Priority": message.priority,
    }


def _received(message: Message) -> dict[str, object]:
    return {
        **_peeked(message),
        "ReceiptHandle": message.receipt_handle,
        "NextVisibleTime": _ms(message.visible_at),
    }


def _url(call: Call, queue: str) -> str:
    return f"{host_address(call.request)}/queues/{queue}"


def md5_of(body: str) -> str:
    """The digest of a message's body, in upper case as SMQ writes it."""
    return hashlib.md5(body.encode(), usedforsecurity=False).hexdigest().upper()


def _ms(epoch_s: float) -> int:
    return int(epoch_s * 1000)
