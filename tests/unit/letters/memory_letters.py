"""A dead-letter queue in memory, and queues that letters go back to."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence

from shared.errors import QueueUnavailable
from shared.letters.letter import read_letter
from shared.letters.model import Count, Held, Seen
from shared.queue import QueueItem

AT_MS = 1_700_000_000_000


def letter_body(
    order: str = "A1",
    *,
    reason: str = "expired",
    queue: str = "sesame-notifications",
    template: str = "ship_update",
    phone: str = "+8613800131234",
) -> str:
    """A letter as a worker writes it."""
    item = {"to": phone, "template": template, "params": {"order_no": order}}
    return json.dumps({"reason": reason, "at": AT_MS, "queue": queue, "item": item})


class MemoryLetters:
    """Implements LetterBox and LetterQueue. What is held is released by hand, or by `come_back`.

    failures: the codes that the next calls of `take` and `peek` raise; deletes: their outcomes.
    """

    def __init__(self, *bodies: str) -> None:
        self.bodies = {f"ID-{place}": body for place, body in enumerate(bodies)}
        self.held: set[str] = set()
        self.released: list[str] = []
        self.failures: list[str] = []
        self.deletes: list[bool] = []
        self.tells_count = True

    def peek(self) -> list[Seen]:
        self._fail()
        return [Seen(each, read_letter(self.bodies[each]), AT_MS) for each in self._free()[:16]]

    def count(self) -> Count | None:
        return Count(len(self._free()), len(self.held)) if self.tells_count else None

    def take(self) -> Generator[Held, None, None]:
        while batch := self._free()[:16]:
            self._fail()
            self.held.update(batch)
            try:
                while batch:
                    message_id = batch.pop(0)
                    yield Held(message_id, f"h-{message_id}", read_letter(self.bodies[message_id]))
            finally:
                for each in batch:
                    self._free_again(each)

    def delete(self, held: Held) -> bool:
        if not (self.deletes.pop(0) if self.deletes else True):
            return False
        del self.bodies[held.message_id]
        self.held.discard(held.message_id)
        return True

    def release(self, held: Held) -> None:
        self._free_again(held.message_id)

    def come_back(self) -> None:
        """300 s are over."""
        self.held.clear()

    def _free(self) -> list[str]:
        return [each for each in self.bodies if each not in self.held]

    def _free_again(self, message_id: str) -> None:
        self.held.discard(message_id)
        self.released.append(message_id)

    def _fail(self) -> None:
        if self.failures:
            raise QueueUnavailable(self.failures.pop(0))


class MemoryQueue:
    """Implements Queue. takes: how many items it still takes."""

    def __init__(self, takes: int = 1000) -> None:
        self.bodies: list[str] = []
        self.takes = takes

    def put(self, items: Sequence[QueueItem]) -> int:
        taken = list(items)[: self.takes]
        self.takes -= len(taken)
        self.bodies += [item.body for item in taken]
        return len(taken)
