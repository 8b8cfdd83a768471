"""Following a message: news of it leads to another channel, or to the tenant's webhook."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from shared.clock import Clock
from shared.notifications.fallback import fall_back, next_channel
from shared.notifications.message_rows import MessageRef, MessageRows, recipient_of
from shared.notifications.model import WorkItem
from shared.notifications.ports import Templates
from shared.notifications.view import shown, status_of
from shared.observability.events import STATUS_WEBHOOK_ENDED
from shared.observability.logs import log_event
from shared.observability.trace import Carrier, carried, carrier_of, continued
from shared.queue import Queue, QueueItem
from shared.rows import Row, RowStore, number_in
from shared.sealed import Sealer
from shared.send_outcome import RefusalKind, SendAccepted, SendOutcome, SendRefused

WEBHOOK_WAITS_S = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""The schedule that Standard Webhooks suggests; after it the news is dropped, and logged."""


class StatusSender(Protocol):
    """The tenants' endpoints."""

    def post(self, tenant: str, *, event_id: str, body: Mapping[str, object]) -> SendOutcome:
        """Tell one of them."""


@dataclass(frozen=True, slots=True)
class FollowItem:
    """News of a message that someone waits for. attempt: tries of the webhook so far."""

    ref: MessageRef
    attempt: int = 0
    trace: Carrier = field(default_factory=dict)

    @classmethod
    def parse(cls, body: bytes) -> FollowItem:
        """What the queue brought. Raises ValueError, quoting nothing."""
        try:
            data = json.loads(body)
            if data["kind"] != "follow" or data["version"] != 1:
                raise ValueError("kind")
            ref = MessageRef.parse(data["message_id"])
            if ref is None:
                raise ValueError("message_id")
            return cls(ref, int(data.get("attempt", 0)), carrier_of(data))
        except (ValueError, KeyError, TypeError, RecursionError):
            raise ValueError("not a follow-up of version 1") from None

    def again(self, delay_s: int) -> QueueItem:
        """The same, later."""
        body = {
            "kind": "follow",
            "version": 1,
            "message_id": self.ref.message_id,
            "attempt": self.attempt + 1,
            **(self.trace or carried()),
        }
        return QueueItem(json.dumps(body), delay_s)


class FollowMessages:
    """Acts on news. Call it with items. Raises StoreUnavailable."""

    def __init__(
        self,
        *,
        store: RowStore,
        work: Queue,
        followers: Queue,
        rows: MessageRows,
        templates: Templates,
        sealer: Sealer,
        webhooks: StatusSender | None,
        followed_tenants: frozenset[str],
        clock: Clock,
    ) -> None:
        self._store = store
        self._work = work
        self._followers = followers
        self._rows = rows
        self._templates = templates
        self._sealer = sealer
        self._webhooks = webhooks
        self._followed_tenants = followed_tenants
        self._clock = clock
        self._gone: set[str] = set()

    def __call__(self, items: Sequence[FollowItem]) -> None:
        """Bring each piece of news to whom it concerns."""
        for start in range(0, len(items), 100):
            part = items[start : start + 100]
            rows = self._store.read([item.ref.key for item in part])
            for item, row in zip(part, rows, strict=True):
                with continued(item.trace):
                    if row is not None and not self._falls_back(item.ref, row):
                        self._tell(item, row)

    def _falls_back(self, ref: MessageRef, row: Row) -> bool:
        template = self._templates.get(str(row.get("template", "")))
        recipient = recipient_of(self._sealer.open(str(row.get("sealed", ""))))
        if template is None or recipient is None or row.get("report") != "undelivered":
            return False
        channel = next_channel(template, row, recipient)
        if channel is None:
            return False
        now_ms = self._clock.now_ms()
        change = fall_back(ref, channel, "undelivered", now_ms, after="undelivered")
        (was_first,) = self._store.apply([change])
        if was_first:
            item = WorkItem(
                notification_id=ref.notification_id,
                tenant=str(row["tenant"]),
                template=template.name,
                channel=channel,
                fingerprint=str(row["fingerprint"]),
                recipients=(recipient,),
                accepted_ms=number_in(row, "accepted_ms"),
            )
            self._work.put([QueueItem(item.body())])
        return was_first

    def _tell(self, item: FollowItem, row: Row) -> None:
        tenant = str(row.get("tenant", ""))
        if self._webhooks is None or tenant not in self._followed_tenants - self._gone:
            return
        status = status_of(row)
        outcome = self._webhooks.post(
            tenant,
            event_id=f"evt_{item.ref.notification_id}{item.ref.recipient}_{status}",
            body={"type": f"message.{status}", "data": dict(shown(item.ref, row))},
        )
        is_over = isinstance(outcome, SendAccepted) or (
            isinstance(outcome, SendRefused) and outcome.kind is not RefusalKind.BUSY
        )
        is_gone = isinstance(outcome, SendRefused) and outcome.code == "gone"
        if is_gone:
            # Standard Webhooks: 410 wants no more. Until the next start of this instance; the
            # setting is the operator's, who hears of it by the line at level ERROR.
            self._gone.add(tenant)
        log_event(
            STATUS_WEBHOOK_ENDED,
            level=logging.ERROR if is_gone else logging.INFO,
            tenant=tenant,
            outcome=type(outcome).__name__,
            reason=outcome.code if isinstance(outcome, SendRefused) else None,
            attempt=item.attempt,
            is_over=is_over or item.attempt >= len(WEBHOOK_WAITS_S),
        )
        if not is_over and item.attempt < len(WEBHOOK_WAITS_S):
            asked_s = outcome.retry_after_s if isinstance(outcome, SendRefused) else 0
            wait_s = max(WEBHOOK_WAITS_S[item.attempt], asked_s)
            self._followers.put([item.again(min(wait_s, 604_800))])
