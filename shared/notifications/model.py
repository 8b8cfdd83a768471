"""What a notification is, from the request to the phone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast, get_args

from shared.observability.trace import Carrier, carried, carrier_of
from shared.phone import PhoneNumber
from shared.template import ChannelName


@dataclass(frozen=True, slots=True, repr=False)
class Recipient:
    """Who is to be told. params: this recipient's own, over those of the notification."""

    phone: PhoneNumber
    email: str | None = None
    locale: str | None = None
    time_zone: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """For the queue, and, sealed, for the message's row."""
        return {
            "phone": self.phone.e164,
            "country": self.phone.country,
            "calling_code": self.phone.calling_code,
            **({"email": self.email} if self.email else {}),
            **({"locale": self.locale} if self.locale else {}),
            **({"time_zone": self.time_zone} if self.time_zone else {}),
            **({"params": dict(self.params)} if self.params else {}),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Recipient:
        """What as_json wrote. Raises KeyError, TypeError, ValueError for anything else."""
        params = data.get("params", {})
        if not isinstance(params, dict):
            raise TypeError("params")
        return cls(
            PhoneNumber(str(data["phone"]), str(data["country"]), int(str(data["calling_code"]))),
            email=_text(data.get("email")),
            locale=_text(data.get("locale")),
            time_zone=_text(data.get("time_zone")),
            params={str(name): str(value) for name, value in params.items()},
        )


@dataclass(frozen=True, slots=True, repr=False)
class Notification:
    """What a caller asks for. send_at_ms: UTC epoch ms, None for now.

    dedupe_key: the same key of the same tenant is the same notification.
    """

    tenant: str
    template: str
    params: Mapping[str, str]
    recipients: tuple[Recipient, ...]
    dedupe_key: str | None = None
    send_at_ms: int | None = None
    channels: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, repr=False)
class WorkItem:
    """Some recipients of one notification, as they travel on the queue.

    channel: the one to use now. fingerprint: what the message's row must hold, so that an old copy
    of an item cannot send for a newer notification with the same dedupe key.
    is_redriven: an operator put it back from the dead letters. trace: as it came; where it came
    from nowhere, `body` writes that of whoever makes it.
    """

    notification_id: str
    tenant: str
    template: str
    channel: ChannelName
    fingerprint: str
    recipients: tuple[Recipient, ...]
    attempt: int = 0
    accepted_ms: int = 0
    is_redriven: bool = False
    trace: Carrier = field(default_factory=dict)

    def body(self) -> str:
        """The item as text."""
        return json.dumps(
            {
                "kind": "dispatch",
                "version": 1,
                "id": self.notification_id,
                "tenant": self.tenant,
                "template": self.template,
                "channel": self.channel,
                "fingerprint": self.fingerprint,
                "attempt": self.attempt,
                "accepted_ms": self.accepted_ms,
                "is_redriven": self.is_redriven,
                **(self.trace or carried()),
                "recipients": [recipient.as_json() for recipient in self.recipients],
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )

    @classmethod
    def parse(cls, body: bytes) -> WorkItem:
        """What `body` wrote. Raises ValueError for anything else, with a text that quotes
        nothing.
        """
        try:
            data = json.loads(body)
            if data["kind"] != "dispatch" or data["version"] != 1:
                raise ValueError("kind")
            return cls(
                notification_id=_own_id(data["id"]),
                tenant=str(data["tenant"]),
                template=str(data["template"]),
                channel=channel_name(data["channel"]),
                fingerprint=str(data["fingerprint"]),
                recipients=tuple(Recipient.from_json(each) for each in data["recipients"]),
                attempt=int(data["attempt"]),
                accepted_ms=int(data["accepted_ms"]),
                is_redriven=data.get("is_redriven") is True,
                trace=carrier_of(data),
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise ValueError("not a work item of version 1") from None


def channel_name(value: object) -> ChannelName:
    """A channel's name. Raises ValueError for anything else."""
    for name in get_args(ChannelName):
        if value == name:
            return cast(ChannelName, name)
    raise ValueError("channel")


def _own_id(value: object) -> str:
    if not isinstance(value, str) or len(value) != 32 or not value.isalnum():
        raise ValueError("id")
    return value


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
