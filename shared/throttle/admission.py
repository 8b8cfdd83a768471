"""One request's way through all of its limits: claimed together, refunded together.

The limits of a request are gates in rows of their own, or in rows that others write as well (the
phone's row also holds its challenges): the changes made here are joined with theirs by row.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace

from shared.errors import Quota, Throttled
from shared.rows import Row, RowChange, RowKey
from shared.throttle.buckets import BucketGate
from shared.throttle.gate import Gate, Shadow
from shared.throttle.ledger import RollingLedger, tightest


@dataclass(frozen=True, slots=True)
class Admission:
    """The limits that one send counts in, and the guess budget that must have room for it.

    own: what a deployment limits of the phone besides. entry: names this send in all of them.
    now_ms: when it is dated.
    """

    phone: RollingLedger
    own: tuple[RollingLedger, ...]
    others: tuple[Gate, ...]
    guesses: RollingLedger
    entry: str
    now_ms: int

    def claim(self) -> list[RowChange]:
        """Count the send everywhere; a row refuses if one of its limits may be full."""
        return [
            *(gate.admit(self.entry, self.now_ms) for gate in self._unpaid),
            # Half the budget: the guesses of all challenges that can be live at once fit into it,
            # so that verify never meets a count that is full only because it is old.
            self.guesses.room_for(self._guess_limit // 2),
        ]

    def reclaim(
        self, rows: Mapping[RowKey, Row | None], held: Container[RowKey]
    ) -> list[RowChange]:
        """The claim again for the rows that refused, judged exactly by what they hold.

        Raises Throttled with the longest wait if a limit is really full.
        """
        missing = [gate for gate in self._unpaid if gate.key not in held]
        quotas = [
            quota for gate in missing for quota in gate.judge(rows.get(gate.key), self.now_ms)
        ]
        full = tightest(quotas)
        if full:
            raise Throttled(full)
        changes = [gate.readmit(rows.get(gate.key), self.entry, self.now_ms) for gate in missing]
        if self.guesses.key not in held:
            changes.append(self.guesses.tidied(rows.get(self.guesses.key), self.now_ms))
        return changes

    def refuse_spent_guesses(self, rows: Mapping[RowKey, Row | None]) -> None:
        """Raises Throttled if the phone's guess budget is spent."""
        spent = tightest(self.guesses.judge(rows.get(self.guesses.key), self.now_ms))
        if spent:
            raise Throttled(spent)

    def is_being_guessed(self, rows: Mapping[RowKey, Row | None]) -> bool:
        """True if more than half of what the phone's guesses may add up to is spent."""
        spent = self.guesses.spent(rows.get(self.guesses.key), self.now_ms)
        return spent > self._guess_limit // 2

    def at_risk(self, risk: int) -> Admission:
        """The same for a code of which one guess is right with the probability `risk`."""
        windows = tuple(replace(window, unit=risk) for window in self.guesses.windows)
        return replace(self, guesses=replace(self.guesses, windows=windows))

    def refund(self, held: Container[RowKey]) -> list[RowChange]:
        """Take the send back everywhere. To be called once, for a send that did not happen.

        held: the rows that it has certainly been counted in.
        """
        changes: list[RowChange] = []
        for gate in (self.phone, *self.own, *self.others):
            if gate.is_paid:
                gate.unspend()
            elif not isinstance(gate, BucketGate):
                changes.append(gate.refund(self.entry, self.now_ms))
            elif gate.key in held:
                gate.keep()
        return changes

    def settle(self) -> None:
        """The send happened: leases that it took are there for later ones."""
        for gate in self.others:
            gate.settle()

    @property
    def shadowed(self) -> tuple[str, ...]:
        """The rules in shadow that would have held the send back; known once it is settled."""
        return tuple(
            rule for gate in self.others if isinstance(gate, Shadow) for rule in gate.would_stop
        )

    def postpone(self, at_ms: int, *, unless_full: bool) -> RowChange:
        """Date the send in the phone's ledger to when it was over; with `unless_full`, refused if
        the phone may have no send left in one of its longer windows.
        """
        change = self.phone.postpone(self.entry, self.now_ms, at_ms)
        return change.joined(self.phone.room_for(1)) if unless_full else change

    @property
    def quota(self) -> Quota:
        """The tightest limit of the phone right after a send that left room in the others."""
        states = (ledger.after_admission() for ledger in (self.phone, *self.own))
        return min(states, key=lambda state: (state.remaining, -state.reset_s))

    def tightest(self, phone: Row | None, at_ms: int) -> Quota:
        """The tightest limit of the phone by its row as read."""
        return tightest(self.phone.judge(phone, at_ms)) or self.quota

    @property
    def _guess_limit(self) -> int:
        return min(window.limit for window in self.guesses.windows)

    @property
    def _unpaid(self) -> list[Gate]:
        return [self.phone, *self.own, *(gate for gate in self.others if not gate.is_paid)]
