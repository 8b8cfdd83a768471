"""Codes by SMS: the template for a destination, and a retry policy that never sends twice.

What certainly did not happen is tried again while there is time. What may have happened is tried
again once, and only where the provider itself stops a second copy: it allows a mainland number one
code a minute, so its minute-level flow control after an unclear first try means that the first one
went out. Not so abroad, where a second try could be a second message: there unknown stays unknown.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shared.clock import Clock
from shared.observability.events import SMS_ATTEMPTED
from shared.observability.logs import log_event
from shared.phone import PhoneNumber
from shared.send_outcome import (
    RefusalKind,
    SendAccepted,
    SendOutcome,
    SendRefused,
    SendUnknown,
)
from shared.sms.codes import RETRY_AT_ONCE, is_minute_flow_control
from shared.sms.gateway import SmsGateway, SmsMessage

DEADLINE_MS = 5_000
"""No further try begins later than that; the last one has ended 3.5 s after it."""

_TRIES = 3
_BACKOFF_S = 0.2


@dataclass(frozen=True, slots=True)
class CodeSender:
    """Sends codes with the sign and the templates of this account.

    templates: purpose -> destination -> template code, where a destination is `domestic` or
    `international`, or one of them with a locale, such as `international:zh`.
    """

    gateway: SmsGateway
    sign_name: str
    templates: Mapping[str, Mapping[str, str]]
    clock: Clock
    sleep: Callable[[float], None] = time.sleep

    def reaches(self, *, phone: PhoneNumber, purpose: str) -> bool:
        """True if there is a template for that destination."""
        return self._template(phone, purpose, None) is not None

    def send_code(
        self, *, phone: PhoneNumber, purpose: str, code: str, locale: str | None, out_id: str
    ) -> SendOutcome:
        """How the send ended; never raises for a provider's failure."""
        template_code = self._template(phone, purpose, locale)
        if template_code is None:
            return SendRefused(RefusalKind.UNAVAILABLE, "no_template")
        message = SmsMessage(phone, self.sign_name, template_code, {"code": code}, out_id)
        started_ms = self.clock.now_ms()
        was_unclear = False
        outcome: SendOutcome = SendUnknown("not_tried")
        for tries in range(1, _TRIES + 1):
            outcome = self.gateway.send(message)
            elapsed_ms = self.clock.now_ms() - started_ms
            log_event(
                SMS_ATTEMPTED,
                phone=phone,
                country=phone.country,
                recipient_count=1,
                template=f"otp_{purpose}",
                template_code=template_code,
                outcome=type(outcome).__name__,
                provider_code=getattr(outcome, "code", "OK"),
                duration_ms=elapsed_ms,
            )
            if was_unclear:
                return _after_unclear(outcome)
            if elapsed_ms >= DEADLINE_MS or tries == _TRIES:
                return outcome
            if isinstance(outcome, SendUnknown):
                if not phone.is_mainland:
                    return outcome
                # The deadline is well inside the provider's minute: no second copy can go out.
                was_unclear = True
            elif isinstance(outcome, SendRefused) and RETRY_AT_ONCE.fullmatch(outcome.code):
                self.sleep(_BACKOFF_S * tries)
            else:
                return outcome
        return outcome

    def _template(self, phone: PhoneNumber, purpose: str, locale: str | None) -> str | None:
        group = "domestic" if phone.is_mainland else "international"
        templates = self.templates.get(purpose, {})
        language = (locale or "").partition("-")[0].lower()
        return templates.get(f"{group}:{language}") or templates.get(group)


def _after_unclear(second: SendOutcome) -> SendOutcome:
    """What a second try says about both. Only its refusal for other reasons leaves the first
    open.
    """
    if isinstance(second, SendAccepted):
        return second
    if is_minute_flow_control(second):
        return SendAccepted("")
    return SendUnknown("answer_lost")
