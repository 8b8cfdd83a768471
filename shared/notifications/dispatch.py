"""Dispatching: claim, send, record.

One batch claims everything that a group of messages needs: the messages themselves, the phones'
limits, consent, budgets, and the breaker's leave. Only what refused is read, told why, and given
another turn or an end. What was claimed is sent, and one more batch records how that ended. A
worker that dies in between leaves messages claimed: nobody sends those again before the provider
has been asked (sweep.py).
"""

from __future__ import annotations

import logging
import random as jitter
from collections.abc import Callable, Mapping, Sequence

from shared.clock import Clock
from shared.errors import StoreUnavailable
from shared.ids import RandomBytes
from shared.notifications.candidate import Candidate, groups_of, next_turn, refunds
from shared.notifications.dead_letters import bury, dead_letter
from shared.notifications.message_rows import (
    DEAD,
    DONE,
    OPEN,
    MessageRows,
    agenda_entry,
    claim,
    out_id_of,
    postpone,
    settle,
)
from shared.notifications.model import Recipient, WorkItem, channel_name
from shared.notifications.outcome import Next, next_of
from shared.notifications.ports import (
    Breaker,
    Budgets,
    Consents,
    Limits,
    QuietHours,
    Templates,
)
from shared.notifications.receipts import follow_item
from shared.observability.events import (
    BREAKER_OPENED,
    BUDGET_EXHAUSTED,
    DISPATCH_OUTCOME_LOST,
    MESSAGE_SETTLED,
)
from shared.observability.logs import log_event
from shared.outgoing import Channel, Outgoing
from shared.queue import Queue
from shared.rows import Row, RowChange, RowKey, RowStore, bears_mark, join
from shared.send_outcome import RefusalKind, SendAccepted, SendOutcome, SendRefused
from shared.spend import Spend
from shared.template import Template

ATTEMPT_LIMIT = 8
RECONCILE_AFTER_MS = 120_000
"""How old an unclear send must be before the provider's records are believed to be complete. How
soon they are is not documented; a setting (RECONCILE_AFTER_S).
"""
_ROUNDS = 4


