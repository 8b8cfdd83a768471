"""An even flow instead of a window: the generic cell rate algorithm (GCRA), in one column.

The row holds the theoretical arrival time (TAT): when the sends so far would be over, had they come
evenly. A send is admitted if that is at most `burst` intervals ahead. Whether the TAT lies ahead of
now decides what is written; the first try takes it to be past, as it is for a subject that keeps
within its flow, and only if the row refuses is it read.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.errors import Quota
from shared.rows import Require, Row, RowChange, RowKey, number_in
from shared.throttle.model import Flow


@dataclass(frozen=True, slots=True)
class GcraGate:
    """One send's way through an even flow. In any stretch of `span_s` at most `limit` pass: the
    burst at once, the others evenly.
    """

    key: RowKey
    flow: Flow
    prefix: str = "s"
    is_paid: bool = False

    def admit(self, entry: str, now_ms: int) -> RowChange:
        """Count `entry` as the first of a new burst."""
        return RowChange(
            self.key,
            requires=(Require(self._tat, "<=", now_ms, if_missing=True),),
            puts={self._tat: now_ms + self.flow.interval_ms, self._by: entry},
            proof=(self._by, entry),
        )

    def readmit(self, row: Row | None, entry: str, now_ms: int) -> RowChange:
        """Count it where the row's time stands, unless others have moved that on too far."""
        if number_in(row or {}, self._tat) <= now_ms:
            return self.admit(entry, now_ms)
        return RowChange(
            self.key,
            requires=(
                Require(self._tat, ">", now_ms),
                Require(self._tat, "<=", now_ms + self._ahead_ms),
            ),
            puts={self._by: entry},
            adds={self._tat: self.flow.interval_ms},
            proof=(self._by, entry),
        )

    def judge(self, row: Row | None, now_ms: int) -> list[Quota]:
        """How many more pass at once, and how long one has to wait if none does."""
        over_ms = max(0, number_in(row or {}, self._tat) - now_ms)
        room_ms = self._ahead_ms - over_ms
        return [
            Quota(
                self.flow.name,
                self.flow.limit,
                self.flow.span_s,
                max(0, room_ms // self.flow.interval_ms + 1) if room_ms >= 0 else 0,
                0 if room_ms >= 0 else -(room_ms // 1000),
            )
        ]

    def refund(self, entry: str, admitted_ms: int) -> RowChange:
        """Set the time back by one, if `entry` was the row's last: else it is lost, stricter."""
        return RowChange(
            self.key,
            requires=(Require(self._by, "==", entry),),
            puts={self._by: ""},
            adds={self._tat: -self.flow.interval_ms},
        )

    def settle(self) -> None:
        """Nothing is held for others."""

    def unspend(self) -> None:
        """Nothing was paid but by `admit`."""

    @property
    def _ahead_ms(self) -> int:
        return (self.flow.burst - 1) * self.flow.interval_ms

    @property
    def _tat(self) -> str:
        return f"{self.prefix}_tat{self.flow.span_s}"

    @property
    def _by(self) -> str:
        return f"{self.prefix}_by{self.flow.span_s}"
