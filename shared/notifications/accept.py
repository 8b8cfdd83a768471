"""Accepting a notification: rows, then the queue, then 202.

The message's row and its entry in the agenda are written before anything is queued. So a copy of
the request finds them, a message that the queue loses is found by the sweep, and whoever asks for
it right after the 202 sees it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from shared.clock import Clock
from shared.errors import (
    FieldProblem,
    IdempotencyKeyReused,
    QueueUnavailable,
    RequestInvalid,
    StoreUnavailable,
    Unauthenticated,
)
from shared.ids import RandomBytes
from shared.notifications.message_rows import (
    DONE,
    OPEN,
    VOID,
    MessageRef,
    MessageRows,
    agenda_entry,
    found_by,
    is_free_to_accept,
)
from shared.notifications.model import Notification, Recipient, WorkItem
from shared.notifications.ports import Templates
from shared.notifications.router import first_channel
from shared.observability.events import NOTIFICATION_ACCEPTED, NOTIFICATION_LEFT_TO_SWEEP
from shared.observability.logs import bound_request_id, log_event
from shared.phone import PhoneNumber
from shared.pseudonym import Pseudonyms
from shared.queue import BODY_LIMIT_BYTES, DELAY_LIMIT_S, Queue, QueueItem
from shared.rows import RECORDS, Require, RowChange, RowKey, RowStore, Value
from shared.sealed import Sealer
from shared.template import ChannelName, Template
from shared.timeline import event

FIRST_LOOK_MS = 600_000
"""When the sweep first looks after a message: the queue has long delivered it by then."""
SEND_AHEAD_LIMIT_MS = 90 * 86_400_000
CHUNK = 50
"""Recipients in one item: what they need of the store fits into one batch of 200 rows."""
_ROWS_A_TRIP, _MESSAGES_A_TRIP = 198, 65
"""Three rows a message, and one each for its dedupe key, its request and its API key."""


@dataclass(frozen=True, slots=True)
class AcceptedMessage:
    """One recipient's message."""

    message_id: str
    masked: str
    is_known: bool


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was taken on. is_replay: all of it was known already."""

    messages: tuple[AcceptedMessage, ...]
    is_scheduled: bool

    @property
    def is_replay(self) -> bool:
        """True if nothing new was taken on."""
        return all(message.is_known for message in self.messages)


class CallerCheck(Protocol):
    """Asks, in a batch that is made anyway, whether who calls still may."""

    def change(self) -> RowChange:
        """Refused if not."""

    def settle(self, *, was_applied: bool) -> None:
        """Take in what became of it. Raises Unauthenticated if it was refused."""


class AcceptNotification:
    """Takes notifications on. Call it with a Notification.

    Raises RequestInvalid (template, params, send_at, channels), IdempotencyKeyReused,
    StoreUnavailable, QueueUnavailable; Unauthenticated if `check` says so. Costs one round trip to
    the store for up to 66 recipients.

    is_sandboxed: whose messages a tenant only tries out: on record as delivered, never queued.
    """

    def __init__(
        self,
        *,
        store: RowStore,
        queue: Queue,
        templates: Templates,
        pseudonyms: Pseudonyms,
        sealer: Sealer,
        clock: Clock,
        random: RandomBytes,
        is_sandboxed: Callable[[str, PhoneNumber], bool] = lambda tenant, phone: False,
    ) -> None:
        self._store = store
        self._queue = queue
        self._templates = templates
        self._is_sandboxed = is_sandboxed
        self._pseudonyms = pseudonyms
        self._sealer = sealer
        self._clock = clock
        self._random = random
        self._rows = MessageRows(pseudonyms)

    def __call__(self, notification: Notification, *, check: CallerCheck | None = None) -> Accepted:
        """The messages, durably taken on."""
        now_ms = self._clock.now_ms()
        template = self._checked(notification, now_ms)
        notification_id = self._id_of(notification)
        fingerprint = _fingerprint(self._pseudonyms, notification)
        recipients = _distinct(notification)
        channels = [self._channel(notification, template, each) for each in recipients]
        refs = [self._rows.ref(notification_id, each.phone) for each in recipients]
        known = self._written(
            [
                self._message_row(notification, ref, recipient, fingerprint, channel, now_ms)
                for ref, recipient, channel in zip(refs, recipients, channels, strict=True)
            ],
            [
                change
                for ref, recipient in zip(refs, recipients, strict=True)
                for change in (
                    self._rows.history(ref, recipient.phone, now_ms),
                    agenda_entry(ref, _first_look_ms(notification, now_ms)),
                )
            ],
            _header(notification, notification_id, fingerprint, now_ms),
            fingerprint,
            check,
        )
        is_scheduled = _delay_s(notification, now_ms) > 0
        fresh: dict[ChannelName, list[Recipient]] = {}
        for recipient, channel, was_known in zip(recipients, channels, known, strict=True):
            if not was_known and not self._is_sandboxed(notification.tenant, recipient.phone):
                fresh.setdefault(channel, []).append(recipient)
        if fresh:
            items = [
                WorkItem(
                    notification_id=notification_id,
                    tenant=notification.tenant,
                    template=template.name,
                    channel=channel,
                    fingerprint=fingerprint,
                    recipients=tuple(members),
                    accepted_ms=now_ms,
                )
                for channel, members in fresh.items()
            ]
            self._enqueue(notification, items, refs, now_ms)
        log_event(
            NOTIFICATION_ACCEPTED,
            tenant=notification.tenant,
            template=template.name,
            notification_id=notification_id,
            recipients=len(recipients),
            known=sum(known),
        )
        return Accepted(
            tuple(
                AcceptedMessage(ref.message_id, recipient.phone.masked, was)
                for ref, recipient, was in zip(refs, recipients, known, strict=True)
            ),
            is_scheduled,
        )

    # --- what is asked for -------------------------------------------------------------------

    def _checked(self, notification: Notification, now_ms: int) -> Template:
        template = self._templates.get(notification.template)
        if template is None:
            raise RequestInvalid(FieldProblem("template", "there is no such template"))
        problems: list[FieldProblem] = []
        for recipient in notification.recipients:
            params = {**notification.params, **recipient.params}
            problems += self._templates.problems(template, params)
            if len(problems) > 20:
                break
        strange = sorted(set(notification.channels or ()) - set(template.channels))
        if strange or notification.channels == ():
            problems.append(FieldProblem("channels", "not one of the template's"))
        at_ms = notification.send_at_ms
        if at_ms is not None and not now_ms - 60_000 <= at_ms <= now_ms + SEND_AHEAD_LIMIT_MS:
            problems.append(FieldProblem("send_at", "in the past, or more than 90 days ahead"))
        if problems:
            raise RequestInvalid(*dict.fromkeys(problems))
        return template

    def _channel(
        self, notification: Notification, template: Template, recipient: Recipient
    ) -> ChannelName:
        milli = 0
        if template.sms_cost_limit_milli:
            milli = self._templates.cost(
                template, recipient.params, recipient.phone, recipient.locale
            ).milli
        return first_channel(template, recipient, asked=notification.channels, sms_milli=milli)

    def _id_of(self, notification: Notification) -> str:
        if notification.dedupe_key is None:
            return self._random(16).hex()
        return self._pseudonyms.of(
            "notification", notification.tenant, notification.dedupe_key
        ).hex()

    def _message_row(
        self,
        notification: Notification,
        ref: MessageRef,
        recipient: Recipient,
        fingerprint: str,
        channel: str,
        now_ms: int,
    ) -> RowChange:
        is_scheduled = _delay_s(notification, now_ms) > 0
        nonce = self._random(8).hex()
        row = RowChange(
            ref.key,
            requires=is_free_to_accept(),
            puts={
                "phase": OPEN,
                "status": "scheduled" if is_scheduled else "queued",
                "reason": "-",
                "tenant": notification.tenant,
                "template": notification.template,
                "channel": channel,
                "channels": ",".join(notification.channels or ()) or "-",
                "to": recipient.phone.masked,
                "sealed": self._sealer.seal(json.dumps(recipient.as_json(), ensure_ascii=False)),
                "fingerprint": fingerprint,
                "accepted_ms": now_ms,
                "send_at_ms": notification.send_at_ms or 0,
                "nonce": nonce,
                **event(now_ms, "accepted"),
            },
            proof=("nonce", nonce),
        )
        is_test = self._is_sandboxed(notification.tenant, recipient.phone)
        return _delivered_in_sandbox(row, now_ms) if is_test else row

    # --- the rows ----------------------------------------------------------------------------

    def _written(
        self,
        messages: Sequence[RowChange],
        others: Sequence[RowChange],
        header: RowChange | None,
        fingerprint: str,
        check: CallerCheck | None,
    ) -> list[bool]:
        """As _write; what a failure has left half written is called off, unless a key can bring
        the request again.
        """
        try:
            return self._write(messages, others, header, fingerprint, check)
        except StoreUnavailable:
            if header is None:
                with suppress(StoreUnavailable):
                    self._call_off([change.key for change in messages], fingerprint)
            raise

    def _write(
        self,
        messages: Sequence[RowChange],
        others: Sequence[RowChange],
        header: RowChange | None,
        fingerprint: str,
        check: CallerCheck | None,
    ) -> list[bool]:
        """For each message whether it was known before. Raises IdempotencyKeyReused or
        Unauthenticated, and then none of them is there.
        """
        known: list[bool] = []
        per_trip = _MESSAGES_A_TRIP
        for start in range(0, len(messages), per_trip):
            part = messages[start : start + per_trip]
            rest = list(others[2 * start : 2 * (start + per_trip)])
            if start == 0:
                rest += found_by(bound_request_id(), part[0])
            head = [header] if header is not None and start == 0 else []
            asked = [check.change()] if check is not None and start == 0 else []
            verdicts = self._store.apply([*part, *head, *rest, *asked])
            applied = verdicts[: len(part)]
            head_fits = verdicts[len(part)] if head else True
            written = [change.key for change, ok in zip(part, applied, strict=True) if ok]
            if check is not None and asked:
                self._settle(check, written, fingerprint, was_applied=verdicts[-1])
            refused = [change.key for change, ok in zip(part, applied, strict=True) if not ok]
            rows = self._store.read(refused) if refused else []
            if not head_fits or any(
                row is not None and row.get("fingerprint") != fingerprint for row in rows
            ):
                self._call_off(written, fingerprint)
                raise IdempotencyKeyReused
            known += [not ok for ok in applied]
        return known

    def _settle(
        self, check: CallerCheck, written: Sequence[RowKey], fingerprint: str, *, was_applied: bool
    ) -> None:
        try:
            check.settle(was_applied=was_applied)
        except Unauthenticated:
            self._call_off(written, fingerprint)
            raise

    # --- the queue ---------------------------------------------------------------------------

    def _enqueue(
        self,
        notification: Notification,
        work: Sequence[WorkItem],
        refs: Sequence[MessageRef],
        now_ms: int,
    ) -> None:
        delay_s = _delay_s(notification, now_ms)
        if delay_s > DELAY_LIMIT_S:
            return  # the agenda has it: the sweep queues it when it is due
        items = [QueueItem(part.body(), delay_s) for item in work for part in chunks(item)]
        queued = self._queue.put(items)
        if queued == len(items):
            return
        if queued or notification.dedupe_key is not None:
            # Nobody may call it off any more: a copy of the request may have been told 202.
            log_event(NOTIFICATION_LEFT_TO_SWEEP, items=len(items) - queued)
            if queued:
                return
        else:
            self._call_off([ref.key for ref in refs], work[0].fingerprint)
        raise QueueUnavailable("not_queued")

    def _call_off(self, keys: Sequence[RowKey], fingerprint: str) -> None:
        changes = [
            RowChange(
                key,
                (Require("phase", "==", OPEN), Require("fingerprint", "==", fingerprint)),
                {"phase": VOID, "status": "void"},
            )
            for key in keys
        ]
        for start in range(0, len(changes), _ROWS_A_TRIP):
            self._store.apply(changes[start : start + _ROWS_A_TRIP])


def chunks(item: WorkItem) -> Iterator[WorkItem]:
    """The item in parts that fit into one body of the queue each."""
    part: list[Recipient] = []
    size, room = 0, BODY_LIMIT_BYTES - len(_part(item, ()).body().encode())
    for recipient in item.recipients:
        weight = len(json.dumps(recipient.as_json(), ensure_ascii=False).encode()) + 1
        if part and (len(part) == CHUNK or size + weight > room):
            yield _part(item, part)
            part, size = [], 0
        part.append(recipient)
        size += weight
    if part:
        yield _part(item, part)


def _part(item: WorkItem, recipients: Sequence[Recipient]) -> WorkItem:
    return replace(item, recipients=tuple(recipients))


def _distinct(notification: Notification) -> list[Recipient]:
    """Each phone once, with all its values: the same number twice in one list is one message."""
    return list(
        {
            each.phone.e164: replace(each, params={**notification.params, **each.params})
            for each in notification.recipients
        }.values()
    )


def _delivered_in_sandbox(row: RowChange, now_ms: int) -> RowChange:
    """The row of a message that has come to its end without a send."""
    end: dict[str, Value] = {"phase": DONE, "status": "delivered", "reason": "sandbox"}
    return replace(row, puts={**row.puts, **end, **event(now_ms, "delivered", "sandbox")})


def _header(
    notification: Notification, notification_id: str, fingerprint: str, now_ms: int
) -> RowChange | None:
    """One dedupe key stands for one content, whoever it goes to."""
    if notification.dedupe_key is None:
        return None
    return RowChange(
        RowKey(notification_id, "notification", RECORDS),
        requires=(Require("fingerprint", "==", fingerprint, if_missing=True),),
        puts={"fingerprint": fingerprint, "seen_ms": now_ms},
    )


def _fingerprint(pseudonyms: Pseudonyms, notification: Notification) -> str:
    canonical = json.dumps(
        {
            "template": notification.template,
            "params": dict(notification.params),
            "to": [recipient.as_json() for recipient in notification.recipients],
            "send_at": notification.send_at_ms,
            "channels": notification.channels,
        },
        sort_keys=True,
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return pseudonyms.of("fingerprint", notification.tenant, digest).hex()


def _delay_s(notification: Notification, now_ms: int) -> int:
    at_ms = notification.send_at_ms
    return 0 if at_ms is None else max(0, -(-(at_ms - now_ms) // 1000))


def _first_look_ms(notification: Notification, now_ms: int) -> int:
    delay_s = _delay_s(notification, now_ms)
    if delay_s > DELAY_LIMIT_S:
        return now_ms + delay_s * 1000
    return now_ms + delay_s * 1000 + FIRST_LOOK_MS
