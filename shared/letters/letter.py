"""A dead letter as the functions write it, or as whatever else it is, fit to be shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone

from shared.errors import PhoneInvalid
from shared.observability.redaction import HIDDEN, redact_text
from shared.phone_parser import parse_phone

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, repr=False)
class Letter:
    """What died. at: UTC epoch ms, 0 if not known. queue: where it is to go back to, without
    the stage; empty if not known. body: as it was on that queue.
    """

    reason: str
    at: int
    queue: str
    template: str
    recipients: tuple[str, ...]
    body: str

    def people(self, limit: int) -> tuple[str, ...]:
        """The first recipients, fit to be shown."""
        return tuple(_masked(each) for each in self.recipients[:limit])

    def shown(self) -> str:
        """A line for people: no number in full, no content."""
        when = _time(self.at)
        people = ", ".join(self.people(3))
        more = f" and {len(self.recipients) - 3} more" if len(self.recipients) > 3 else ""
        words = (redact_text(word) or "-" for word in (self.reason, self.queue, self.template))
        return "  ".join([when, *words, people + more or "-"])


def read_letter(body: str) -> Letter:
    """The letter in a message's body; anything foreign has the reason `unknown`."""
    data = _json(body)
    if not (isinstance(data, dict) and isinstance(data.get("reason"), str) and "item" in data):
        return Letter(UNKNOWN, 0, "", "", (), body)
    item, at, queue = data["item"], data.get("at"), data.get("queue")
    content = _json(item) if isinstance(item, str) else item
    fields: Mapping[str, object] = content if isinstance(content, dict) else {}
    template = fields.get("template")
    return Letter(
        reason=data["reason"],
        at=at if isinstance(at, int) else 0,
        queue=queue if isinstance(queue, str) else "",
        template=template if isinstance(template, str) else "",
        recipients=_recipients(fields.get("recipients") or fields.get("to") or fields.get("phone")),
        body=item if isinstance(item, str) else json.dumps(item, ensure_ascii=False),
    )


def _recipients(to: object) -> tuple[str, ...]:
    if isinstance(to, dict):
        to = to.get("phone")
    each = to if isinstance(to, list) else [to]
    inner = (one.get("phone") if isinstance(one, dict) else one for one in each)
    return tuple(one for one in inner if isinstance(one, str))


def _masked(recipient: str) -> str:
    try:
        return parse_phone(recipient).masked
    except PhoneInvalid:
        return HIDDEN


def _time(at: int) -> str:
    if not at:
        return "-"
    try:
        return datetime.fromtimestamp(at / 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return "-"


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
