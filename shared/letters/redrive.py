"""Putting dead letters back. A letter leaves the dead-letter queue only after it is back on its
own: cut off at any moment, the worst is that something is on its queue twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from shared.letters.model import Held, LetterQueue
from shared.queue import Queue, QueueItem

Outcome = Literal["redriven", "kept", "not_put", "homeless", "absent"]
"""redriven: on its queue, and gone from here. kept: on its queue, and here as well, until it is put
back once more or dropped. not_put: its queue did not take it for certain, and it is here. homeless:
nobody knows the queue that it came from, and it is here. absent: not here, or in other hands.
"""
_HIDDEN_S = 1.2
SEARCH_LIMIT = 160
"""Letters that are taken up to find one: ten batches, and as many to be put down again."""


@dataclass(frozen=True, slots=True)
class PutBack:
    """Puts a letter back that is held. queues: by their names without the stage."""

    letters: LetterQueue
    queues: Mapping[str, Queue]
    stage: str

    def __call__(self, held: Held) -> Outcome:
        """What came of it; unless it is `redriven`, the letter is still held."""
        queue = self.queues.get(self.home(held.letter.queue))
        if queue is None:
            return "homeless"
        if queue.put([QueueItem(held.letter.body)]) != 1:
            return "not_put"
        return "redriven" if self.letters.delete(held) else "kept"

    def home(self, queue: str) -> str:
        """A queue's name without the stage."""
        return queue.removesuffix(f"-{self.stage}")


@dataclass(frozen=True, slots=True)
class RedriveLetter:
    """Finds one letter by the id of its message, and puts it back.

    pause: called with seconds, once. Others that came up with the letter are hidden for a second
    more at least, and whoever looks at the list next shall see them.
    """

    letters: LetterQueue
    put_back: PutBack
    pause: Callable[[float], object]

    def __call__(self, message_id: str) -> tuple[Outcome, Held | None]:
        """What came of it, and the letter if there was one. Raises QueueUnavailable.

        What is taken up on the way is held until the search is over, since it would be found again
        else, and then released; what cannot be is seen again after 300 s.
        """
        passed: list[Held] = []
        found: Held | None = None
        outcome: Outcome = "absent"
        taken = self.letters.take()
        try:
            for held in islice(taken, SEARCH_LIMIT):
                if held.message_id == message_id:
                    found, outcome = held, self.put_back(held)
                    break
                passed.append(held)
        finally:
            taken.close()
            if found and outcome in ("not_put", "homeless"):
                # `kept` waits its 300 s instead, so that nobody presses again at once.
                passed.append(found)
            for held in passed:
                self.letters.release(held)
            if passed or found:
                self.pause(_HIDDEN_S)
        return outcome, found
