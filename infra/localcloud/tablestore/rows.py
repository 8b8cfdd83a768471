"""Where rows are read and written: the data at rest with its indexes, or changes laid over it.

An overlay holds what a local transaction or an atomic batch has changed until all of it holds; its
own reads see it, no others do.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from typing import Protocol

from infra.localcloud.tablestore.indexes import IndexKeeper
from infra.localcloud.tablestore.store import Store, StoredRow
from infra.localcloud.tablestore.table import Table


class Rows(Protocol):
    """Rows by table and encoded key."""

    def get(self, table: Table, key: bytes) -> StoredRow | None:
        """The row under `key`."""

    def put(self, table: Table, key: bytes, row: StoredRow | None) -> None:
        """Add the row or replace it whole; without one, remove what is there."""

    def scan(
        self, table: Table, start: bytes, end: bytes, *, backward: bool
    ) -> Iterator[tuple[bytes, StoredRow]]:
        """Keys and rows from `start` (inclusive) to `end` (exclusive), in key order or against
        it.
        """


class CommittedRows:
    """The rows that everyone sees. A put is durable, with what it does to indexes, on return."""

    def __init__(self, store: Store, indexes: IndexKeeper) -> None:
        self._store = store
        self._indexes = indexes

    def get(self, table: Table, key: bytes) -> StoredRow | None:
        """See Rows."""
        if table.base:
            self._indexes.catch_up()
        return self._store.get(table.table_id, key)

    def put(self, table: Table, key: bytes, row: StoredRow | None) -> None:
        """See Rows."""
        if not table.indexes:
            self._put(table, key, row)
            return
        with self._store.transaction():
            self._indexes.follow(table, self._store.get(table.table_id, key), row)
            self._put(table, key, row)

    def put_all(self, table: Table, changes: dict[bytes, StoredRow | None]) -> None:
        """Put all of them, or none."""
        with self._store.transaction():
            for key, row in changes.items():
                self.put(table, key, row)

    def _put(self, table: Table, key: bytes, row: StoredRow | None) -> None:
        if row is None:
            self._store.delete(table.table_id, key)
        else:
            self._store.put(table.table_id, key, row)

    def scan(
        self, table: Table, start: bytes, end: bytes, *, backward: bool
    ) -> Iterator[tuple[bytes, StoredRow]]:
        """See Rows."""
        if table.base:
            self._indexes.catch_up()
        return self._store.scan(table.table_id, start, end, backward=backward)


class Overlay:
    """Changes to one table's rows, laid over others."""

    def __init__(self, below: Rows) -> None:
        self._below = below
        self.changes: dict[bytes, StoredRow | None] = {}

    def get(self, table: Table, key: bytes) -> StoredRow | None:
        """See Rows."""
        if key in self.changes:
            return self.changes[key]
        return self._below.get(table, key)

    def put(self, table: Table, key: bytes, row: StoredRow | None) -> None:
        """See Rows. Nothing reaches the rows below."""
        self.changes[key] = row

    def scan(
        self, table: Table, start: bytes, end: bytes, *, backward: bool
    ) -> Iterator[tuple[bytes, StoredRow]]:
        """See Rows."""
        low, high = (end, start) if backward else (start, end)
        own = sorted(
            (
                (key, row)
                for key, row in self.changes.items()
                if row is not None and (low < key <= high if backward else low <= key < high)
            ),
            key=lambda pair: pair[0],
            reverse=backward,
        )
        below = (
            pair
            for pair in self._below.scan(table, start, end, backward=backward)
            if pair[0] not in self.changes
        )
        return merge(own, below, key=lambda pair: pair[0], reverse=backward)
