"""The ports to the provider: one call, one try; and what it tells afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

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


@dataclass(frozen=True, slots=True)
class SentDetail:
    """What the provider knows of one message that it took. Times in UTC epoch ms; 0: not known."""

    status: Literal["waiting", "failed", "delivered"]
    err_code: str
    sent_ms: int
    received_ms: int
    out_id: str


class SmsGateway(Protocol):
    """Sends single messages."""

    def send(self, message: SmsMessage) -> SendOutcome:
        """How one try ended; never raises for a provider's or a network's failure."""


class BatchGateway(SmsGateway, Protocol):
    """Sends many messages in one call as well."""

    def send_batch(self, messages: Sequence[SmsMessage]) -> SendOutcome:
        """How one try ended, for 1 to 100 messages of one template and one out_id: all or none
        (inferred: the provider answers one code for all); never raises for a failure.
        """


class SentLookup(Protocol):
    """Tells what became of messages."""

    def find(self, *, phone: PhoneNumber, day: date, out_id: str) -> list[SentDetail]:
        """What that number was sent under `out_id` on a day of Beijing, at most 30 days back.

        Raises ProviderUnavailable if the provider does not tell.
        """
