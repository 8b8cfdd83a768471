"""What a limit of one request looks like, whatever its rule: claimed, judged, given back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from shared.errors import Quota
from shared.rows import Row, RowChange, RowKey


@runtime_checkable
class Shadow(Protocol):
    """A gate that lets everybody pass, and says what it would have done."""

    @property
    def would_stop(self) -> Sequence[str]:
        """The rules that would have held this send back; known once it is settled."""


class Gate(Protocol):
    """One limit that one send counts in. Its changes ask for all that they rely on, so that each
    may be applied, refused, lost or late on its own.
    """

    @property
    def key(self) -> RowKey:
        """The row that it counts in."""

    @property
    def is_paid(self) -> bool:
        """True if this send is counted already, and the row is not needed."""

    def admit(self, entry: str, now_ms: int) -> RowChange:
        """Count `entry`; refused if the limit may be full."""

    def readmit(self, row: Row | None, entry: str, now_ms: int) -> RowChange:
        """The same for a row that was read and judged free."""

    def judge(self, row: Row | None, now_ms: int) -> list[Quota]:
        """The state of the limit by its row."""

    def refund(self, entry: str, admitted_ms: int) -> RowChange:
        """Take `entry` back; nothing happens if it does not count there."""

    def settle(self) -> None:
        """The send went through: what was taken for others as well is theirs now."""

    def unspend(self) -> None:
        """The send did not happen: what it was paid with is there for another."""
