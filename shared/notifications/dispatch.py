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
from shared.errors import QueueUnavailable, StoreUnavailable
from shared.ids import RandomBytes
from shared.notifications.candidate import (
    Candidate,
    end_metric,
    groups_of,
    next_turn,
    refunds,
    sent_columns,
)
from shared.notifications.claiming import Claiming
from shared.notifications.dead_letters import bury, dead_letter
from shared.notifications.message_rows import (
    DEAD,
    DONE,
    OPEN,
    MessageRows,
    agenda_entry,
    out_id_of,
    postpone,
    settle,
)
from shared.notifications.model import Recipient, WorkItem
from shared.notifications.outcome import Next, next_of
from shared.notifications.ports import (
    Breaker,
    Budgets,
    Consents,
    Limits,
    QuietHours,
    RowCounts,
    Templates,
)
from shared.notifications.receipts import follow_item
from shared.observability.events import (
    BREAKER_OPENED,
    DISPATCH_OUTCOME_LOST,
    ITEM_REFUSED,
    MESSAGE_SETTLED,
)
from shared.observability.logs import log_event
from shared.observability.trace import continued
from shared.outgoing import Channel, Outgoing
from shared.queue import Queue
from shared.rows import RowChange, RowStore, bears_mark, join
from shared.send_outcome import RefusalKind, SendAccepted, SendOutcome, SendRefused
from shared.spend import Spend
from shared.template import Template

ATTEMPT_LIMIT = 8
RECONCILE_AFTER_MS = 120_000
"""How old an unclear send must be before the provider's records are believed to be complete. How
soon they are is not documented; a setting (RECONCILE_AFTER_S).
"""


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
        counts: RowCounts | None = None,
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
        self._budgets = budgets
        self._breaker = breaker
        self._clock = clock
        self._random = random
        self._counts = counts
        self._followers = followers
        self._followed_tenants = followed_tenants
        self._reconcile_after_ms = reconcile_after_ms
        self._spread = spread
        self._claim = Claiming(
            store=store,
            consents=consents,
            budgets=budgets,
            breaker=breaker,
            quiet_wait_s=quiet_wait_s,
            channels=channels,
            spread=spread,
        )

    def __call__(self, items: Sequence[WorkItem]) -> None:
        """Bring every item to its next state."""
        candidates: list[Candidate] = []
        for item in items:
            template = self._templates.get(item.template)
            if template is None:
                continue
            candidates += [self._candidate(item, each, template) for each in item.recipients]
        unique = {candidate.ref: candidate for candidate in candidates}
        for group in groups_of(list(unique.values())):
            self._dispatch(group)
        for item in items:  # taken out of the catalogue while messages were under way
            if self._templates.get(item.template) is None:
                self._bury(item, "no_template")

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
            if self._dead.put(letters) < len(letters):
                raise QueueUnavailable("dead_letters")  # the item comes again, and they with it
            with continued(item.trace):
                log_event(
                    ITEM_REFUSED,
                    level=logging.ERROR,
                    template=item.template,
                    item_id=item.notification_id,
                    reason=reason,
                )

    def _candidate(self, item: WorkItem, recipient: Recipient, template: Template) -> Candidate:
        milli = segments = 0
        if item.channel == "sms":
            cost = self._templates.cost(
                template, recipient.params, recipient.phone, recipient.locale
            )
            milli, segments = cost.milli, cost.segments
        return Candidate(
            item=item,
            recipient=recipient,
            template=template,
            ref=self._rows.ref(item.notification_id, recipient.phone),
            ledger=self._limits.ledger(phone=recipient.phone, template=template),
            spend=Spend(item.tenant, template.name, milli),
            segments=segments,
        )

    def _dispatch(self, group: list[Candidate]) -> None:
        now_ms, owner = self._clock.now_ms(), self._random(16).hex()
        self._claim(group, owner=owner, now_ms=now_ms)
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
            trace=candidate.item.trace,
        )

    # --- after the send ----------------------------------------------------------------------

    def _record(self, group: Sequence[Candidate], owner: str) -> None:
        now_ms = self._clock.now_ms()
        dying = [(each, each.end) for each in group if each.end and each.end.is_dead]
        letters = [
            dead_letter(each.item, each.recipient, end.reason, now_ms) for each, end in dying
        ]
        # Before the end is on record, or a worker that dies here leaves it without a letter.
        if letters and self._dead.put(letters) < len(letters):
            for each, _ in dying:
                each.end = Next.later("no_dead_letter", delay_s=60, is_free=True)
        changes: list[RowChange] = []
        for candidate in group:
            changes += self._ending(candidate, owner, now_ms)
        changes += refunds(group, self._budgets, owner=owner, now_ms=now_ms)
        ended = [each.ref.key for each in group if each.end and not each.end.comes_again]
        if ended and self._counts is not None:
            changes.append(self._counts.noted(ended, entry=owner, now_ms=now_ms))
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
            follow_item(candidate.ref, trace=candidate.item.trace)
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
            entry = candidate.entry(owner)
            changes.append(candidate.ledger.refund(entry, candidate.admitted_ms))
        if candidate.ref.key not in candidate.held:
            if end.reason == "quiet_hours":
                changes.append(postpone(candidate.ref, end.reason, now_ms, end.delay_s))
            return changes
        biz_id = candidate.outcome.biz_id if isinstance(candidate.outcome, SendAccepted) else ""
        puts: dict[str, int | str] = {"due_ms": now_ms + end.delay_s * 1000}
        if biz_id:
            puts["biz_id"] = biz_id
        if end.status == "sent":
            puts.update(sent_columns(candidate, now_ms))
        metric = end_metric(candidate)
        if metric:
            puts.update(ended=metric, ended_ms=now_ms)
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
        with continued(candidate.item.trace):
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
                is_dead=end.is_dead,
                cost_milli=0 if end.is_unspent else candidate.spend.milli,
                waited_ms=_waited_ms(candidate.item, now_ms),
            )
        return changes


def _waited_ms(item: WorkItem, now_ms: int) -> int | None:
    """How long ago it was accepted; None if the item does not say."""
    return now_ms - item.accepted_ms if item.accepted_ms else None
