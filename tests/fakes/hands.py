"""What use cases are handed in tests: a clock that is advanced, and a provider that is scripted."""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.phone import PhoneNumber
from shared.send_outcome import SendAccepted, SendOutcome
from shared.sms.gateway import SmsMessage


class HandClock:
    """Stands still until it is moved."""

    def __init__(self, now_ms: int = 1_800_000_000_000) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        return self._now_ms

    def advance(self, seconds: float) -> None:
        self._now_ms += int(seconds * 1000)


@dataclass
class RecordingSender:
    """Implements CodeSender: keeps what was sent; `outcomes` are used up first."""

    sent: list[tuple[PhoneNumber, str]] = field(default_factory=list)
    outcomes: list[SendOutcome] = field(default_factory=list)
    has_template: bool = True

    def reaches(self, *, phone: PhoneNumber, purpose: str) -> bool:
        return self.has_template

    def send_code(
        self, *, phone: PhoneNumber, purpose: str, code: str, locale: str | None, out_id: str
    ) -> SendOutcome:
        outcome = self.outcomes.pop(0) if self.outcomes else SendAccepted("biz-1")
        if isinstance(outcome, SendAccepted):
            self.sent.append((phone, code))
        return outcome

    @property
    def last_code(self) -> str:
        return self.sent[-1][1]


@dataclass
class ScriptedGateway:
    """Implements SmsGateway: answers from a script, then accepts."""

    outcomes: list[SendOutcome] = field(default_factory=list)
    sent: list[SmsMessage] = field(default_factory=list)

    def send(self, message: SmsMessage) -> SendOutcome:
        self.sent.append(message)
        return self.outcomes.pop(0) if self.outcomes else SendAccepted("biz-1")
