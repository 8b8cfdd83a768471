"""What a row says that was not counted yet: which metrics grow, of which cell, in which hour.

Everything is read off the record itself, and what was counted is marked in it: so a row may be
looked at any number of times, and figures agree with records by construction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from shared.phone import PhoneNumber
from shared.rollup.model import OVER_AFTER_MS, Cell, hour_of, latency_metric
from shared.rows import Row, RowKey, number_in

OpenPhone = Callable[[Row], "PhoneNumber | None"]
"""The phone of a message's row, where it is sealed; None if it cannot be told."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Metrics that grow by what happened at `at_ms`, in the hour in which the message was sent.
    mark: the column that says so from then on, and its value.
    """

    mark: tuple[str, int]
    hour: int
    cell: Cell
    counts: Mapping[str, int]


def findings_in(
    key: RowKey, row: Row | None, *, now_ms: int, open_phone: OpenPhone
) -> list[Finding]:
    """What is new in a challenge's or a message's row."""
    if row is None or "tenant" not in row:
        return []
    if key.item.startswith("challenge_"):
        found = _of_code(row, now_ms)
    else:
        phone = open_phone(row)
        found = _of_message(row, phone) if phone else iter(())
    return [each for each in found if row.get(each.mark[0]) != each.mark[1]]


def _of_code(row: Row, now_ms: int) -> Iterator[Finding]:
    cell = Cell(
        str(row["tenant"]),
        str(row.get("purpose")),
        str(row.get("country", "ZZ")),
        str(row.get("prefix", "")),
    )
    sends = {
        column.removeprefix("sent_"): number_in(row, column)
        for column in row
        if column.startswith("sent_")
    }
    for send, sent_ms in sends.items():
        counts = {str(row.get(f"how_{send}", "unknown")): 1, "codes": 1}
        yield Finding((f"k_sent_{send}", sent_ms), hour_of(sent_ms), cell, counts)
        yield from _of_receipts(row, cell, sent_ms, tail=f"_{send}")
    expires_ms = number_in(row, "expires_ms")
    if sends and expires_ms + OVER_AFTER_MS <= now_ms:
        was_typed = row.get("state") == "used"
        counts = {"verified" if was_typed else "unverified": 1}
        for rule in filter(None, str(row.get("shadowed", "")).split(",")):
            counts[f"shadow_{'hurt' if was_typed else 'saved'}.{rule}"] = 1
        yield Finding(("k_over", expires_ms), hour_of(min(sends.values())), cell, counts)


def _of_message(row: Row, phone: PhoneNumber) -> Iterator[Finding]:
    def cell(channel: str) -> Cell:
        return Cell.of(
            tenant=str(row["tenant"]),
            template=str(row.get("template")),
            phone=phone,
            channel=channel,
        )

    for column in row:
        if column.startswith("sent_"):
            channel, sent_ms = column.removeprefix("sent_"), number_in(row, column)
            is_known = channel != "email" or row.get("status") != "unconfirmed"
            counts = {
                "accepted" if is_known else "unknown": 1,
                "cost_milli": number_in(row, f"cost_{channel}"),
                "segments": number_in(row, f"segments_{channel}"),
            }
            yield Finding((f"k_{column}", sent_ms), hour_of(sent_ms), cell(channel), counts)
    sent_ms, ended_ms = number_in(row, "sent_sms"), number_in(row, "ended_ms")
    if sent_ms:
        yield from _of_receipts(row, cell("sms"), sent_ms, tail="")
    if ended_ms:
        of_channel = cell(str(row.get("channel", "sms")))
        counts = {str(row.get("ended")): 1}
        yield Finding(("k_ended", ended_ms), hour_of(ended_ms), of_channel, counts)


def _of_receipts(row: Row, cell: Cell, sent_ms: int, *, tail: str) -> Iterator[Finding]:
    """Delivered beats undelivered, whichever comes first: what was counted of that is taken
    back.
    """
    failed = f"undelivered.{row.get(f'code_undelivered{tail}', '-')}"
    delivered_ms = number_in(row, f"delivered_ms{tail}")
    undelivered_ms = number_in(row, f"undelivered_ms{tail}")
    hour = hour_of(sent_ms)
    if delivered_ms:
        counts = {"delivered": 1, latency_metric(max(0, delivered_ms - sent_ms)): 1}
        if f"k_undelivered{tail}" in row:
            counts[failed] = -1
        yield Finding((f"k_delivered{tail}", delivered_ms), hour, cell, counts)
    elif undelivered_ms:
        yield Finding((f"k_undelivered{tail}", undelivered_ms), hour, cell, {failed: 1})
