"""A message on its way out of one channel, as every channel takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from shared.phone import PhoneNumber
from shared.send_outcome import SendOutcome
from shared.template import Template


@dataclass(frozen=True, slots=True, repr=False)
class Outgoing:
    """One message to one recipient.

    out_id: the notification's id, which the provider echoes in receipts; all recipients of one
    notification share it. message_id: the recipient's own. trace: what its item brought along
    (observability/trace.py).
    """

    message_id: str
    out_id: str
    tenant: str
    template: Template
    params: Mapping[str, str]
    phone: PhoneNumber | None
    email: str | None = None
    locale: str | None = None
    trace: Mapping[str, str] = field(default_factory=dict)


class Channel(Protocol):
    """A way to a recipient."""

    def send(self, messages: Sequence[Outgoing]) -> list[SendOutcome]:
        """How each send ended, in order; never raises for a provider's or a network's failure."""
