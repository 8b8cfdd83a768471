"""What callers may know of their messages, and calling one off."""

from __future__ import annotations

from collections.abc import Mapping

from shared.clock import Clock
from shared.errors import MessageNotCancellable, NotFound
from shared.notifications.message_rows import DONE, OPEN, VOID, MessageRef, MessageRows
from shared.phone import PhoneNumber
from shared.rows import RECORDS, Require, Row, RowChange, RowRange, RowStore, number_in
from shared.timeline import event, timeline


def status_of(row: Row) -> str:
    """One word: what the network said, else how far it came."""
    return str(row.get("report") or row["status"])


def shown(ref: MessageRef, row: Row) -> Mapping[str, object]:
    """A message as its tenant sees it: the phone masked, the values not at all."""
    reason = str(row.get("report_code") if "report" in row else row.get("reason", "-"))
    due_ms = number_in(row, "due_ms") or number_in(row, "send_at_ms")
    return {
        "message_id": ref.message_id,
        "status": status_of(row),
        **({"reason": reason} if reason not in ("-", "None") else {}),
        "to": row.get("to", ""),
        "template": row["template"],
        "channel": row["channel"],
        "accepted_at": number_in(row, "accepted_ms"),
        "attempts": number_in(row, "attempts"),
        **({"due_at": due_ms} if due_ms and status_of(row) in ("waiting", "scheduled") else {}),
        "timeline": timeline(row),
    }


class ShowMessages:
    """Finds messages for their tenant. Every method raises StoreUnavailable."""

    def __init__(
        self, *, store: RowStore, ranges: RowRange, rows: MessageRows, clock: Clock
    ) -> None:
        self._store = store
        self._ranges = ranges
        self._rows = rows
        self._clock = clock

    def one(self, tenant: str, message_id: str) -> Mapping[str, object]:
        """A message's life so far, in one round trip. Raises NotFound, also for another tenant's
        message.
        """
        ref, row = self._find(tenant, message_id)
        return shown(ref, row)

    def of_phone(self, tenant: str, phone: PhoneNumber, limit: int) -> list[Mapping[str, object]]:
        """The tenant's messages to a phone, newest first, of the latest `limit` to it."""
        listed = self._ranges.scan(
            table=RECORDS, subject=self._rows.person(phone), start="at:", end="at;", limit=1000
        )
        refs = [
            ref
            for _, row in listed[-limit:]
            if (ref := MessageRef.parse(str(row.get("message_id", ""))))
        ]
        found: list[Row | None] = []
        for start in range(0, len(refs), 100):
            found += self._store.read([ref.key for ref in refs[start : start + 100]])
        return [
            shown(ref, row)
            for ref, row in reversed(list(zip(refs, found, strict=True)))
            if row is not None and row.get("tenant") == tenant and number_in(row, "phase") > VOID
        ]

    def cancel(self, tenant: str, message_id: str) -> Mapping[str, object]:
        """The message as called off. Raises NotFound, MessageNotCancellable once it is on its
        way.
        """
        ref, row = self._find(tenant, message_id)
        if row.get("status") == "cancelled":
            return shown(ref, row)
        now_ms = self._clock.now_ms()
        (was_open,) = self._store.apply(
            [
                RowChange(
                    ref.key,
                    requires=(
                        Require("phase", "==", OPEN),
                        Require("tenant", "==", tenant),
                    ),
                    puts={"phase": DONE, "status": "cancelled", **event(now_ms, "cancelled")},
                    proof=("status", "cancelled"),
                )
            ]
        )
        if not was_open:
            raise MessageNotCancellable
        return self.one(tenant, message_id)

    def _find(self, tenant: str, message_id: str) -> tuple[MessageRef, Row]:
        ref = MessageRef.parse(message_id)
        row = self._store.read([ref.key])[0] if ref else None
        if (
            ref is None
            or row is None
            or row.get("tenant") != tenant
            or number_in(row, "phase") <= VOID
        ):
            raise NotFound
        return ref, row
