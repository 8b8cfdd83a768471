"""The sweep: every accepted message comes to an end, whatever was lost on the way.

Each message has an entry in the agenda until it is settled. A due entry asks: was it queued and
never came (queue it again), was it claimed by a worker that died, or sent with no clear answer (ask
the provider), or sent without a receipt (ask what became of it)?
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from shared.clock import Clock
from shared.errors import QueueUnavailable, SesameError
from shared.ids import RandomBytes
from shared.notifications.dead_letters import dead_letter
from shared.notifications.fallback import fall_back, next_channel
from shared.notifications.message_rows import (
    CLAIMED,
    DEAD,
    DONE,
    OPEN,
    MessageRef,
    MessageRows,
    agenda_entry,
    agenda_span,
    agenda_subjects,
    out_id_of,
    recipient_of,
    sent_puts,
)
from shared.notifications.model import Recipient, WorkItem, channel_name
from shared.notifications.ports import RowCounts, Templates
from shared.notifications.receipts import DeliveryReport, report_change
from shared.observability.events import SWEEP_ENDED
from shared.observability.logs import log_event
from shared.phone import PhoneNumber
from shared.queue import Queue, QueueItem
from shared.rows import (
    RECORDS,
    Require,
    Row,
    RowChange,
    RowKey,
    RowRange,
    RowStore,
    Value,
    join,
    number_in,
)
from shared.sealed import Sealer
from shared.timeline import event

PAGE = 45
TIME_LIMIT_MS = 40_000
"""No further page is begun later than that; the timer comes again."""
LOOK_LIMIT_MS = 72 * 3_600_000
"""How long a receipt is waited for: the provider's own records end as "waiting" as well."""
LOOK_BASE_MS, LOOK_STEP_LIMIT_MS = 600_000, 6 * 3_600_000
REOPEN_LIMIT = 8


class SentRecord(Protocol):
    """What the provider knows of one send."""

    @property
    def status(self) -> Literal["waiting", "failed", "delivered"]:
        """How far it came."""

    @property
    def err_code(self) -> str:
        """The carrier's word."""

    @property
    def received_ms(self) -> int:
        """When; 0 if not known."""


class SentRecords(Protocol):
    """The provider's own records."""

    def find(self, *, phone: PhoneNumber, at_ms: int, out_id: str) -> Sequence[SentRecord]:
        """The sends to a phone around a time that bear `out_id`. Raises ProviderUnavailable."""


@dataclass(slots=True)
class _Step:
    """What a look at one message leads to."""

    changes: list[RowChange]
    item: QueueItem | None = None
    letter: QueueItem | None = None


