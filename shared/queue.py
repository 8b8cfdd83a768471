"""The port to a queue: what is put there comes back to a function later, at least once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

BODY_LIMIT_BYTES = 48_000
"""Of one body as UTF-8: the service allows 64 KB, and the SDK writes bodies as base64."""
DELAY_LIMIT_S = 604_800


@dataclass(frozen=True, slots=True, repr=False)
class QueueItem:
    """A body, and how long it stays hidden at first (0 to 604,800 s)."""

    body: str
    delay_s: int = 0


class Queue(Protocol):
    """A queue that items are put into."""

    def put(self, items: Sequence[QueueItem]) -> int:
        """How many of the first of `items` are durably on the queue: all of them, or fewer after a
        failure. One that was not counted may be there all the same. Never raises for a failure.
        """
