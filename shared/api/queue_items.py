"""Items of queues, each on its own: the good ones done, the bad ones where an operator sees them
with a reason.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.clock import Clock
from shared.errors import QueueUnavailable
from shared.fc.batch_events import BatchItem
from shared.fc.batch_handler import BatchResult
from shared.observability.events import ITEM_REFUSED
from shared.observability.logs import log_event
from shared.observability.trace import continued
from shared.queue import Queue, QueueItem

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """Puts away what nobody can work on, with its reason. name: the queue that it came from."""

    queue: Queue
    name: str
    clock: Clock

    def put(self, refused: Sequence[tuple[BatchItem, str]]) -> None:
        """Raises QueueUnavailable if they cannot be kept: then the batch must come again."""
        letters = []
        for item, reason in refused:
            with continued(item.trace):
                log_event(
                    ITEM_REFUSED,
                    queue=self.name,
                    item_id=item.item_id,
                    source=item.source,
                    reason=reason,
                )
            letters.append(
                QueueItem(
                    json.dumps(
                        {
                            "reason": reason,
                            "at": self.clock.now_ms(),
                            "queue": self.name,
                            "item": _readable(item.body),
                        },
                        ensure_ascii=False,
                    )
                )
            )
        if letters and self.queue.put(letters) < len(letters):
            raise QueueUnavailable("dead_letters")


def _readable(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")


class WorkEndpoint(Generic[Item]):
    """Items of one of our own queues, parsed and handed over together."""

    def __init__(
        self,
        *,
        parse: Callable[[bytes], Item],
        work: Callable[[Sequence[Item]], None],
        dead: DeadLetters,
    ) -> None:
        self._parse = parse
        self._work = work
        self._dead = dead

    def __call__(self, items: Sequence[BatchItem]) -> BatchResult:
        """Raises StoreUnavailable if all of it must come again."""
        good: list[Item] = []
        bad: list[tuple[BatchItem, str]] = []
        for item in items:
            try:
                if item.problem:
                    raise ValueError(item.problem)
                good.append(self._parse(item.body))
            except ValueError as error:
                bad.append((item, str(error)))
        self._dead.put(bad)
        if good:
            self._work(good)
        return BatchResult(settled=len(items), failed=len(bad))
