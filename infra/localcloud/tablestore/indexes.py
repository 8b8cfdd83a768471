"""Keeping secondary indexes: each is a table of its own, changed with the rows that it is of.

A row stands in an index if it has all of the index's columns. Inferred: a column whose value is not
of its declared type counts as missing. A local index changes with the row, a global one when its
lag has passed; reads of an index first carry out what is due.
"""

from __future__ import annotations

from infra.localcloud.core.clock import CloudClock
from infra.localcloud.tablestore.behaviour import Behaviour
from infra.localcloud.tablestore.keys import encode_key
from infra.localcloud.tablestore.plainbuffer import Bound, Cell, Key, decode_stored, encode_row
from infra.localcloud.tablestore.store import Store, StoredRow
from infra.localcloud.tablestore.table import Index, Table

LEAST_KEY = b"\x00"
GREATEST_KEY = b"\xff"


class IndexKeeper:
    """Changes indexes as their tables' rows change."""

    def __init__(self, store: Store, clock: CloudClock, behaviour: Behaviour) -> None:
        self._store = store
        self._clock = clock
        self._behaviour = behaviour
        self._waiting = store.late_due_ms()

    def follow(self, table: Table, old: StoredRow | None, new: StoredRow | None) -> None:
        """Do to each index what replacing `old` by `new` means. Call it inside a transaction."""
        for index in table.indexes:
            before, after = _entry(index, old), _entry(index, new)
            if before is not None and (after is None or after[0] != before[0]):
                self._change(index, before[0], None)
            if after is not None:
                self._change(index, *after)

    def build(self, base: Table, index: Index) -> None:
        """Take in the rows that the table has already. Call it inside a transaction."""
        for _, row in list(self._store.scan(base.table_id, LEAST_KEY, GREATEST_KEY)):
            entry = _entry(index, row)
            if entry is not None:
                self._change(index, *entry)

    def catch_up(self) -> None:
        """Carry out the changes that are due by now."""
        now_ms = self._clock.now_ms()
        if self._waiting is not None and self._waiting[0] <= now_ms:
            self._store.carry_out_late(now_ms)
            self._waiting = self._store.late_due_ms()

    def _change(self, index: Index, key: bytes, row: StoredRow | None) -> None:
        table_id = index.table.table_id
        if index.is_global and (self._behaviour.index_lag_ms > 0 or self._waiting is not None):
            due_ms = self._clock.now_ms() + self._behaviour.index_lag_ms
            first_ms, last_ms = self._waiting or (due_ms, due_ms)
            due_ms = max(due_ms, last_ms)  # no change overtakes an earlier one
            self._store.delay(due_ms, table_id, key, row)
            self._waiting = (first_ms, due_ms)
        elif row is None:
            self._store.delete(table_id, key)
        else:
            self._store.put(table_id, key, row)


def _entry(index: Index, row: StoredRow | None) -> tuple[bytes, StoredRow] | None:
    """The index's row for a table's row, under its key; None if it has none."""
    if row is None:
        return None
    plain = decode_stored(row.data)
    newest: dict[str, Cell] = {}
    for cell in plain.cells:
        newest.setdefault(cell.name, cell)
    values = {name: cell.value for name, cell in newest.items()} | dict(plain.key)
    key: list[tuple[str, int | str | bytes | bool | Bound]] = []
    for column in index.table.key_columns:
        value = values.get(column.name)
        if type(value) is not column.type or isinstance(value, float):
            return None
        assert value is not None
        key.append((column.name, value))
    cells = [newest[name] for name in sorted(index.attributes) if name in newest]
    return _encoded(key, cells, row.written_ms)


def _encoded(key: Key, cells: list[Cell], written_ms: int) -> tuple[bytes, StoredRow]:
    return encode_key(key), StoredRow(encode_row(key, cells), written_ms)
