"""A queue on SMQ (once MNS), through the official SDK.

Bodies travel as base64, as the SDK does by itself: XML cannot carry every character. An EventBridge
trigger on such a queue needs `IsBase64Decode: true`; what reads the events takes both.

Importing the SDK costs about 150 ms of CPU, more than half of it for a decorator library under it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mns.mns_client import MNSClient
from mns.mns_exception import MNSExceptionBase, MNSServerException
from mns.queue import Message
from mns.queue import Queue as SdkQueue

from shared.aliyun.credentials import current_credentials
from shared.clock import Clock
from shared.errors import SesameError
from shared.observability.events import QUEUE_PUT_FAILED
from shared.observability.logs import log_event
from shared.queue import BODY_LIMIT_BYTES, DELAY_LIMIT_S, QueueItem

BATCH_LIMIT = 16
_REQUEST_LIMIT_BYTES = 65_536
_ENVELOPE_BYTES = 256
"""Of XML around one body, rounded up. Inferred: that the limit of a batch counts it too."""
_TIMEOUT_S = 2.0
_TRY_LIMIT = 3
_DEADLINE_MS = 5_000
"""No second or third try of a batch begins later than that after its first."""
_FINAL = frozenset(
    {
        "AccessDenied",
        "InvalidAccessKeyId",
        "InvalidArgument",
        "InvalidQueueName",
        "MalformedXML",
        "QueueNameLengthError",
        "QueueNotExist",
        "SignatureDoesNotMatch",
    }
)


@dataclass(frozen=True, slots=True, repr=False)
class _SdkCredentials:
    """What the SDK asks a credential for. It sends any token but "", so that None breaks it."""

    access_key_id: str
    access_key_secret: str
    security_token: str

    def get_access_key_id(self) -> str:
        return self.access_key_id

    def get_access_key_secret(self) -> str:
        return self.access_key_secret

    def get_security_token(self) -> str:
        return self.security_token


class _InvocationCredentials:
    """Gives the SDK the credentials of the current invocation, once a call."""

    def get_credentials(self) -> _SdkCredentials:
        held = current_credentials()
        return _SdkCredentials(
            held.access_key_id, held.access_key_secret, held.security_token or ""
        )


def connect(endpoint: str, *, timeout_s: float = _TIMEOUT_S) -> Any:  # the SDK is untyped
    """The SDK's client, with timeouts, and the credentials of the moment at each call.

    It holds one connection, and is for one thread at a time.
    """
    client = MNSClient(endpoint, credentials_provider=_InvocationCredentials())
    client.set_connection_timeout(timeout_s)
    # Over HTTPS the SDK ignores its own setting and would wait for ever; http.client reads this
    # one whenever it opens the connection.
    client.http.conn.timeout = timeout_s
    return client


class SmqQueue:
    """Implements Queue. One connection behind a lock, since the SDK's is not thread-safe."""

    def __init__(
        self, endpoint: str, queue_name: str, *, clock: Clock, timeout_s: float = _TIMEOUT_S
    ) -> None:
        self._name = queue_name
        self._clock = clock
        self._client = connect(endpoint, timeout_s=timeout_s)
        self._queue = SdkQueue(queue_name, self._client)
        self._lock = threading.Lock()

    def put(self, items: Sequence[QueueItem]) -> int:
        """How many of the first of `items` are durably on the queue; never raises.

        A batch is up to 16 items and 64 KB; what fails of one is sent up to three times, within
        5 s and one more answer. Nothing after a batch that stays incomplete is sent. An item that
        the queue could never take counts as one that failed.
        """
        count = 0
        for batch in _batches(items):
            done, code = self._put_batch(batch)
            count += done
            if code:
                log_event(QUEUE_PUT_FAILED, level=logging.ERROR, queue=self._name, error_code=code)
                return count
        if count < len(items):
            log_event(
                QUEUE_PUT_FAILED, level=logging.ERROR, queue=self._name, error_code="item_invalid"
            )
        return count

    def close(self) -> None:
        """Close the connection; the next put opens another."""
        with self._lock:
            self._client.close_connection()

    def _put_batch(self, batch: Sequence[QueueItem]) -> tuple[int, str]:
        waiting = list(range(len(batch)))
        deadline_ms = self._clock.now_ms() + _DEADLINE_MS
        code = ""
        for attempt in range(_TRY_LIMIT):
            if attempt and self._clock.now_ms() >= deadline_ms:
                break
            failures = self._send([batch[index] for index in waiting])
            waiting = [waiting[place] for place in failures]
            if not waiting:
                return len(batch), ""
            code = next(iter(failures.values()))
            if _FINAL.intersection(failures.values()):
                break
        return waiting[0], code

    def _send(self, items: Sequence[QueueItem]) -> dict[int, str]:
        """The places of those that failed, and why."""
        messages = [Message(item.body, item.delay_s) for item in items]
        try:
            with self._lock:
                self._queue.batch_send_message(messages)
        except MNSServerException as error:
            # A list where the service took some of the batch: an entry for each, in order.
            entries = error.sub_errors or []
            code = _code(error)
            if len(entries) != len(items):
                return dict.fromkeys(range(len(items)), code)
            return {
                place: str(entry["ErrorCode"])
                for place, entry in enumerate(entries)
                if "ErrorCode" in entry
            } or dict.fromkeys(range(len(items)), code)
        except MNSExceptionBase:
            # The text may hold the whole answer, and the answer what was sent.
            return dict.fromkeys(range(len(items)), "answer_lost")
        except SesameError as error:
            return dict.fromkeys(range(len(items)), getattr(error, "reason", error.code))
        except (LookupError, AttributeError, TypeError):
            # The SDK stumbles so over answers without a request id, as a proxy's are.
            return dict.fromkeys(range(len(items)), "answer_lost")
        return {}


def _code(error: MNSServerException) -> str:
    return str(error.type or "unknown")


def _batches(items: Sequence[QueueItem]) -> Iterator[list[QueueItem]]:
    """`items` in order, as many a request as it may hold, up to the first that cannot be sent."""
    batch: list[QueueItem] = []
    size = 0
    for item in items:
        length = _sendable_bytes(item)
        if length is None:
            break
        if batch and (len(batch) == BATCH_LIMIT or size + length > _REQUEST_LIMIT_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += length
    if batch:
        yield batch


def _sendable_bytes(item: QueueItem) -> int | None:
    """How much of a request an item takes; None if no queue takes it."""
    try:
        length = len(item.body.encode())
    except UnicodeEncodeError:
        return None
    if not 0 < length <= BODY_LIMIT_BYTES or not 0 <= item.delay_s <= DELAY_LIMIT_S:
        return None
    return (length + 2) // 3 * 4 + _ENVELOPE_BYTES
