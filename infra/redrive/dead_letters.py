"""The dead-letter queue through the official SDK. What is taken from it comes back by itself."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from mns.mns_exception import MNSExceptionBase
from mns.queue import Queue

from infra.redrive.letter import Letter, read_letter
from shared.aliyun.smq import connect


class DeadLettersUnavailable(Exception):
    """The queue does not answer as it should; the text is the service's code."""


@dataclass(frozen=True, slots=True, repr=False)
class Held:
    """A letter that is hidden from others until it is deleted, released, or 300 s are over."""

    message_id: str
    handle: str
    letter: Letter


class DeadLetters:
    """The dead-letter queue `name`.

    wait_s: how long it is asked for more before it counts as empty. Inferred: that a queue of many
    servers may say too early that there is nothing, unless it is given time.
    """

    def __init__(self, endpoint: str, name: str, *, wait_s: int = 1) -> None:
        self._client = connect(endpoint, timeout_s=wait_s + 3.0)
        self._queue = Queue(name, self._client)
        self._queue.set_encoding(False)
        self._wait_s = wait_s

    def take(self) -> Generator[Held, None, None]:
        """Every letter there is, each once; close it to stop early, and the rest is released.
        Raises DeadLettersUnavailable.
        """
        seen: set[str] = set()
        while True:
            try:
                batch = self._queue.batch_receive_message(16, self._wait_s)
            except MNSExceptionBase as error:
                if error.type == "MessageNotExist":
                    return
                raise DeadLettersUnavailable(error.type) from None
            fresh = [each for each in batch if each.message_id not in seen]
            if not fresh:
                return  # the first ones are visible again: this was all
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
            self._queue.delete_message(held.handle)
        except MNSExceptionBase:
            return False
        return True

    def release(self, held: Held) -> None:
        """Let others see it again at once, or when its time is over, should that fail."""
        try:
            self._queue.change_message_visibility(held.handle, 1)
        except MNSExceptionBase:
            return

    def close(self) -> None:
        """Close the connection."""
        self._client.close_connection()


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