class DispatchNotifications:
    """Sends what stands in work items. Call it with them; it settles each.

    Raises StoreUnavailable if the store cannot be reached before anything was sent: the queue then
    brings the items again. Costs two round trips for up to 45 messages, more where a row refuses.
    """

    def __init__(
        self,
        *,
        store: RowStore,
        queue: Queue,
        dead: Queue,
        channels: Mapping[str, Channel],
        templates: Templates,
        rows: MessageRows,
        limits: Limits,
        consents: Consents,
        budgets: Budgets,
        breaker: Breaker,
        quiet_wait_s: QuietHours,
        clock: Clock,
        random: RandomBytes,
        followers: Queue | None = None,
        followed_tenants: frozenset[str] = frozenset(),
        reconcile_after_ms: int = RECONCILE_AFTER_MS,
        spread: Callable[[float, float], float] = jitter.uniform,
    ) -> None:
        self._store = store
        self._queue = queue
        self._dead = dead
        self._channels = channels
        self._templates = templates
        self._rows = rows
        self._limits = limits
        self._consents = consents
        self._budgets = budgets
        self._breaker = breaker
        self._quiet_wait_s = quiet_wait_s
        self._clock = clock
        self._random = random
        self._followers = followers
        self._followed_tenants = followed_tenants
        self._reconcile_after_ms = reconcile_after_ms
        self._spread = spread

    def __call__(self, items: Sequence[WorkItem]) -> None:
        """Bring every item to its next state."""
        candidates: list[Candidate] = []
        for item in items:
            template = self._templates.get(item.template)
            if template is None:  # taken out of the catalogue while messages were under way
                self._bury(item, "no_template")
                continue
            candidates += [self._candidate(item, each, template) for each in item.recipients]
        unique = {candidate.ref: candidate for candidate in candidates}
        for group in groups_of(list(unique.values())):
            self._dispatch(group)

    def _bury(self, item: WorkItem, reason: str) -> None:
        now_ms = self._clock.now_ms()
        changes = [
            bury(self._rows.ref(item.notification_id, each.phone), item, reason, now_ms)
            for each in item.recipients
        ]
        applied = self._store.apply(changes)
        refused = [change.key for change, ok in zip(changes, applied, strict=True) if not ok]
        rows = dict(zip(refused, self._store.read(refused) if refused else [], strict=True))
        letters = [
            dead_letter(item, recipient, reason, now_ms)
            for recipient, change in zip(item.recipients, changes, strict=True)
            if change.key not in rows or bears_mark(rows[change.key], change)
        ]
        if letters:
            self._dead.put(letters)

    def _candidate(self, item: WorkItem, recipient: Recipient, template: Template) -> Candidate:
        milli = 0
        if item.channel == "sms":
            milli = self._templates.cost(
                template, recipient.params, recipient.phone, recipient.locale
            ).milli
        return Candidate(
            item=item,
            recipient=recipient,
            template=template,
            ref=self._rows.ref(item.notification_id, recipient.phone),
            ledger=self._limits.ledger(phone=recipient.phone, template=template),
            spend=Spend(item.tenant, template.name, milli),
        )

    def _dispatch(self, group: list[Candidate]) -> None:
        now_ms, owner = self._clock.now_ms(), self._random(16).hex()
        self._claim(group, owner, now_ms)
        going = [candidate for candidate in group if candidate.is_going]
        for candidate, outcome in zip(going, self._send(going), strict=True):
            candidate.outcome = outcome
            candidate.end = next_of(
                outcome,
                attempt=candidate.item.attempt,
                attempt_limit=ATTEMPT_LIMIT,
                spread=self._spread,
            )
        self._record(group, owner)

    # --- before the send ---------------------------------------------------------------------

    def _claim(self, group: list[Candidate], owner: str, now_ms: int) -> None:
        """Take what each message needs. What cannot go now has its `end` afterwards, and gives
        back what it took when it is recorded.
        """
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
            entry, ledger = self._entry(candidate, owner), candidate.ledger
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

    def _entry(self, candidate: Candidate, owner: str) -> str:
        return f"{owner[:8]}{candidate.ref.recipient[:8]}"

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

    # --- the send ----------------------------------------------------------------------------

    def _send(self, going: Sequence[Candidate]) -> list[SendOutcome]:
        by_channel: dict[str, list[int]] = {}
        for index, candidate in enumerate(going):
            by_channel.setdefault(candidate.item.channel, []).append(index)
        outcomes: dict[int, SendOutcome] = {}
        for name, indices in by_channel.items():
            channel = self._channels.get(name)
            if channel is None:  # not set up in this deployment
                refused = SendRefused(RefusalKind.UNAVAILABLE, "no_channel")
                outcomes.update(dict.fromkeys(indices, refused))
                continue
            sent = channel.send([self._outgoing(going[index]) for index in indices])
            outcomes.update(zip(indices, sent, strict=True))
        return [outcomes[index] for index in range(len(going))]

    def _outgoing(self, candidate: Candidate) -> Outgoing:
        return Outgoing(
            message_id=candidate.ref.message_id,
            out_id=out_id_of(
                candidate.item.notification_id,
                is_followed=candidate.item.tenant in self._followed_tenants
                or len(candidate.template.channels) > 1,
            ),
            tenant=candidate.item.tenant,
            template=candidate.template,
            params=candidate.recipient.params,
            phone=candidate.recipient.phone,
            email=candidate.recipient.email,
            locale=candidate.recipient.locale,
        )

    # --- after the send ----------------------------------------------------------------------

    def _record(self, group: Sequence[Candidate], owner: str) -> None:
        now_ms = self._clock.now_ms()
        changes: list[RowChange] = []
        for candidate in group:
            changes += self._ending(candidate, owner, now_ms)
        changes += refunds(group, self._budgets, owner=owner, now_ms=now_ms)
        dead = [
            dead_letter(each.item, each.recipient, each.end.reason, now_ms)
            for each in group
            if each.end and each.end.is_dead
        ]
        if dead:  # before the end is on record, or a worker that dies here leaves it without
            self._dead.put(dead)
        reasons = [each.end.reason for each in group if each.end and each.end.opens_breaker]
        if reasons:
            log_event(BREAKER_OPENED, level=logging.ERROR, provider_code=reasons[0])
        try:
            if reasons:
                key = self._breaker.pass_through(now_ms).key
                (row,) = self._store.read([key])
                changes.append(self._breaker.open_again(row, reasons[0], now_ms))
            self._store.apply(join(changes))
        except StoreUnavailable:
            # The messages stay claimed; the sweep asks the provider what became of them.
            log_event(DISPATCH_OUTCOME_LOST, level=logging.ERROR, messages=len(group))
            return
        again = [turn for each in group if (turn := next_turn(each))]
        if again:
            self._queue.put(again)  # what the queue does not take, the agenda still has
        news = [
            follow_item(candidate.ref)
            for candidate in group
            if candidate.end
            and candidate.end.status in ("sent", "failed", "suppressed")
            and candidate.item.tenant in self._followed_tenants
        ]
        if news and self._followers is not None:
            self._followers.put(news)

    def _ending(self, candidate: Candidate, owner: str, now_ms: int) -> list[RowChange]:
        end = candidate.end
        if end is None:
            return []
        changes = []
        if candidate.ledger.key in candidate.held and end.is_unspent:
            entry = self._entry(candidate, owner)
            changes.append(candidate.ledger.refund(entry, candidate.admitted_ms))
        if candidate.ref.key not in candidate.held:
            if end.reason == "quiet_hours":
                changes.append(postpone(candidate.ref, end.reason, now_ms, end.delay_s))
            return changes
        biz_id = candidate.outcome.biz_id if isinstance(candidate.outcome, SendAccepted) else ""
        puts: dict[str, int | str] = {"due_ms": now_ms + end.delay_s * 1000}
        if biz_id:
            puts["biz_id"] = biz_id
        if end.channel:
            puts["channel"] = end.channel
        changes.append(
            settle(
                candidate.ref,
                owner=owner,
                phase=OPEN if end.comes_again else DEAD if end.is_dead else DONE,
                status=end.status,
                reason=end.reason,
                now_ms=now_ms,
                puts=puts,
            )
        )
        if end.status == "unknown":
            changes.append(agenda_entry(candidate.ref, now_ms + self._reconcile_after_ms))
        log_event(
            MESSAGE_SETTLED,
            message_id=candidate.ref.message_id,
            tenant=candidate.item.tenant,
            template=candidate.template.name,
            channel=candidate.item.channel,
            phone=candidate.recipient.phone,
            country=candidate.recipient.phone.country,
            outcome=end.status,
            reason=end.reason or None,
        )
        return changes
