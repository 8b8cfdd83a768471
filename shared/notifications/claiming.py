"""Before the send: what a group of messages takes of rows, and the end of those that cannot go.

One batch asks for everything at once. Only what refused is read, judged, and asked for again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Container, Mapping, Sequence

from shared.notifications.candidate import Candidate
from shared.notifications.message_rows import claim
from shared.notifications.model import channel_name
from shared.notifications.outcome import Next
from shared.notifications.ports import Breaker, Budgets, Consents, QuietHours
from shared.observability.events import BUDGET_EXHAUSTED
from shared.observability.logs import log_event
from shared.rows import Row, RowChange, RowKey, RowStore, bears_mark, join

_ROUNDS = 4


class Claiming:
    """Takes what messages need. Call it with a group: what cannot go now has its `end` afterwards,
    and gives back what it took when it is recorded. Raises StoreUnavailable.
    """

    def __init__(
        self,
        *,
        store: RowStore,
        consents: Consents,
        budgets: Budgets,
        breaker: Breaker,
        quiet_wait_s: QuietHours,
        channels: Container[str],
        spread: Callable[[float, float], float],
    ) -> None:
        self._store = store
        self._consents = consents
        self._budgets = budgets
        self._breaker = breaker
        self._quiet_wait_s = quiet_wait_s
        self._channels = channels
        self._spread = spread

    def __call__(self, group: Sequence[Candidate], *, owner: str, now_ms: int) -> None:
        """Take what each message of the group needs."""
        rows: dict[RowKey, Row | None] = {}
        shared: set[RowKey] = set()  # rows taken for the group as a whole
        for candidate in group:
            candidate.admitted_ms = now_ms
            quiet_s = self._quiet_s(candidate, now_ms)
            if quiet_s:
                candidate.end = Next.later("quiet_hours", delay_s=quiet_s, is_free=True)
        for round_number in range(_ROUNDS):
            going = [candidate for candidate in group if candidate.is_going]
            wanted = self._wanted(going, rows, shared, owner, now_ms, round_number)
            if not wanted:
                return
            applied = self._store.apply(wanted)
            taken = {change.key for change, ok in zip(wanted, applied, strict=True) if ok}
            self._hold(going, taken)
            shared |= taken
            refused = [change for change in wanted if change.key not in taken]
            if not refused:
                return
            read = self._store.read([change.key for change in refused])
            rows.update(zip((change.key for change in refused), read, strict=True))
            found = {change.key for change in refused if bears_mark(rows[change.key], change)}
            self._hold(going, found)
            shared |= found
            self._judge(going, rows, {change.key for change in refused} - found, now_ms)
        for candidate in group:
            if candidate.is_going:
                candidate.end = Next.later("contended", delay_s=5)

    def _wanted(
        self,
        going: Sequence[Candidate],
        rows: Mapping[RowKey, Row | None],
        shared: set[RowKey],
        owner: str,
        now_ms: int,
        round_number: int,
    ) -> list[RowChange]:
        changes: list[RowChange] = []
        for candidate in going:
            own = [
                claim(
                    candidate.ref,
                    owner=owner,
                    fingerprint=candidate.item.fingerprint,
                    channel=candidate.item.channel,
                    is_redriven=candidate.item.is_redriven,
                    now_ms=now_ms,
                )
            ]
            entry, ledger = candidate.entry(owner), candidate.ledger
            own.append(
                ledger.readmit(rows[ledger.key], entry, now_ms)
                if ledger.key in rows
                else ledger.admit(entry, now_ms)
            )
            gate = self._consents.gate(
                phone=candidate.recipient.phone,
                template=candidate.template,
                channel=candidate.item.channel,
                now_ms=now_ms,
            )
            if gate is not None and not candidate.is_gate_passed:
                own.append(gate)
            changes += [change for change in own if change.key not in candidate.held]
        if going:
            common = self._budgets.charge(
                [candidate.spend for candidate in going],
                entry=f"{owner}{round_number}",
                now_ms=now_ms,
            )
            if any(candidate.item.channel == "sms" for candidate in going):
                common.append(self._breaker.pass_through(now_ms))
            changes += [change for change in common if change.key not in shared]
        return join(changes)

    def _hold(self, going: Sequence[Candidate], taken: set[RowKey]) -> None:
        for candidate in going:
            candidate.held |= taken

    def _judge(
        self,
        going: Sequence[Candidate],
        rows: Mapping[RowKey, Row | None],
        refused: set[RowKey],
        now_ms: int,
    ) -> None:
        """Give an end to what the rows as read refuse for good or for now."""
        breaker_key = self._breaker.pass_through(now_ms).key
        wait_s = self._breaker.wait_s(rows[breaker_key], now_ms) if breaker_key in refused else 0
        for candidate in going:
            candidate.end = self._refusal(candidate, rows, refused, now_ms)
            if candidate.is_going and wait_s and candidate.item.channel == "sms":
                candidate.end = Next.later(
                    "account_unavailable", delay_s=int(wait_s + self._spread(1, 10)), is_free=True
                )
        still = [candidate for candidate in going if candidate.is_going]
        if not any(key.subject.startswith("budget:") for key in refused):
            return
        fits = self._budgets.fit([candidate.spend for candidate in still], rows, now_ms=now_ms)
        over = [candidate for candidate, fitting in zip(still, fits, strict=True) if not fitting]
        for candidate in over:
            candidate.end = Next.failed("budget_exhausted")
        if over:
            log_event(BUDGET_EXHAUSTED, level=logging.ERROR, tenant=over[0].item.tenant)

    def _refusal(
        self,
        candidate: Candidate,
        rows: Mapping[RowKey, Row | None],
        refused: set[RowKey],
        now_ms: int,
    ) -> Next | None:
        if candidate.ref.key in refused:
            return Next.nothing("not_ours")
        gate = self._consents.gate(
            phone=candidate.recipient.phone,
            template=candidate.template,
            channel=candidate.item.channel,
            now_ms=now_ms,
        )
        if gate is not None and gate.key in refused:
            verdict = self._consents.judge(
                rows[gate.key], template=candidate.template, channel=candidate.item.channel
            )
            if verdict.kind.startswith("prefers:"):
                wanted = channel_name(verdict.kind.partition(":")[2])
                if wanted in self._channels and (wanted != "email" or candidate.recipient.email):
                    return Next.another_channel(wanted)
                candidate.is_gate_passed = True
            elif verdict.kind != "allowed":
                return Next.suppressed(verdict.kind)
        key = candidate.ledger.key
        if key in refused:
            waits = [quota.reset_s for quota in candidate.ledger.judge(rows[key], now_ms)]
            if max(waits, default=0) > 0:
                if candidate.template.when_limited == "drop":
                    return Next.suppressed("limited")
                return Next.later("limited", delay_s=max(waits), is_free=True)
        return None

    def _quiet_s(self, candidate: Candidate, now_ms: int) -> int:
        return self._quiet_wait_s(
            quiet=candidate.template.quiet_hours,
            country=candidate.recipient.phone.country,
            time_zone=candidate.recipient.time_zone,
            now_ms=now_ms,
        )
