"""A row store whose batches interleave row by row, as the real store's may."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence

from shared.rows import RowChange
from tests.fakes.memory_rows import MemoryRows


class InterleavedRows(MemoryRows):
    """Lets another thread in before every row, and takes the rows of a batch in any order."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._chance = random.Random(seed)

    def apply(self, changes: Sequence[RowChange]) -> list[bool]:
        order = list(range(len(changes)))
        self._chance.shuffle(order)
        applied = [False] * len(changes)
        for index in order:
            threading.Event().wait(self._chance.random() / 2000)
            applied[index] = self._apply_one(changes[index])
        return applied
