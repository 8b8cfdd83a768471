"""One row that a rule watches: counted in with every send, and looked at once in a while.

A send changes the row by one conditional update that needs no knowledge of it: it leaves its mark,
and raises `n`. Only when `n` comes to `every` the row refuses, is read, and is looked at; then `n`
is set back by as many sends as cannot change the verdict. So the rules cost no round trip, but for
two more once in `every` sends of one row, and where sends are refused.

The send that shows a rule to be broken still goes: its own change writes until when the row is
closed, and the others meet that as a condition. What a send leaves behind are columns of its own
or increments, never a count that was read: sends at the same moment lose no mark, they may only
put the next look off by as many sends as were under way. A copy of a change that lands late counts
a send twice in `n`, and as sent; a refund that is lost does the same.

A rule in shadow that shares its row with an enforced one is looked at with it, and what breaks it
is let through. Where all are in shadow there is no row at all (shadow.py, watch.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from shared.abuse.decision import Subject, log_decision
from shared.abuse.model import Rule
from shared.abuse.proof import Proof
from shared.errors import Quota
from shared.rows import Require, Row, RowChange, RowKey, number_in

DAY_MS = 86_400_000
_N, _BY = "n", "by"
_TRIPS, _TRIPPED = "trips", "tripped_ms"
MOST_DELETES = 900
"""Columns that one change lets go: a write of a row takes 1,024 in all."""
_LONGEST = 3
"""An answer holds 2^3 times as long at most."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A broken rule, with the figures that say so: in `sent` messages, `figure` where `threshold`
    is what counts.
    """

    rule: Rule
    sent: int
    figure: int
    threshold: int


@dataclass(frozen=True, slots=True)
class Look:
    """What a row shows. room: sends after this one that need no look. outgrown: columns that count
    for nothing any more.
    """

    findings: tuple[Finding, ...]
    room: int
    outgrown: tuple[str, ...]


class Counts(Protocol):
    """What is counted in a row, and what that means."""

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that look at it; at least one, and none that is off."""

    @property
    def every(self) -> int:
        """Sends that cannot break any rule in a row that is new."""

    def mark(self, now_ms: int) -> RowChange:
        """What a send leaves behind, in a row whose key does not matter."""

    def unmark(self, admitted_ms: int) -> RowChange:
        """What takes it back."""

    def look(self, row: Row, now_ms: int) -> Look:
        """What the row shows, with the send that is to be counted now."""

    def facts(self, row: Row) -> tuple[str, ...]:
        """All columns that a look goes by."""


