"""What is kept of one person, shown and forgotten (PIPL articles 45 and 47, GDPR articles 15 and
17).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from shared.clock import Clock
from shared.errors import IdempotencyInProgress
from shared.notifications.message_rows import CLAIMED, MessageRef, MessageRows
from shared.observability.events import PERSON_ERASED
from shared.observability.logs import log_event
from shared.phone import PhoneNumber
from shared.rows import RECORDS, Require, Row, RowChange, RowKey, RowRange, RowStore, number_in
from shared.sealed import Sealer
from shared.timeline import timeline

_PAGE = 90


class ConsentWords(Protocol):
    """What a person has said."""

    def row_of(self, phone: PhoneNumber) -> RowKey:
        """The person's row."""

    def export(self, row: Row | None) -> list[dict[str, object]]:
        """All of it."""

    def erase(self, phone: PhoneNumber, row: Row | None) -> RowChange:
        """Forget it, but for a no."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """One message that is kept: its place in the person's list, and its row."""

    listed: RowKey
    ref: MessageRef
    row: Row | None


class PersonalData:
    """The tenant's messages to a phone, and the phone's words on consent. Raises
    StoreUnavailable.
    """

    def __init__(
        self,
        *,
        store: RowStore,
        ranges: RowRange,
        rows: MessageRows,
        consents: ConsentWords,
        sealer: Sealer,
        clock: Clock,
    ) -> None:
        self._store = store
        self._ranges = ranges
        self._rows = rows
        self._consents = consents
        self._sealer = sealer
        self._clock = clock

    def export(self, tenant: str, phone: PhoneNumber) -> Mapping[str, object]:
        """All that is kept, unsealed, for the person themself."""
        words = self._store.read([self._consents.row_of(phone)])[0]
        messages = []
        for kept in self._kept(phone):
            row = kept.row
            if row is None or row.get("tenant") != tenant:
                continue
            opened = self._sealer.open(str(row.get("sealed", "")))
            messages.append(
                {
                    "message_id": kept.ref.message_id,
                    "template": row["template"],
                    "channel": row["channel"],
                    "recipient": json.loads(opened) if opened else None,
                    "timeline": timeline(row),
                }
            )
        return {"consents": self._consents.export(words), "messages": messages}

    def erase(self, tenant: str, phone: PhoneNumber) -> int:
        """How many messages are forgotten. One that is not sent yet goes out no more. A closed
        consent stays closed. Raises IdempotencyInProgress if a message is on its way just now, or
        the person spoke meanwhile: ask again.
        """
        changes: list[RowChange] = []
        count = 0
        for kept in self._kept(phone):
            if kept.row is None:
                changes.append(RowChange(kept.listed, drops=True))
            elif kept.row.get("tenant") == tenant:
                phase = number_in(kept.row, "phase")
                if phase == CLAIMED:
                    raise IdempotencyInProgress
                still = (Require("phase", "==", phase),)
                changes.append(RowChange(kept.ref.key, requires=still, drops=True))
                changes.append(RowChange(kept.listed, drops=True))
                count += 1
        consent = self._store.read([self._consents.row_of(phone)])[0]
        changes.append(self._consents.erase(phone, consent))
        for start in range(0, len(changes), 2 * _PAGE):
            part = changes[start : start + 2 * _PAGE]
            if not all(self._store.apply(part)):
                raise IdempotencyInProgress
        log_event(PERSON_ERASED, phone=phone, tenant=tenant, messages=count)
        return count

    def _kept(self, phone: PhoneNumber) -> list[_Kept]:
        person = self._rows.person(phone)
        found: list[_Kept] = []
        start = "at:"
        while listed := self._ranges.scan(
            table=RECORDS, subject=person, start=start, end="at;", limit=_PAGE
        ):
            refs = [
                (key, ref)
                for key, row in listed
                if (ref := MessageRef.parse(str(row.get("message_id", ""))))
            ]
            rows = self._store.read([ref.key for _, ref in refs]) if refs else []
            found += [_Kept(key, ref, row) for (key, ref), row in zip(refs, rows, strict=True)]
            start = listed[-1][0].item + "\0"
        return found
