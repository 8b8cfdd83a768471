"""Codes that were sent against codes that were typed, in slices of time: how a rule of conversion
counts that is enforced. One in shadow counts nothing (watch.py).

A slice counts what was sent in it (`s`) and, of just those, what was verified (`v`), whenever that
was: a challenge's id tells when it was made. A slice that is not over for a minute is not looked
at, as its people are still typing.

A verify must be one round trip and cannot know its own outcome before, so it counts each guess as
right, and the next guess that this instance sees takes back those that were not. What is lost when
an instance ends is one guess or so: it makes conversion look better than it is, never worse.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from shared.abuse.gate import Finding, Look
from shared.abuse.model import Conversion, Rule
from shared.phone import PhoneNumber
from shared.pseudonym import Pseudonyms
from shared.rows import Row, RowChange, RowKey, join, number_in
from shared.send_facts import PREFIX_TAIL

SHARDS = 8
"""Rows of a country. A phone always counts in the same one: each is a sample that closes alone."""
TYPING_MS = 60_000
_SLICES, _SHORTEST_S = 60, 120
_MOST_DEBTS = 256
_KEY = RowKey("", "")


@dataclass(frozen=True, slots=True)
class ConversionCounts:
    """Implements Counts for a prefix, or for one sample of a country."""

    rule: Conversion

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The one."""
        return (self.rule,)

    @property
    def every(self) -> int:
        """The sample."""
        return self.rule.min_sent

    def mark(self, now_ms: int) -> RowChange:
        """One more in the slice that is open."""
        return RowChange(_KEY, adds={f"s{slice_of(self.rule, now_ms)}": 1})

    def unmark(self, admitted_ms: int) -> RowChange:
        """One less."""
        return RowChange(_KEY, adds={f"s{slice_of(self.rule, admitted_ms)}": -1})

    def look(self, row: Row, now_ms: int) -> Look:
        """The share that was verified, in slices of the window that are over for a minute."""
        span_ms = _slice_s(self.rule) * 1000
        first = (now_ms - self.rule.window_s * 1000) // span_ms
        last = (now_ms - TYPING_MS) // span_ms - 1
        slices = range(first, last + 1)
        sent = sum(max(0, number_in(row, f"s{_name(self.rule, each)}")) for each in slices)
        typed = sum(max(0, number_in(row, f"v{_name(self.rule, each)}")) for each in slices)
        is_broken = self.rule.is_broken(sent=sent, typed=typed)
        live = {_name(self.rule, each) for each in range(first, now_ms // span_ms + 2)}
        figure = typed * 100 // sent if sent else 100
        findings = (Finding(self.rule, sent, figure, self.rule.min_percent),) if is_broken else ()
        outgrown = tuple(name for name in self.facts(row) if name[1:] not in live)
        return Look(findings, self.rule.min_sent, outgrown)

    def facts(self, row: Row) -> tuple[str, ...]:
        """The slices."""
        return tuple(name for name in row if name[:1] in "sv" and name[1:2].isdigit())


@dataclass(frozen=True, slots=True)
class Tally:
    """One guess, as it was counted. changes: for the batch; nothing can refuse them."""

    changes: list[RowChange]
    counted: tuple[tuple[RowKey, str], ...]
    debts: Debts

    def end(self, *, was_right: bool) -> None:
        """Say how the guess ended."""
        if not was_right:
            self.debts.owe(self.counted)


class Debts:
    """Guesses that this process has counted as right and that were not."""

    def __init__(self) -> None:
        self._owed: Counter[tuple[RowKey, str]] = Counter()
        self._lock = threading.Lock()

    def owe(self, counted: Iterable[tuple[RowKey, str]]) -> None:
        """Remember them; those above the most are forgotten, which is lenient."""
        with self._lock:
            for each in counted:
                if each in self._owed or len(self._owed) < _MOST_DEBTS:
                    self._owed[each] += 1

    def take(self, most: int) -> list[tuple[RowKey, str, int]]:
        """Up to `most` of them, that are the caller's to pay from now on."""
        with self._lock:
            taken = list(self._owed.items())[:most]
            for each, _ in taken:
                del self._owed[each]
        return [(key, column, count) for (key, column), count in taken]


def guessed(
    counted: tuple[tuple[RowKey, str], ...], *, debts: Debts, entry: str, most_debts: int
) -> Tally:
    """A guess that counts as right in each column, and what earlier ones owe."""
    own = [
        # The mark tells a write whose answer was lost from one that never came.
        RowChange(key, puts={"guess": entry}, adds={column: 1}, proof=("guess", entry))
        for key, column in counted
    ]
    owed = [RowChange(key, adds={column: -count}) for key, column, count in debts.take(most_debts)]
    return Tally(_netted([*own, *owed]), counted, debts)


def _netted(changes: Iterable[RowChange]) -> list[RowChange]:
    """One change a row; what is added to one column twice is added up."""
    totals: dict[RowKey, Counter[str]] = {}
    kept = list(changes)
    for change in kept:
        totals.setdefault(change.key, Counter()).update(change.adds)
    return [
        RowChange(change.key, puts=change.puts, adds=dict(totals[change.key]), proof=change.proof)
        for change in join(kept)
    ]


def prefix_row(rule: Conversion, tenant: str, phone: PhoneNumber) -> RowKey:
    """Where a block's sends are counted."""
    return RowKey(f"conversion:{scope_of(rule, tenant)}:{phone.e164[:-PREFIX_TAIL]}", "sends")


def country_row(
    rule: Conversion, tenant: str, phone: PhoneNumber, pseudonyms: Pseudonyms
) -> RowKey:
    """Where a country's sends are counted, those to this phone among them."""
    shard = pseudonyms.of("shard", phone.e164)[0] % SHARDS
    return RowKey(f"conversion:{scope_of(rule, tenant)}:{phone.country}:{shard}", "sends")


def scope_of(rule: Conversion, tenant: str) -> str:
    """Whose sends are one subject."""
    return tenant if rule.of == "tenant" else "*"


def slice_of(rule: Conversion, at_ms: int) -> str:
    """The slice of a moment, as the ends of its columns' names."""
    return _name(rule, at_ms // (_slice_s(rule) * 1000))


def _slice_s(rule: Conversion) -> int:
    return max(_SHORTEST_S, -(-rule.window_s // _SLICES))


def _name(rule: Conversion, number: int) -> str:
    return f"{_slice_s(rule)}_{number}"
