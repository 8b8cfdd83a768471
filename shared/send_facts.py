"""What is known of a send before it happens: all that a limit or a rule may look at."""

from __future__ import annotations

from dataclasses import dataclass

from shared.phone import PhoneNumber

PREFIX_TAIL = 4
"""Digits of a number that are not part of its prefix: a prefix is a block of 10,000 numbers."""


@dataclass(frozen=True, slots=True, repr=False)
class SendFacts:
    """A wish to send a code. client_ip, device_id: of the person's device, where they are known."""

    tenant: str
    phone: PhoneNumber
    purpose: str
    client_ip: str | None = None
    device_id: str | None = None

    @property
    def prefix(self) -> str:
        """The block of numbers that the phone is in, with its `+`."""
        return self.phone.e164[:-PREFIX_TAIL]
