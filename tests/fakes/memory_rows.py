"""A row store in memory: the semantics of RowStore, no more. Held to it by tests/contract."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from shared.errors import StoreUnavailable
from shared.rows import Require, Row, RowChange, RowKey, Value

_OPS: dict[str, Callable[[Value, Value], bool]] = {
    "==": lambda a, b: a == b,
    "<": lambda a, b: type(a) is type(b) and a < b,  # type: ignore[operator]
    "<=": lambda a, b: type(a) is type(b) and a <= b,  # type: ignore[operator]
    ">": lambda a, b: type(a) is type(b) and a > b,  # type: ignore[operator]
}


class MemoryRows:
    """Rows in a dict. `trips` counts round trips; `fail_next` makes that many of them fail."""

    def __init__(self) -> None:
        self.rows: dict[RowKey, dict[str, Value]] = {}
        self.trips = 0
        self.fail_next = 0
        self._lock = threading.Lock()

    def apply(self, changes: Sequence[RowChange]) -> list[bool]:
        self._trip()
        return [self._apply_one(change) for change in changes]

    def read(self, keys: Sequence[RowKey]) -> list[Row | None]:
        self._trip()
        return [dict(self.rows[key]) if key in self.rows else None for key in keys]

    def scan(
        self, *, table: str, subject: str, start: str, end: str, limit: int
    ) -> list[tuple[RowKey, Row]]:
        self._trip()
        found = sorted(
            key
            for key in self.rows
            if (key.table, key.subject) == (table, subject) and start <= key.item < end
        )
        return [(key, dict(self.rows[key])) for key in found[:limit]]

    def _trip(self) -> None:
        self.trips += 1
        if self.fail_next:
            self.fail_next -= 1
            raise StoreUnavailable("scripted")

    def _apply_one(self, change: RowChange) -> bool:
        # What one update of the store takes.
        assert len(change.requires) <= 10, f"{len(change.requires)} conditions: {change.key.item}"
        assert len(change.puts) + len(change.adds) + len(change.deletes) <= 1024, change.key.item
        assert not {"subject", "item"} & {*change.puts, *change.adds}, "a column of the key"
        with self._lock:
            row = self.rows.get(change.key, {})
            if not all(_holds(row, require) for require in change.requires):
                return False
            if change.drops:
                self.rows.pop(change.key, None)
                return True
            row = dict(row)
            for column in change.deletes:
                row.pop(column, None)
            row.update(change.puts)
            for column, amount in change.adds.items():
                row[column] = int(row.get(column, 0)) + amount
            if row:
                self.rows[change.key] = row
            return True


def _holds(row: Row, require: Require) -> bool:
    if require.column not in row:
        return require.if_missing
    return _OPS[require.op](row[require.column], require.value)
