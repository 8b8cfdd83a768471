"""Rules in shadow cost nothing: what they watch is kept in the instance's own memory, and nothing
of it ever stands in anybody's way.

So an instance sees its own sends alone, and forgets them when it ends: shadow finds less than
enforcement would, never more. A rule that is enforced counts in the store's rows (gate.py). What
was typed no instance that sends can see: conversion in shadow is judged by figures (watch.py).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from shared.abuse.decision import Subject, log_decision
from shared.abuse.gate import Counts, is_news, told_column
from shared.abuse.model import Rule
from shared.errors import Quota
from shared.rows import Row, RowChange, RowKey, Value, number_in

_KEPT = 1_024


class ShadowRows:
    """The rows of one process; the oldest are forgotten."""

    def __init__(self) -> None:
        self._rows: OrderedDict[RowKey, dict[str, Value]] = OrderedDict()
        self._lock = threading.Lock()

    def count(self, key: RowKey, counts: Counts, subject: Subject, now_ms: int) -> tuple[str, ...]:
        """Count a send in a row, and say what a look at it shows, once it is time to look; the
        rules that would have held it back, as they had closed the row by then.
        """
        with self._lock:
            row = self._rows.pop(key, {})
            self._rows[key] = row
            while len(self._rows) > _KEPT:
                self._rows.popitem(last=False)
            stopped = tuple(
                rule.name
                for rule in counts.rules
                if not rule.is_enforced and _is_told(rule, row, now_ms)
            )
            row["n"] = number_in(row, "n") + 1
            if number_in(row, "n") >= counts.every:
                look = counts.look(row, now_ms)
                for finding in look.findings:
                    if is_news(finding.rule, row, now_ms):
                        log_decision(finding, subject, close_s=finding.rule.close_s)
                        row[told_column(finding.rule)] = now_ms
                for column in look.outgrown:
                    del row[column]
                row["n"] = counts.every - min(look.room, counts.every)
            mark = counts.mark(now_ms)
            row.update(mark.puts)
            for column, by in mark.adds.items():
                row[column] = number_in(row, column) + by
        return stopped


def _is_told(rule: Rule, row: Row, now_ms: int) -> bool:
    return told_column(rule) in row and not is_news(rule, row, now_ms)


@dataclass(slots=True)
class ShadowGate:
    """A Gate that lets everybody pass; it counts the sends that happened."""

    key: RowKey
    counts: Counts
    subject: Subject
    rows: ShadowRows
    now_ms: int
    is_paid: bool = field(default=True, init=False)
    would_stop: tuple[str, ...] = field(default=(), init=False)

    def admit(self, entry: str, now_ms: int) -> RowChange:
        """Never asked: the gate is paid."""
        return RowChange(self.key)

    def readmit(self, row: Row | None, entry: str, now_ms: int) -> RowChange:
        """Never asked."""
        return RowChange(self.key)

    def judge(self, row: Row | None, now_ms: int) -> list[Quota]:
        """Nothing to wait for."""
        return []

    def refund(self, entry: str, admitted_ms: int) -> RowChange:
        """Never asked."""
        return RowChange(self.key)

    def settle(self) -> None:
        """Count the send."""
        self.would_stop = self.rows.count(self.key, self.counts, self.subject, self.now_ms)

    def unspend(self) -> None:
        """What was not sent counts for nothing."""
