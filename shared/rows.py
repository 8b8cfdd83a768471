"""The language in which rooms speak to the store: conditional changes of single rows.

A room does not call the store; it says what must hold and what then changes, as plain values. The
use case joins the changes of all rooms into one batch, so that any number of limits, the
idempotency record and the challenge cost one round trip together. Each row is atomic, the batch
is not: whoever joins changes must be safe when some are refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

Value = int | str
Row = Mapping[str, Value]


STATE, RECORDS, CONSENT = "sesame_state", "sesame_records", "sesame_consent"
"""The tables, by how long they keep a cell: two days, half a year, for good."""


@dataclass(frozen=True, slots=True, order=True)
class RowKey:
    """Where a row is: rows of one subject share a partition."""

    subject: str
    item: str
    table: str = STATE


@dataclass(frozen=True, slots=True)
class Require:
    """A column must compare so; `if_missing` is the verdict where the column is absent."""

    column: str
    op: Literal["==", "<", "<=", ">"]
    value: Value
    if_missing: bool = False


def require_absent(column: str) -> Require:
    """The column must not be there; no real value equals the sentinel."""
    return Require(column, "==", -(2**62), if_missing=True)


@dataclass(frozen=True, slots=True)
class RowChange:
    """If every requirement holds, then all of puts, adds and deletes happen; else nothing does.

    proof: a column that this change alone writes with this value. When an answer is lost on the
    way, reading it back tells whether the change was applied. drops: the whole row goes, and there
    are no other effects.
    """

    key: RowKey
    requires: tuple[Require, ...] = ()
    puts: Mapping[str, Value] = field(default_factory=dict)
    adds: Mapping[str, int] = field(default_factory=dict)
    deletes: tuple[str, ...] = ()
    proof: tuple[str, Value] | None = None
    drops: bool = False

    def joined(self, other: RowChange) -> RowChange:
        """Both changes of one row as one: all requirements, all effects, the first's proof."""
        if self.key != other.key:
            raise ValueError("only changes of one row can be joined")
        return RowChange(
            key=self.key,
            requires=(*self.requires, *other.requires),
            puts={**self.puts, **other.puts},
            adds={**self.adds, **other.adds},
            deletes=(*self.deletes, *other.deletes),
            proof=self.proof or other.proof,
            drops=self.drops or other.drops,
        )


def number_in(row: Row, column: str) -> int:
    """The number in a column; 0 if there is none."""
    value = row.get(column, 0)
    return value if isinstance(value, int) else 0


def bears_mark(row: Row | None, change: RowChange) -> bool:
    """True if the row as read shows that the change was applied."""
    return (
        row is not None
        and change.proof is not None
        and (row.get(change.proof[0]) == change.proof[1])
    )


def join(changes: Iterable[RowChange]) -> list[RowChange]:
    """At most one change a row: those of the same row become one, in order of first mention."""
    joined: dict[RowKey, RowChange] = {}
    for change in changes:
        earlier = joined.get(change.key)
        joined[change.key] = earlier.joined(change) if earlier else change
    return list(joined.values())


class RowStore(Protocol):
    """A table of rows with atomic conditional changes."""

    def apply(self, changes: Sequence[RowChange]) -> list[bool]:
        """Which changes were applied, in order, in one round trip; in none for no changes.

        Raises StoreUnavailable if the outcome stays unknown or the store cannot be reached.
        """

    def read(self, keys: Sequence[RowKey]) -> list[Row | None]:
        """The rows at `keys`, None where there is none, in one round trip.

        Raises StoreUnavailable.
        """


@runtime_checkable
class RowRange(Protocol):
    """Rows of one subject in the order of their items."""

    def scan(
        self, *, table: str, subject: str, start: str, end: str, limit: int
    ) -> list[tuple[RowKey, Row]]:
        """Up to `limit` rows (1 to 5,000) with start <= item < end, in one round trip; fewer do not
        mean that there are no more. Raises StoreUnavailable.
        """