@dataclass(slots=True)
class WatchGate:
    """One send's way through one row: a Gate of shared/throttle."""

    key: RowKey
    counts: Counts
    subject: Subject
    proof: Proof
    is_paid: bool = field(default=False, init=False)

    def admit(self, entry: str, now_ms: int) -> RowChange:
        """Count the send; refused if it is time to look, or if an answer holds."""
        is_not_due = Require(_N, "<", self.counts.every, if_missing=True)
        return self._counted(entry, now_ms, (is_not_due, *self._open(now_ms)))

    def readmit(self, row: Row | None, entry: str, now_ms: int) -> RowChange:
        """The same for a row that was read and is not closed. Raises ProofRequired."""
        row = row or {}
        demanding = self._answers.get("demand")
        if demanding and _until_ms(row, "demand") > now_ms:
            self.proof.demand(demanding)
        still_open = self._open(now_ms, but="demand")
        if number_in(row, _N) < self.counts.every:
            return self._counted(entry, now_ms, still_open)
        look = self.counts.look(row, now_ms)
        news = [each for each in look.findings if is_news(each.rule, row, now_ms)]
        for finding in news:
            log_decision(finding, self.subject, close_s=_close_s(finding.rule, row, now_ms))
        enforced = [each.rule for each in look.findings if each.rule.is_enforced]
        if enforced:
            return self._closing(row, entry, now_ms, enforced, still_open)
        counted = self._counted(entry, now_ms, still_open)
        return RowChange(
            self.key,
            requires=counted.requires,
            puts={
                **counted.puts,
                _N: self.counts.every - min(look.room, self.counts.every),
                **{told_column(finding.rule): now_ms for finding in news},
            },
            adds={name: by for name, by in counted.adds.items() if name != _N},
            deletes=tuple(
                name for name in look.outgrown if name not in {*counted.puts, *counted.adds}
            )[:MOST_DELETES],
            proof=counted.proof,
        )

    def judge(self, row: Row | None, now_ms: int) -> list[Quota]:
        """How long the row is closed, if it is. The limit is not told."""
        if "close" not in self._answers:
            return []
        wait_s = -(-(_until_ms(row or {}, "close") - now_ms) // 1000)
        return [Quota("destination", 0, wait_s, 0, wait_s)] if wait_s > 0 else []

    def refund(self, entry: str, admitted_ms: int) -> RowChange:
        """Take the mark back."""
        mark = self.counts.unmark(admitted_ms)
        return RowChange(
            self.key,
            requires=mark.requires,
            adds={_N: -1, **mark.adds},
            deletes=mark.deletes,
        )

    def settle(self) -> None:
        """Nothing is held for others."""

    def unspend(self) -> None:
        """Nothing was paid."""

    @property
    def _answers(self) -> Mapping[str, Rule]:
        return {rule.answer: rule for rule in self.counts.rules if rule.is_enforced}

    def _open(self, now_ms: int, *, but: str = "") -> tuple[Require, ...]:
        """No answer may hold, unless the request has shown already what would be demanded."""
        return tuple(
            Require(_column(answer), "<=", now_ms, if_missing=True)
            for answer in self._answers
            if answer != but and not (answer == "demand" and self.proof.is_shown)
        )

    def _counted(self, entry: str, now_ms: int, requires: tuple[Require, ...]) -> RowChange:
        mark = self.counts.mark(now_ms)
        return RowChange(
            self.key,
            requires=requires,
            puts={_BY: entry, **mark.puts},
            adds={_N: 1, **mark.adds},
            proof=(_BY, entry),
        )

    def _closing(
        self,
        row: Row,
        entry: str,
        now_ms: int,
        broken: list[Rule],
        requires: tuple[Require, ...],
    ) -> RowChange:
        """The last send for a while. What led to it is forgotten: afterwards all begins anew."""
        trips = _trips(row, now_ms)
        until_ms = {
            _column(rule.answer): now_ms + _close_s(rule, row, now_ms) * 1000 for rule in broken
        }
        return RowChange(
            self.key,
            requires=requires,
            puts={_BY: entry, _N: 0, _TRIPS: trips + 1, _TRIPPED: now_ms, **until_ms},
            deletes=self.counts.facts(row)[:MOST_DELETES],
            proof=(_BY, entry),
        )


def _column(answer: str) -> str:
    return f"{answer}_until_ms"


def told_column(rule: Rule) -> str:
    """Where a row says when a rule in shadow was told of."""
    return f"told_{rule.name}_ms"


def is_news(rule: Rule, row: Row, now_ms: int) -> bool:
    """True unless the rule, in shadow, would still hold from when it was told last."""
    told_ms = number_in(row, told_column(rule))
    return rule.is_enforced or told_ms <= now_ms - rule.close_s * 1000


def _until_ms(row: Row, answer: str) -> int:
    return number_in(row, _column(answer))


def _trips(row: Row, now_ms: int) -> int:
    """How often the row was closed before, each time within a day of the last."""
    is_recent = number_in(row, _TRIPPED) > now_ms - DAY_MS
    return number_in(row, _TRIPS) if is_recent else 0


def _close_s(rule: Rule, row: Row, now_ms: int) -> int:
    return rule.close_s << min(_trips(row, now_ms), _LONGEST)
