"""The dead-letter queue through the official SDK. What is taken from it comes back by itself."""

from __future__ import annotations

import threading
from base64 import b64decode
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any

from mns.mns_exception import MNSExceptionBase
from mns.mns_request import GetQueueAttributesRequest, GetQueueAttributesResponse
from mns.queue import Queue

from shared.aliyun.smq import connect
from shared.errors import QueueUnavailable
from shared.letters.letter import read_letter
from shared.letters.model import Count, Held, Seen

_LOST = "NetWorkException"
"""The SDK's word for every connection that failed."""
_CLOCKS_APART_MS = 60_000


class SmqDeadLetters:
    """Implements LetterBox and LetterQueue over the queue `name`. One connection behind a lock,
    since the SDK's is not thread-safe.

    wait_s: how long it is asked for more before it counts as empty. Inferred: that a queue of many
    servers may say too early that there is nothing, unless it is given time.
    """

    def __init__(self, endpoint: str, name: str, *, wait_s: int = 1) -> None:
        self._client = connect(endpoint, timeout_s=wait_s + 3.0)
        self._queue = Queue(name, self._client)
        self._queue.set_encoding(False)
        self._name = name
        self._wait_s = wait_s
        self._lock = threading.Lock()

    def peek(self) -> list[Seen]:
        """The first 16 that nobody holds; nobody is kept from them. Raises QueueUnavailable."""
        return [_seen(each) for each in self._some(lambda: self._queue.batch_peek_message(16))]

    def count(self) -> Count | None:
        """How many there are. The vendor means to take these numbers out of the answer, or to have
        them be 0 (page of GetQueueAttributes): None where one is missing, and 0 may be a lie.
        Raises QueueUnavailable.
        """
        # Not by way of Queue.get_attributes, which warns of the very numbers that it sets itself.
        answer = GetQueueAttributesResponse()
        asked = GetQueueAttributesRequest(self._name)
        try:
            self._ask(lambda: self._client.get_queue_attributes(asked, answer))
        except QueueUnavailable as error:
            if str(error) == "RespDataDamaged":
                return None
            raise
        numbers = (answer.active_messages, answer.delay_messages, answer.inactive_messages)
        return None if min(numbers) < 0 else Count(numbers[0], numbers[1] + numbers[2])

    def take(self) -> Generator[Held, None, None]:
        """Every letter there is, each once; close it to stop early, and the rest is released.
        Raises QueueUnavailable.
        """
        seen: set[str] = set()
        while True:
            batch = self._some(lambda: self._queue.batch_receive_message(16, self._wait_s))
            fresh = [each for each in batch if each.message_id not in seen]
            if not fresh:
                return  # there is nothing, or the first ones are visible again: this was all
            seen.update(each.message_id for each in fresh)
            waiting = [_held(each) for each in fresh]
            try:
                while waiting:
                    yield waiting.pop(0)
            finally:
                for held in waiting:
                    self.release(held)

    def delete(self, held: Held) -> bool:
        """Whether it is gone for good; if not, it will be seen again."""
        try:
            self._ask(lambda: self._queue.delete_message(held.handle), tries=1)
        except QueueUnavailable:
            return False
        return True

    def release(self, held: Held) -> None:
        """Let others see it again at once, or when its time is over, should that fail."""
        with suppress(QueueUnavailable):
            # A second is the shortest that the service hides a message for.
            self._ask(lambda: self._queue.change_message_visibility(held.handle, 1), tries=1)

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._client.close_connection()

    def _some(self, ask: Callable[[], Any]) -> list[Any]:  # Any: the SDK is untyped
        """The messages; none where the service says that there are none."""
        try:
            return list(self._ask(ask))
        except QueueUnavailable as error:
            if str(error) == "MessageNotExist":
                return []
            raise

    def _ask(self, ask: Callable[[], Any], *, tries: int = 2) -> Any:  # Any: the SDK is untyped
        """The SDK's answer; a second time after a lost one, as a connection may have died while
        the instance was frozen. Raises QueueUnavailable with the service's code.
        """
        with self._lock:
            try:
                return ask()
            except MNSExceptionBase as error:
                # Not its text: that of a lost connection or a proxy's page may hold anything.
                code = str(error.type or "unknown")
            except (LookupError, AttributeError, TypeError, ValueError):
                # The SDK stumbles so over answers without a request id, as a proxy's are.
                code = "answer_lost"
        if code == _LOST and tries > 1:
            return self._ask(ask, tries=tries - 1)
        raise QueueUnavailable(code)


def _seen(message: Any) -> Seen:  # Any: the SDK is untyped
    letter, came_ms = read_letter(_unwrapped(message.message_body)), int(message.enqueue_time)
    # Anybody may write a letter, with any time in it.
    is_likely = 0 < letter.at <= came_ms + _CLOCKS_APART_MS
    return Seen(message.message_id, letter, letter.at if is_likely else came_ms)


def _held(message: Any) -> Held:  # Any: the SDK is untyped
    return Held(
        message.message_id, message.receipt_handle, read_letter(_unwrapped(message.message_body))
    )


def _unwrapped(body: str) -> str:
    # By hand, since the SDK fails as a whole at one body in the batch that is not base64.
    try:
        return b64decode(body, validate=True).decode()
    except ValueError:
        return body
