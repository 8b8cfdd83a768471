"""How old the figures are that pages show: they are added up once a minute."""

from __future__ import annotations

from dataclasses import dataclass

from shared.rows import Row, number_in

_STALE_MS = 10 * 60_000


@dataclass(frozen=True, slots=True)
class Freshness:
    """folded_ms: what had happened until then is in the figures; 0 if nobody ever added them up.
    is_stale: whoever adds them up has stopped.
    """

    folded_ms: int
    is_stale: bool

    @classmethod
    def of(cls, state: Row | None, now_ms: int) -> Freshness:
        """By the row in which the fold says how far it is."""
        folded_ms = number_in(state or {}, "folded_ms")
        return cls(folded_ms, now_ms - folded_ms > _STALE_MS)
