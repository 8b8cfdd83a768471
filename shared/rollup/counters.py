"""The rows that batches count in: one of a few for each hour, changed in the round trip that a
batch makes anyway.

What a row of its own records - a code, a message, a receipt - is not counted here but noted: the
row is named, and the fold looks at it and counts what is new. So figures agree with records,
whatever a batch did in part, twice or late. Only what nothing records is counted at once: requests
that were held back.

A change counts once, however often its batch is sent and however late it lands: every writer (a
thread of a process) numbers its changes, and a row takes no number of a writer that is not above
the last one. Many writers share a row, each with a column of its own, so a lost answer is told by
reading back. Rows of one hour are shards of one sum: a page never reads them, the fold does.

Columns: `c_<tenant>_<template>_<country>_<prefix>_<channel>_<metric>` counts, each part quoted so
that it holds no underscore; `m_<writer>` a writer's last number; `n_<due ms>_<entry>` notes.
"""

from __future__ import annotations

import itertools
import json
import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from shared.ids import RandomBytes
from shared.rollup.model import Cell, hour_of
from shared.rows import RECORDS, Require, Row, RowChange, RowKey, Value

SHARDS = 8
"""Rows of an hour. A hundred batches a second are a dozen a second and row: few meet."""
_LONGEST = 255
_MOST_REMEMBERED = 256
_PLAIN = re.compile(r"[A-Ya-z0-9]")

Counts = Mapping[Cell, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Note:
    """Rows to be looked at from `due_ms` on. entry: names the note; the same one twice is one."""

    due_ms: int
    entry: str
    keys: tuple[RowKey, ...]

    @property
    def column(self) -> str:
        """Where it stands."""
        return f"n_{self.due_ms:013d}_{self.entry}"


@dataclass(slots=True)
class Counters:
    """What one process counts. Its changes are never refused but by their own earlier copies."""

    random: RandomBytes
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1), repr=False)
    _threads: threading.local = field(default_factory=threading.local, repr=False)
    _counted: list[tuple[Cell, Mapping[str, int]]] = field(default_factory=list)
    _noted: list[Note] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def change(self, counts: Counts, *, notes: Sequence[Note] = (), now_ms: int) -> RowChange:
        """Count, and note, in the hour of `now_ms`."""
        writer, number = self._writer(), next(self._numbers)
        remembered, forgotten = self._recalled()
        totals: Counter[str] = Counter()
        for cell, metrics in (*counts.items(), *remembered):
            for metric, count in metrics.items():
                totals[column_of(cell, metric)] += count
        puts: dict[str, Value] = {f"m_{writer}": number}
        puts.update({note.column: _keys_text(note.keys) for note in (*notes, *forgotten)})
        # Any shard will do; the same writer's are told apart by its number in each of them.
        shard = (int(writer, 16) + number) % SHARDS
        return RowChange(
            hour_row(hour_of(now_ms), shard),
            requires=(Require(f"m_{writer}", "<", number, if_missing=True),),
            puts=puts,
            adds={column: count for column, count in totals.items() if count},
            proof=(f"m_{writer}", number),
        )

    def remember(self, cell: Cell, metrics: Mapping[str, int]) -> None:
        """Count with the next change of this process, for want of a batch now; lost if the process
        ends before.
        """
        with self._lock:
            if len(self._counted) < _MOST_REMEMBERED:
                self._counted.append((cell, metrics))

    def remember_notes(self, notes: Sequence[Note]) -> None:
        """The same with notes."""
        with self._lock:
            if len(self._noted) < _MOST_REMEMBERED:
                self._noted.extend(notes)

    def _recalled(self) -> tuple[list[tuple[Cell, Mapping[str, int]]], list[Note]]:
        with self._lock:
            recalled = self._counted, self._noted
            self._counted, self._noted = [], []
        return recalled

    def _writer(self) -> str:
        """This thread's name: two changes of one writer are never under way at once."""
        name: str | None = getattr(self._threads, "name", None)
        if name is None:
            name = self._threads.name = self.random(6).hex()
        return name


def hour_row(hour: int, shard: int | str) -> RowKey:
    """One of the rows of an hour; the shard `f` is the fold's own."""
    return RowKey(f"rollup:{hour}:{shard}", "counts", RECORDS)


def hour_in(key: RowKey) -> int:
    """The hour of such a row."""
    return int(key.subject.split(":")[1])


def column_of(cell: Cell, metric: str) -> str:
    """The column of a metric. One whose name would be too long counts without its detail."""
    parts = (cell.tenant, cell.template, cell.country, cell.prefix, cell.channel)
    start = "_".join(("c", *(_quoted(part) for part in parts)))
    column = f"{start}_{_quoted(metric)}"
    if len(column) > _LONGEST:
        family, dot, _ = metric.partition(".")
        column = f"{start}_{_quoted(family + dot + 'other' if dot else family)}"
    return column


def counts_in(row: Row | None) -> dict[Cell, Counter[str]]:
    """What a row has counted."""
    found: dict[Cell, Counter[str]] = {}
    for column, count in (row or {}).items():
        if column.startswith("c_") and isinstance(count, int):
            *names, metric = (_unquoted(part) for part in column[2:].split("_"))
            found.setdefault(Cell(*names), Counter())[metric] += count
    return found


def notes_in(row: Row | None) -> list[Note]:
    """What it notes."""
    notes = []
    for column, text in (row or {}).items():
        if column.startswith("n_"):
            _, due_ms, entry = column.split("_", 2)
            keys = (RowKey(subject, item, table) for table, subject, item in json.loads(str(text)))
            notes.append(Note(int(due_ms), entry, tuple(keys)))
    return notes


def _keys_text(keys: Sequence[RowKey]) -> str:
    return json.dumps([[key.table, key.subject, key.item] for key in keys], separators=(",", ":"))


def _quoted(part: str) -> str:
    """`part` in letters and digits: `Z` and two hex digits stand for any other byte."""
    if part.isascii() and part.isalnum() and "Z" not in part:
        return part
    return "".join(
        sign if _PLAIN.fullmatch(sign) else "".join(f"Z{byte:02x}" for byte in sign.encode())
        for sign in part
    )


def _unquoted(text: str) -> str:
    raw = re.sub(rb"Z([0-9a-f]{2})", lambda found: bytes([int(found[1], 16)]), text.encode("ascii"))
    return raw.decode()
