"""The contract of a notification, one for HTTP and for events, and how it becomes a value.

Version 1. An event says its version; over HTTP the path does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema

from shared.api.json_body import Body
from shared.api.text import Text
from shared.errors import FieldProblem, PhoneInvalid, SesameError
from shared.notifications.model import Notification, Recipient
from shared.phone import PhoneNumber

MAX_RECIPIENTS = 1000
MAX_BODY_BYTES = 512 * 1024


def _as_list(value: object) -> object:
    given = value if isinstance(value, list) else [value]
    return [{"phone": each} if isinstance(each, str) else each for each in given]


def _epoch_ms(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**40:
        return value * 1000
    if isinstance(value, str) and len(value) <= 40:
        try:
            at = datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            at = None
        if at is not None and at.tzinfo is not None and math.isfinite(at.timestamp()):
            return int(at.timestamp() * 1000)
    raise ValueError("not UTC epoch seconds, nor an RFC 3339 time with its offset")


Params: TypeAlias = Annotated[
    dict[
        Annotated[Text, Field(min_length=1, max_length=64)], Annotated[Text, Field(max_length=500)]
    ],
    Field(max_length=20),
]


class RecipientBody(Body):
    """Who is to be told. `params` are over those of the notification."""

    phone: Annotated[Text, Field(min_length=1, max_length=64)]
    email: (
        Annotated[str, Field(max_length=254, pattern=r"^[^@\s,;<>\x00-\x1f]+@[A-Za-z0-9.-]+$")]
        | None
    ) = None
    locale: Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] | None = None
    time_zone: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_+/-]+$")] | None = None
    params: Params = Field(default_factory=dict)


_ONE_OR_MANY = {
    "description": "A number, a recipient, or a list of either",
    "oneOf": [
        {"type": "string", "examples": ["+8613800138000"]},
        {"$ref": "#/components/schemas/RecipientBody"},
        {
            "type": "array",
            "minItems": 1,
            "maxItems": MAX_RECIPIENTS,
            "items": {
                "oneOf": [{"type": "string"}, {"$ref": "#/components/schemas/RecipientBody"}]
            },
        },
    ],
}


class NotificationBody(Body):
    """What happened, and who is to be told."""

    to: Annotated[
        list[RecipientBody],
        BeforeValidator(_as_list),
        Field(min_length=1, max_length=MAX_RECIPIENTS),
        WithJsonSchema(_ONE_OR_MANY),
    ]
    template: Annotated[Text, Field(min_length=1, max_length=64, examples=["ship_update"])]
    params: Params = Field(default_factory=dict)
    dedupe_key: Annotated[Text, Field(min_length=1, max_length=255)] | None = None
    send_at: (
        Annotated[
            int,
            PlainValidator(_epoch_ms),
            WithJsonSchema(
                {
                    "oneOf": [{"type": "integer"}, {"type": "string", "format": "date-time"}],
                    "description": "UTC epoch seconds, or RFC 3339; at most 90 days ahead",
                }
            ),
        ]
        | None
    ) = None
    channels: Annotated[list[Text], Field(min_length=1, max_length=3)] | None = None


class NotificationEventBody(NotificationBody):
    """The same as an event, from a source that names its tenant."""

    version: Annotated[int, Field(ge=1, le=1)]
    tenant: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A recipient that cannot be told: its place in the list, and why."""

    index: int
    error: SesameError

    def as_json(self) -> dict[str, object]:
        """For the answer; the number itself is not repeated."""
        return {
            "index": self.index,
            "code": self.error.code,
            "reason": "; ".join(problem.reason for problem in getattr(self.error, "problems", ())),
        }


def notification_of(
    body: NotificationBody,
    *,
    tenant: str,
    parse_phone: Callable[[str], PhoneNumber],
    dedupe_key: str | None = None,
) -> tuple[Notification, Sequence[Rejected]]:
    """The notification for the recipients that have a number, and those that have none.

    Raises PhoneInvalid if nobody is left.
    """
    recipients: list[Recipient] = []
    rejected: list[Rejected] = []
    for index, each in enumerate(body.to):
        try:
            phone = parse_phone(each.phone)
        except PhoneInvalid as error:
            rejected.append(Rejected(index, error))
            continue
        recipients.append(
            Recipient(phone, each.email, each.locale, each.time_zone, dict(each.params))
        )
    if not recipients:
        problems: list[FieldProblem] = [
            problem for each in rejected for problem in getattr(each.error, "problems", ())
        ]
        raise PhoneInvalid(*problems[:20])
    return (
        Notification(
            tenant=tenant,
            template=body.template,
            params=dict(body.params),
            recipients=tuple(recipients),
            dedupe_key=body.dedupe_key or dedupe_key,
            send_at_ms=body.send_at,
            channels=tuple(body.channels) if body.channels else None,
        ),
        rejected,
    )


def json_schema_models() -> list[type[Any]]:  # Any: pydantic's models of several types
    """The models that the API's description shows."""
    return [NotificationBody, RecipientBody]
