"""The port to the provider of e-mail: one message, one try."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from shared.send_outcome import SendOutcome


@dataclass(frozen=True, slots=True, repr=False)
class EmailMessage:
    """A message of plain text to one address."""

    address: str
    subject: str
    text: str


class EmailGateway(Protocol):
    """Sends single messages."""

    def send(self, message: EmailMessage) -> SendOutcome:
        """How one try ended; never raises for a provider's or a network's failure."""
