"""What the use cases count with: requests for codes, and rows that changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.rollup.counters import Counters, Note
from shared.rollup.model import OVER_AFTER_MS, Cell
from shared.rows import RowChange, RowKey
from shared.send_facts import SendFacts


@dataclass(frozen=True, slots=True)
class CodeCounts:
    """Counts requests for codes, in batches that are made anyway."""

    counters: Counters

    def sent(self, challenge: RowKey, *, expires_ms: int, entry: str, now_ms: int) -> RowChange:
        """The challenge's row is looked at soon, and once it is over."""
        notes = _notes(challenge, expires_ms, entry, now_ms)
        return self.counters.change({}, notes=notes, now_ms=now_ms)

    def sent_unwritten(self, challenge: RowKey, *, expires_ms: int, entry: str) -> None:
        """The same without a batch: it rides in this process's next one."""
        self.counters.remember_notes(_notes(challenge, expires_ms, entry, 0))

    def held_back(self, facts: SendFacts, *, reason: str, now_ms: int) -> RowChange:
        """One more was not sent, in the hour of `now_ms`."""
        return self.counters.change({_cell(facts): {reason: 1}}, now_ms=now_ms)

    def held_back_unwritten(self, facts: SendFacts, *, reason: str) -> None:
        """The same without a batch: it rides in this process's next one."""
        self.counters.remember(_cell(facts), {reason: 1})


@dataclass(frozen=True, slots=True)
class NoticeCounts:
    """Has the rows of messages and codes counted."""

    counters: Counters

    def noted(self, keys: Sequence[RowKey], *, entry: str, now_ms: int) -> RowChange:
        """They are looked at soon, and counted for what is new in them."""
        return self.counters.change({}, notes=[Note(now_ms, entry, tuple(keys))], now_ms=now_ms)


def _notes(challenge: RowKey, expires_ms: int, entry: str, now_ms: int) -> list[Note]:
    over_ms = expires_ms + OVER_AFTER_MS
    return [Note(now_ms, entry, (challenge,)), Note(over_ms, f"{entry}e", (challenge,))]


def _cell(facts: SendFacts) -> Cell:
    return Cell.of(tenant=facts.tenant, template=facts.purpose, phone=facts.phone)
