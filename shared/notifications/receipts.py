"""Receipts: what the network says became of a message, in one conditional write each.

Nothing is read: the key follows from what the provider echoes, and the condition knows the rest.
A receipt for no message of ours, with another send's number, or one that says nothing new changes
nothing. Delivered beats failed, whichever comes first.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from shared.clock import Clock
from shared.notifications.message_rows import (
    MessageRef,
    MessageRows,
    event,
    read_out_id,
)
from shared.observability.events import RECEIPTS_COUNTED, RECEIPTS_RECEIVED
from shared.observability.logs import log_event
from shared.observability.trace import Carrier, carried
from shared.phone import PhoneNumber
from shared.queue import Queue, QueueItem
from shared.rows import Require, RowChange, RowStore

RANKS = {"undelivered": 1, "delivered": 2}
_ROWS_A_TRIP = 200


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """One receipt. out_id: as it was sent. err_code: the carrier's."""

    biz_id: str
    phone: PhoneNumber
    out_id: str
    is_delivered: bool
    err_code: str
    reported_ms: int


def report_change(ref: MessageRef, report: DeliveryReport, now_ms: int) -> RowChange:
    """What a report makes of a message that was sent."""
    status = "delivered" if report.is_delivered else "undelivered"
    rank = RANKS[status]
    return RowChange(
        ref.key,
        requires=(
            # Only a message that exists and was at least claimed; an early receipt may come before
            # the worker has written down the send's number.
            Require("phase", ">", 1),
            Require("biz_id", "==", report.biz_id, if_missing=True),
            Require("report_rank", "<", rank, if_missing=True),
        ),
        puts={
            "report_rank": rank,
            "report": status,
            "report_code": report.err_code or "-",
            "reported_ms": report.reported_ms or now_ms,
            **event(report.reported_ms or now_ms, status, report.err_code),
        },
    )


class RecordReceipts:
    """Writes reports down: one round trip for up to 200 of them. Raises StoreUnavailable, and then
    the whole push may come again: a report that is known changes nothing.
    """

    def __init__(
        self, *, store: RowStore, rows: MessageRows, followers: Queue | None, clock: Clock
    ) -> None:
        self._store = store
        self._rows = rows
        self._followers = followers
        self._clock = clock

    def __call__(self, reports: Sequence[DeliveryReport]) -> int:
        """How many told something new."""
        now_ms = self._clock.now_ms()
        by_key = {}
        follow: dict[MessageRef, bool] = {}
        for report in sorted(reports, key=lambda each: each.is_delivered):
            known = read_out_id(report.out_id)
            if known is None:
                continue  # a code's, or none of ours
            ref = self._rows.ref(known[0], report.phone)
            follow[ref] = known[1]
            by_key[ref] = report_change(ref, report, now_ms)
        refs = list(by_key)
        news: list[MessageRef] = []
        for start in range(0, len(refs), _ROWS_A_TRIP):
            part = refs[start : start + _ROWS_A_TRIP]
            applied = self._store.apply([by_key[ref] for ref in part])
            news += [ref for ref, ok in zip(part, applied, strict=True) if ok]
        waiting = [ref for ref in news if follow[ref]]
        if waiting and self._followers is not None:
            self._followers.put([follow_item(ref) for ref in waiting])
        log_event(RECEIPTS_RECEIVED, received=len(reports), known=len(refs), news=len(news))
        _log_counts(reports)
        return len(news)


def follow_item(ref: MessageRef, delay_s: int = 0, *, trace: Carrier | None = None) -> QueueItem:
    """Someone waits for news of this message. trace: None for that of whoever has the news."""
    body = {"kind": "follow", "version": 1, "message_id": ref.message_id, **(trace or carried())}
    return QueueItem(json.dumps(body), delay_s)


def _log_counts(reports: Sequence[DeliveryReport]) -> None:
    """One line for each way they ended: deliverability is counted here, of codes as well."""
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