class SweepMessages:
    """Looks after every message that is due. Call it. Raises StoreUnavailable, QueueUnavailable."""

    def __init__(
        self,
        *,
        store: RowStore,
        ranges: RowRange,
        queue: Queue,
        dead: Queue,
        records: SentRecords,
        rows: MessageRows,
        templates: Templates,
        sealer: Sealer,
        clock: Clock,
        random: RandomBytes,
        counts: RowCounts | None = None,
        page: int = PAGE,
    ) -> None:
        self._store = store
        self._ranges = ranges
        self._queue = queue
        self._dead = dead
        self._records = records
        self._rows = rows
        self._templates = templates
        self._sealer = sealer
        self._clock = clock
        self._random = random
        self._counts = counts
        self._page = page
        self._entry = ""

    def __call__(self) -> int:
        """How many entries were looked at."""
        started_ms, seen = self._clock.now_ms(), 0
        start, end = agenda_span(started_ms)
        for subject in agenda_subjects():
            while self._clock.now_ms() - started_ms <= TIME_LIMIT_MS:
                due = self._ranges.scan(
                    table=RECORDS, subject=subject, start=start, end=end, limit=self._page
                )
                if not due:
                    break
                self._look_at([(key, str(row.get("message_id", ""))) for key, row in due])
                seen += len(due)
        log_event(SWEEP_ENDED, seen=seen, duration_ms=self._clock.now_ms() - started_ms)
        return seen

    def _look_at(self, due: Sequence[tuple[RowKey, str]]) -> None:
        refs = [MessageRef.parse(message_id) for _, message_id in due]
        keys = list(dict.fromkeys(ref.key for ref in refs if ref))
        rows = dict(zip(keys, self._store.read(keys) if keys else [], strict=True))
        changes: list[RowChange] = []
        items: list[QueueItem] = []
        letters: list[QueueItem] = []
        looked: set[MessageRef] = set()
        self._entry = self._random(8).hex()
        for ref in refs:
            row = rows.get(ref.key) if ref else None
            if ref is None or row is None or ref in looked:
                continue
            looked.add(ref)
            step = self._step(ref, row)
            changes += step.changes
            if step.item:
                items.append(step.item)
            if step.letter:
                letters.append(step.letter)
        if letters and self._dead.put(letters) < len(letters):
            raise QueueUnavailable("dead_letters")  # the timer comes again, and looks again
        # The old entries go last, since a batch may be carried out in part: a look too many costs
        # little, an entry too few would be a message without an end.
        if looked and self._counts is not None:
            seen, now_ms = [ref.key for ref in looked], self._clock.now_ms()
            changes.append(self._counts.noted(seen, entry=self._entry, now_ms=now_ms))
        self._store.apply(join(changes))
        if items:
            self._queue.put(items)
        self._store.apply([RowChange(key, drops=True) for key, _ in due])

    def _step(self, ref: MessageRef, row: Row) -> _Step:
        now_ms, phase = self._clock.now_ms(), number_in(row, "phase")
        recipient = recipient_of(self._sealer.open(str(row.get("sealed", ""))))
        if recipient is None or phase in (0, DEAD):
            return _Step([])
        if phase == OPEN:
            return self._queued_again(ref, row, recipient, now_ms)
        if phase == CLAIMED and number_in(row, "lease_until_ms") > now_ms:
            return _Step([agenda_entry(ref, number_in(row, "lease_until_ms") + 1000)])
        if phase == CLAIMED or row.get("status") == "unknown":
            return self._reconciled(ref, row, recipient, now_ms)
        if row.get("status") == "sent" and "report" not in row:
            return self._followed(ref, row, recipient, now_ms)
        return _Step([])

    def _queued_again(self, ref: MessageRef, row: Row, recipient: Recipient, now_ms: int) -> _Step:
        due_ms = max(number_in(row, "due_ms"), number_in(row, "send_at_ms"))
        if due_ms > now_ms:
            return _Step([agenda_entry(ref, due_ms + LOOK_BASE_MS)])
        return _Step([self._later(ref, row, now_ms)], self._item(ref, row, recipient))

    def _reconciled(self, ref: MessageRef, row: Row, recipient: Recipient, now_ms: int) -> _Step:
        """A send that may have happened. Only the provider's word opens the message again."""
        if row.get("channel") == "email":
            # Nobody can be asked, and a second e-mail is worse than a doubt that is on record.
            counted = self._sent(row, recipient, now_ms)
            change = self._settled(ref, row, DONE, "unconfirmed", "answer_lost", now_ms, counted)
            return _Step([change])
        found: Sequence[SentRecord] = []
        if row.get("channel") == "sms":
            try:
                found = self._find(ref, row, recipient)
            except SesameError:
                return _Step([agenda_entry(ref, now_ms + 60_000)])
        if found:
            counted = self._sent(row, recipient, now_ms)
            sent = self._settled(ref, row, DONE, "sent", "reconciled", now_ms, counted)
            return _Step([sent, self._later(ref, row, now_ms)])
        if number_in(row, "attempts") >= REOPEN_LIMIT:
            reason = "never_confirmed"
            letter = dead_letter(self._work(ref, row, recipient), recipient, reason, now_ms)
            ended: dict[str, Value] = {"ended": f"stopped.{reason}", "ended_ms": now_ms}
            settled = self._settled(ref, row, DEAD, "failed", reason, now_ms, ended)
            return _Step([settled], letter=letter)
        opened = self._settled(ref, row, OPEN, "waiting", "was_not_sent", now_ms)
        return _Step([opened, self._later(ref, row, now_ms)], self._item(ref, row, recipient))

    def _followed(self, ref: MessageRef, row: Row, recipient: Recipient, now_ms: int) -> _Step:
        """A message that was sent and has no receipt."""
        if row.get("channel") != "sms":
            return _Step([])
        try:
            found = self._find(ref, row, recipient)
        except SesameError:
            return _Step([agenda_entry(ref, now_ms + 60_000)])
        known = next((each for each in found if each.status != "waiting"), None)
        if known is not None:
            report = DeliveryReport(
                biz_id=str(row.get("biz_id", "")),
                phone=recipient.phone,
                out_id="",
                is_delivered=known.status == "delivered",
                err_code=known.err_code,
                reported_ms=known.received_ms,
            )
            change = report_change(ref, report, push=self._entry, now_ms=now_ms)
            return _Step([change])
        template = self._templates.get(str(row["template"]))
        waited_s = (now_ms - number_in(row, "accepted_ms")) / 1000
        if (
            template is not None
            and not template.is_secret
            and 0 < template.fallback_after_s <= waited_s
            and (channel := next_channel(template, row, recipient))
        ):
            change = fall_back(ref, channel, "no_receipt", now_ms, after="sent")
            return _Step(
                [change, self._later(ref, row, now_ms)],
                self._item(ref, {**row, "channel": channel}, recipient),
            )
        if now_ms - number_in(row, "accepted_ms") > LOOK_LIMIT_MS:
            return _Step([RowChange(ref.key, puts=dict(event(now_ms, "unreported")))])
        return _Step([self._later(ref, row, now_ms)])

    def _find(self, ref: MessageRef, row: Row, recipient: Recipient) -> Sequence[SentRecord]:
        at_ms = number_in(row, "lease_until_ms") or number_in(row, "accepted_ms")
        for is_followed in (False, True):
            out_id = out_id_of(ref.notification_id, is_followed=is_followed)
            found = self._records.find(phone=recipient.phone, at_ms=at_ms, out_id=out_id)
            if found:
                return found
        return []

    def _settled(
        self,
        ref: MessageRef,
        row: Row,
        phase: int,
        status: str,
        reason: str,
        now_ms: int,
        counted: Mapping[str, Value] | None = None,
    ) -> RowChange:
        """Its state from now on. counted: what it counts as by that, if anything."""
        return RowChange(
            ref.key,
            requires=(
                Require("phase", "==", number_in(row, "phase")),
                Require("owner", "==", str(row.get("owner", ""))),
            ),
            puts={
                "phase": phase,
                "status": status,
                "reason": reason,
                **(counted or {}),
                **event(now_ms, status, reason),
            },
        )

    def _sent(self, row: Row, recipient: Recipient, now_ms: int) -> dict[str, Value]:
        """A send that is, or may be, on record at the provider's only."""
        channel, milli, segments = str(row.get("channel")), 0, 0
        template = self._templates.get(str(row.get("template")))
        if channel == "sms" and template is not None:
            cost = self._templates.cost(
                template, recipient.params, recipient.phone, recipient.locale
            )
            milli, segments = cost.milli, cost.segments
        return sent_puts(channel, now_ms, cost_milli=milli, segments=segments)

    def _later(self, ref: MessageRef, row: Row, now_ms: int) -> RowChange:
        age_ms = now_ms - number_in(row, "accepted_ms")
        return agenda_entry(ref, now_ms + min(max(LOOK_BASE_MS, age_ms), LOOK_STEP_LIMIT_MS))

    def _item(self, ref: MessageRef, row: Row, recipient: Recipient) -> QueueItem:
        return QueueItem(self._work(ref, row, recipient).body())

    def _work(self, ref: MessageRef, row: Row, recipient: Recipient) -> WorkItem:
        return WorkItem(
            notification_id=ref.notification_id,
            tenant=str(row["tenant"]),
            template=str(row["template"]),
            channel=channel_name(row["channel"]),
            fingerprint=str(row["fingerprint"]),
            recipients=(recipient,),
            attempt=number_in(row, "attempts"),
            accepted_ms=number_in(row, "accepted_ms"),
        )
