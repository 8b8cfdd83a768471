"""The port to the provider: one message, one try."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from shared.phone import PhoneNumber
from shared.send_outcome import SendOutcome


@dataclass(frozen=True, slots=True, repr=False)
class SmsMessage:
    """A message by template. `out_id` is ours; the provider only echoes it in receipts."""

    phone: PhoneNumber
    sign_name: str
    template_code: str
    params: Mapping[str, str]
    out_id: str


class SmsGateway(Protocol):
    """Sends single messages."""

    def send(self, message: SmsMessage) -> SendOutcome:
        """How one try ended; never raises for a provider's or a network's failure."""
