"""A breaker for all sends of the account: while the provider refuses the account itself (balance,
permission), no message is tried and no budget is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shared.rows import Require, Row, RowChange, RowKey, number_in, require_absent

FIRST_OPEN_S = 30
LONGEST_OPEN_S = 300
KEY = RowKey("breaker:sms", "breaker")


@dataclass(frozen=True, slots=True)
class BreakerState:
    """closed: sends pass. open: none does until `until_ms`. trying: the next one decides.

    since_ms: when it was opened last, or when it was closed last; 0 if it never was. reason: the
    provider's code; empty while it is closed. trips: openings since it was closed.
    """

    kind: Literal["closed", "open", "trying"]
    since_ms: int
    until_ms: int = 0
    reason: str = ""
    trips: int = 0


class Breaker:
    """Open: nothing passes until a time; the next refusal after it opens for twice as long."""

    def pass_through(self, now_ms: int) -> RowChange:
        """A change that is refused while the breaker is open."""
        return RowChange(KEY, requires=(_is_over(now_ms),), puts={"asked_ms": now_ms})

    def open_again(self, row: Row | None, reason: str, now_ms: int) -> RowChange:
        """Open for 30 s, twice that after each trip since it was closed, at most 300 s.

        Refused if it is open, or was opened since `row` was read: refusals that come together are
        one trip.
        """
        row = row or {}
        trips = number_in(row, "trips")
        open_s = min(FIRST_OPEN_S << min(trips, 10), LONGEST_OPEN_S)
        as_read = Require("trips", "==", trips) if "trips" in row else require_absent("trips")
        return RowChange(
            KEY,
            requires=(_is_over(now_ms), as_read),
            puts={
                "open_until_ms": now_ms + open_s * 1000,
                "opened_ms": now_ms,
                "reason": reason,
                "trips": trips + 1,
            },
            proof=("opened_ms", now_ms),
        )

    def closed(self, now_ms: int) -> RowChange:
        """A send went through: start from 30 s next time. Refused, without a write, if there is
        nothing to forget, and if the breaker has been opened since.
        """
        return RowChange(
            KEY,
            requires=(_is_over(now_ms), Require("trips", ">", 0)),
            puts={"trips": 0, "closed_ms": now_ms},
            deletes=("reason",),
            proof=("closed_ms", now_ms),
        )

    def state(self, row: Row | None, now_ms: int) -> BreakerState:
        """How it stands, by its row."""
        row = row or {}
        trips = number_in(row, "trips")
        if not trips:
            return BreakerState("closed", number_in(row, "closed_ms"))
        until_ms = number_in(row, "open_until_ms")
        return BreakerState(
            "open" if until_ms > now_ms else "trying",
            number_in(row, "opened_ms"),
            until_ms,
            str(row.get("reason", "")),
            trips,
        )

    def wait_s(self, row: Row | None, now_ms: int) -> int:
        """Seconds until the breaker lets a send pass, 0 if it does now."""
        return max(0, -(-(number_in(row or {}, "open_until_ms") - now_ms) // 1000))


def _is_over(now_ms: int) -> Require:
    return Require("open_until_ms", "<=", now_ms, if_missing=True)
