"""Numbers of one block of 10,000, as one tenant or one address asks for them.

The row keeps of each number the four digits that its block lacks, and when it was last sent to; the
row's own name is a pseudonym, so that the two together tell nobody a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.abuse.gate import Finding, Look
from shared.abuse.model import Burst, Enumeration, Rule
from shared.rows import Row, RowChange, RowKey, number_in
from shared.send_facts import PREFIX_TAIL

_KEPT = 1_000
"""Numbers in a row, about: twice what any limit can ask for, so that a flood in shadow keeps it
readable.
"""
_KEY = RowKey("", "")


@dataclass(frozen=True, slots=True)
class BlockCounts:
    """Implements Counts for the sends of one block. tail: the last digits of the number that is
    sent to. enumeration_limit: the tenant's, or the address's.
    """

    tail: str
    enumeration: Enumeration | None
    enumeration_limit: int
    burst: Burst | None

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Those of the two that are on."""
        return tuple(rule for rule in (self.enumeration, self.burst) if rule is not None)

    @property
    def every(self) -> int:
        """The smaller limit, less the send that reaches it."""
        limits = [self.enumeration_limit] if self.enumeration else []
        return max(1, min([*limits, *([self.burst.limit] if self.burst else [])]) - 1)

    def mark(self, now_ms: int) -> RowChange:
        """The time, under the number's tail."""
        return RowChange(_KEY, puts={f"t{self.tail}": now_ms})

    def unmark(self, admitted_ms: int) -> RowChange:
        """Nothing: a number that was asked for and refused elsewhere was asked for all the same.
        Were its mark to go, whoever asks for each number twice would leave none.
        """
        return RowChange(_KEY)

    def look(self, row: Row, now_ms: int) -> Look:
        """How many numbers, and how many of them close together."""
        times_ms = {int(name[1:]): row[name] for name in self.facts(row)}
        times_ms[int(self.tail)] = now_ms
        findings: list[Finding] = []
        rooms: list[int] = []
        longest_ms = 0
        for rule, limit in ((self.enumeration, self.enumeration_limit), (self.burst, 0)):
            if rule is None:
                continue
            span_ms = rule.window_s * 1000
            longest_ms = max(longest_ms, span_ms)
            inside = [
                tail
                for tail, at_ms in times_ms.items()
                if isinstance(at_ms, int) and at_ms > now_ms - span_ms
            ]
            figure = densest(inside, rule.width) if isinstance(rule, Enumeration) else len(inside)
            limit = limit or (rule.limit if isinstance(rule, Burst) else limit)
            if figure >= limit:
                findings.append(Finding(rule, len(inside), figure, limit))
            else:
                rooms.append(limit - figure - 1)
        by_age = sorted(self.facts(row), key=lambda name: number_in(row, name), reverse=True)
        outgrown = tuple(
            name
            for place, name in enumerate(by_age)
            if place >= _KEPT or number_in(row, name) <= now_ms - longest_ms
        )
        return Look(tuple(findings), min(rooms, default=self.every), outgrown)

    def facts(self, row: Row) -> tuple[str, ...]:
        """The tails."""
        return tuple(name for name in row if len(name) == 1 + PREFIX_TAIL and name[1:].isdigit())


def densest(numbers: Sequence[int], width: int) -> int:
    """The most of `numbers` that lie within any `width` successive ones."""
    ordered = sorted(numbers)
    most = first = 0
    for last, number in enumerate(ordered):
        while number - ordered[first] >= width:
            first += 1
        most = max(most, last - first + 1)
    return most
