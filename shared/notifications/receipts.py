"""Receipts: what the network says became of a message, in one conditional write each.

Nothing is read: the key follows from what the provider echoes, and the condition knows the rest.
A receipt for no message of ours, with another send's number, or one that says nothing new changes
nothing. Delivered beats failed, whichever comes first.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.clock import Clock
from shared.ids import RandomBytes
from shared.notifications.message_rows import MessageRef, MessageRows, read_out_id
from shared.notifications.ports import CodeReceipts, RowCounts
from shared.observability.events import RECEIPTS_COUNTED, RECEIPTS_RECEIVED
from shared.observability.logs import log_event
from shared.observability.trace import Carrier, carried
from shared.phone import PhoneNumber
from shared.queue import Queue, QueueItem
from shared.rows import Require, RowChange, RowKey, RowStore, require_absent
from shared.timeline import event

RANKS = {"undelivered": 1, "delivered": 2}
_REPORTS_A_TRIP = 199
"""And one row that counts them."""


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """One receipt. out_id: as it was sent. err_code: the carrier's."""

    biz_id: str
    phone: PhoneNumber
    out_id: str
    is_delivered: bool
    err_code: str
    reported_ms: int


def report_change(ref: MessageRef, report: DeliveryReport, *, push: str, now_ms: int) -> RowChange:
    """What a report makes of a message that was sent. push: names what brought it."""
    status = "delivered" if report.is_delivered else "undelivered"
    rank, mark, at_ms = RANKS[status], f"by_{status}", report.reported_ms or now_ms
    return RowChange(
        ref.key,
        requires=(
            # Only a message that exists and was at least claimed; an early receipt may come before
            # the worker has written down the send's number.
            Require("phase", ">", 1),
            Require("biz_id", "==", report.biz_id, if_missing=True),
            Require("report_rank", "<", rank, if_missing=True),
            require_absent(mark),  # known, also where another channel was taken since
        ),
        puts={
            "report_rank": rank,
            "report": status,
            "report_code": report.err_code or "-",
            "reported_ms": at_ms,
            f"code_{status}": report.err_code or "-",
            f"{status}_ms": at_ms,
            mark: push,
            **event(at_ms, status, report.err_code),
        },
        proof=(mark, push),
    )


@dataclass(frozen=True, slots=True)
class _Planned:
    """One report's change, and who waits for what it says. send: the mark of a code's send."""

    report: DeliveryReport
    change: RowChange
    send: str = ""
    follow: MessageRef | None = None


class RecordReceipts:
    """Writes reports down, of messages and of codes: one round trip for up to 199 of them. Raises
    StoreUnavailable, and then the whole push may come again: a report that is known changes
    nothing.
    """

    def __init__(
        self,
        *,
        store: RowStore,
        rows: MessageRows,
        followers: Queue | None,
        clock: Clock,
        random: RandomBytes,
        codes: CodeReceipts | None = None,
        counts: RowCounts | None = None,
    ) -> None:
        self._store = store
        self._rows = rows
        self._followers = followers
        self._clock = clock
        self._random = random
        self._codes = codes
        self._counts = counts

    def __call__(self, reports: Sequence[DeliveryReport]) -> int:
        """How many told something new."""
        now_ms, push = self._clock.now_ms(), self._random(8).hex()
        by_send: dict[tuple[RowKey, str], _Planned] = {}
        for report in sorted(reports, key=lambda each: each.is_delivered):
            planned = self._planned(report, push, now_ms)
            if planned is not None:
                by_send[planned.change.key, planned.send] = planned
        news: list[_Planned] = []
        for number, part in enumerate(_parts(by_send.values())):
            changes = [each.change for each in part]
            if self._counts is not None:
                keys, entry = [each.change.key for each in part], f"{push}{number}"
                changes.append(self._counts.noted(keys, entry=entry, now_ms=now_ms))
            applied = self._store.apply(changes)
            news += [each for each, ok in zip(part, applied, strict=False) if ok]
        waiting = [each.follow for each in news if each.follow]
        if waiting and self._followers is not None:
            self._followers.put([follow_item(ref) for ref in waiting])
        log_event(RECEIPTS_RECEIVED, received=len(reports), known=len(by_send), news=len(news))
        _log_counts([each.report for each in news])
        return len(news)

    def _planned(self, report: DeliveryReport, push: str, now_ms: int) -> _Planned | None:
        """What a report changes; None if it is of nothing of ours."""
        known = read_out_id(report.out_id)
        if known is not None:
            ref = self._rows.ref(known[0], report.phone)
            change = report_change(ref, report, push=push, now_ms=now_ms)
            return _Planned(report, change, follow=ref if known[1] else None)
        of_code = self._codes and self._codes.change(
            out_id=report.out_id,
            phone=report.phone,
            is_delivered=report.is_delivered,
            err_code=report.err_code,
            reported_ms=report.reported_ms or now_ms,
            push=push,
        )
        return _Planned(report, *of_code) if of_code else None


def _parts(planned: Iterable[_Planned]) -> list[list[_Planned]]:
    """In batches that no row stands in twice: two sends of one code are one row's."""
    parts: list[list[_Planned]] = []
    keys: list[set[RowKey]] = []
    for each in planned:
        for part, held in zip(parts, keys, strict=True):
            if len(part) < _REPORTS_A_TRIP and each.change.key not in held:
                part.append(each)
                held.add(each.change.key)
                break
        else:
            parts.append([each])
            keys.append({each.change.key})
    return parts


def follow_item(ref: MessageRef, delay_s: int = 0, *, trace: Carrier | None = None) -> QueueItem:
    """Someone waits for news of this message. trace: None for that of whoever has the news."""
    body = {"kind": "follow", "version": 1, "message_id": ref.message_id, **(trace or carried())}
    return QueueItem(json.dumps(body), delay_s)


def _log_counts(reports: Sequence[DeliveryReport]) -> None:
    """One line for each way they ended, of codes as well: each message once, as only news are
    counted, and a number that reads two ways is one message's alone.
    """
    counts = Counter(
        (each.phone.is_mainland, each.is_delivered, "" if each.is_delivered else each.err_code)
        for each in reports
    )
    for (is_mainland, is_delivered, code), count in counts.items():
        log_event(
            RECEIPTS_COUNTED,
            destination="domestic" if is_mainland else "international",
            outcome="delivered" if is_delivered else "undelivered",
            provider_code=code or None,
            count=count,
        )
