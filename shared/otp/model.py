"""What goes into and comes out of the two use cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.errors import Quota
from shared.phone import PhoneNumber
from shared.send_facts import SendFacts

Context = Mapping[str, str | int | float | bool]


@dataclass(frozen=True, slots=True)
class OtpRequest:
    """A wish for a code, or, with `challenge_id`, for the same code again.

    client_ip, device_id: of the person's device, where the caller knows them. source_ip: where the
    request itself came from, of a person's own app: then it is the address that counts.
    context: bound to the code, so that it verifies for nothing else.
    """

    tenant: str
    phone: PhoneNumber
    purpose: str
    challenge_id: str | None = None
    locale: str | None = None
    client_ip: str | None = None
    device_id: str | None = None
    context: Context = field(default_factory=dict)
    idempotency_key: str | None = None
    source_ip: str | None = None

    @property
    def facts(self) -> SendFacts:
        """What limits and rules look at."""
        return SendFacts(
            self.tenant, self.phone, self.purpose, self.source_ip or self.client_ip, self.device_id
        )


@dataclass(frozen=True, slots=True)
class OtpIssued:
    """A code that is under way. expires_at: UTC epoch s; is_confirmed: the provider said yes."""

    challenge_id: str
    expires_at: int
    expires_in_s: int
    resend_after_s: int
    code_length: int
    quota: Quota | None = None
    is_confirmed: bool = True
    is_replay: bool = False


@dataclass(frozen=True, slots=True)
class OtpGuess:
    """A code that someone typed for a challenge."""

    tenant: str
    challenge_id: str
    code: str
    context: Context = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OtpVerified:
    """The right code, for the first time. phone: the one that the code was sent to."""

    challenge_id: str
    purpose: str
    phone: PhoneNumber
