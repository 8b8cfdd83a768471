"""The data at rest: table descriptions and encoded rows in one SQLite database.

Nothing is interpreted here. A row is its PlainBuffer bytes under a key that sorts as the table does
(see keys.py), and the time of its last write.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS tables (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    description BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS traits (
    table_id INTEGER PRIMARY KEY,
    base_id INTEGER,
    allows_transactions INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS rows (
    table_id INTEGER NOT NULL,
    key BLOB NOT NULL,
    row BLOB NOT NULL,
    written_ms INTEGER NOT NULL,
    PRIMARY KEY (table_id, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS late_changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    due_ms INTEGER NOT NULL,
    table_id INTEGER NOT NULL,
    key BLOB NOT NULL,
    row BLOB,
    written_ms INTEGER NOT NULL
);
"""
_SCAN = "SELECT key, row, written_ms FROM rows WHERE table_id = ? AND "
_FORWARD = _SCAN + "key >= ? AND key < ? ORDER BY key"
_BACKWARD = _SCAN + "key <= ? AND key > ? ORDER BY key DESC"


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A row's bytes and when it was last written, by the cloud's clock, in UTC epoch ms."""

    data: bytes
    written_ms: int


@dataclass(frozen=True, slots=True)
class StoredTable:
    """A table's description; `base_id` is the table that an index is of, None for a table."""

    table_id: int
    description: bytes
    base_id: int | None
    allows_transactions: bool


class Store:
    """One database, in `folder` or, without one, in memory. For one thread at a time."""

    def __init__(self, folder: Path | None) -> None:
        path = ":memory:" if folder is None else str(folder / "tablestore.sqlite")
        # The thread that builds the service need not be the one whose loop runs it.
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        # NORMAL survives the death of the process, not that of the machine: enough for a laptop.
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the database; nothing may be asked of it afterwards."""
        self._db.close()

    def clear(self) -> None:
        """Remove every table and row."""
        with self.transaction():
            for name in ("rows", "late_changes", "traits", "tables"):
                self._db.execute(f"DELETE FROM {name}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes inside become durable together, or none if the block raises.

        Inside another one it is part of that one, which is then the one to raise for.
        """
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # ---- tables ----

    def tables(self) -> list[StoredTable]:
        """Every table and index."""
        found = self._db.execute(
            "SELECT id, description, base_id, COALESCE(allows_transactions, 0) "
            "FROM tables LEFT JOIN traits ON table_id = id ORDER BY id"
        )
        return [
            StoredTable(table_id, description, base_id, bool(allows))
            for table_id, description, base_id, allows in found
        ]

    def add_table(
        self, description: bytes, *, base_id: int | None = None, allows_transactions: bool = False
    ) -> int:
        """Keep a new table; gives its id, which no other table ever gets."""
        with self.transaction():
            cursor = self._db.execute("INSERT INTO tables (description) VALUES (?)", (description,))
            assert cursor.lastrowid is not None
            self._db.execute(
                "INSERT INTO traits (table_id, base_id, allows_transactions) VALUES (?, ?, ?)",
                (cursor.lastrowid, base_id, allows_transactions),
            )
        return cursor.lastrowid

    def save_table(self, table_id: int, description: bytes) -> None:
        """Replace a table's description."""
        self._db.execute("UPDATE tables SET description = ? WHERE id = ?", (description, table_id))

    def drop_table(self, table_id: int) -> None:
        """Remove a table and its rows."""
        with self.transaction():
            self._db.execute("DELETE FROM rows WHERE table_id = ?", (table_id,))
            self._db.execute("DELETE FROM late_changes WHERE table_id = ?", (table_id,))
            self._db.execute("DELETE FROM traits WHERE table_id = ?", (table_id,))
            self._db.execute("DELETE FROM tables WHERE id = ?", (table_id,))

    # ---- rows ----

    def get(self, table_id: int, key: bytes) -> StoredRow | None:
        """The row under `key`."""
        found = self._db.execute(
            "SELECT row, written_ms FROM rows WHERE table_id = ? AND key = ?", (table_id, key)
        ).fetchone()
        return None if found is None else StoredRow(*found)

    def put(self, table_id: int, key: bytes, row: StoredRow) -> None:
        """Add the row or replace it whole."""
        self._db.execute(
            "INSERT OR REPLACE INTO rows (table_id, key, row, written_ms) VALUES (?, ?, ?, ?)",
            (table_id, key, row.data, row.written_ms),
        )

    def delete(self, table_id: int, key: bytes) -> None:
        """Remove the row, if there is one."""
        self._db.execute("DELETE FROM rows WHERE table_id = ? AND key = ?", (table_id, key))

    def scan(
        self, table_id: int, start: bytes, end: bytes, *, backward: bool = False
    ) -> Iterator[tuple[bytes, StoredRow]]:
        """The rows from `start` (inclusive) to `end` (exclusive), in key order or against it."""
        query = _BACKWARD if backward else _FORWARD
        for key, data, written_ms in self._db.execute(query, (table_id, start, end)):
            yield key, StoredRow(data, written_ms)

    def last_written_ms(self) -> int:
        """When the newest row was written; 0 without rows."""
        (newest,) = self._db.execute("SELECT MAX(written_ms) FROM rows").fetchone()
        return int(newest or 0)

    # ---- changes that wait for their time ----

    def delay(self, due_ms: int, table_id: int, key: bytes, row: StoredRow | None) -> None:
        """Keep a put, or without a row a delete, that is to be carried out at `due_ms`."""
        self._db.execute(
            "INSERT INTO late_changes (due_ms, table_id, key, row, written_ms) "
            "VALUES (?, ?, ?, ?, ?)",
            (due_ms, table_id, key, row and row.data, row.written_ms if row else 0),
        )

    def carry_out_late(self, now_ms: int) -> None:
        """Carry out what is due, oldest first."""
        with self.transaction():
            due = self._db.execute(
                "SELECT id, table_id, key, row, written_ms FROM late_changes "
                "WHERE due_ms <= ? ORDER BY id",
                (now_ms,),
            ).fetchall()
            for change_id, table_id, key, data, written_ms in due:
                if data is None:
                    self.delete(table_id, key)
                else:
                    self.put(table_id, key, StoredRow(data, written_ms))
                self._db.execute("DELETE FROM late_changes WHERE id = ?", (change_id,))

    def late_due_ms(self) -> tuple[int, int] | None:
        """When the first and the last of the late changes are due; None without any."""
        first, last = self._db.execute(
            "SELECT MIN(due_ms), MAX(due_ms) FROM late_changes"
        ).fetchone()
        return None if first is None else (first, last)
