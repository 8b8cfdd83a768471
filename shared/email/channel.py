"""Messages by e-mail: the template's own texts, filled in here, as the provider has no template."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.email.gateway import EmailGateway, EmailMessage
from shared.outgoing import Outgoing
from shared.send_outcome import RefusalKind, SendOutcome, SendRefused

SUBJECT_LIMIT = 100
"""Characters that the provider takes."""

_VARIABLE = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class EmailChannel:
    """Implements Channel."""

    gateway: EmailGateway

    def send(self, messages: Sequence[Outgoing]) -> list[SendOutcome]:
        """How each send ended, in order; one try each. After a refusal of the account none of the
        rest is sent: they get the same.
        """
        outcomes: list[SendOutcome] = []
        account: SendRefused | None = None
        for message in messages:
            outcome = account or self._send(message)
            if isinstance(outcome, SendRefused) and outcome.kind is RefusalKind.ACCOUNT:
                account = outcome
            outcomes.append(outcome)
        return outcomes

    def _send(self, message: Outgoing) -> SendOutcome:
        if not message.email:
            return SendRefused(RefusalKind.NUMBER, "no_address")
        is_mainland = message.phone is not None and message.phone.is_mainland
        content = message.template.content(message.locale, is_mainland=is_mainland)
        if not (content.email_subject and content.email_text):
            return SendRefused(RefusalKind.UNAVAILABLE, "no_template")
        # A subject is one line, whatever a value holds.
        subject = " ".join(_fill(content.email_subject, message.params).split())
        text = _fill(content.email_text, message.params)
        return self.gateway.send(EmailMessage(message.email, subject[:SUBJECT_LIMIT], text))


def _fill(text: str, params: Mapping[str, str]) -> str:
    """`text` with its variables' values, once: what looks like a variable in a value stays."""
    return _VARIABLE.sub(lambda match: params.get(match[1], match[0]), text)
