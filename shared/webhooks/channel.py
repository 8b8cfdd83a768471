"""Messages by webhook: a tenant that pushes to its own apps gets the message, not its recipient.

No time in the body, as the headers have it: so a repetition is the same to the byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.observability.trace import continued
from shared.outgoing import Outgoing
from shared.send_outcome import SendOutcome
from shared.webhooks.sender import WebhookSender

EVENT_TYPE = "notification.push"


@dataclass(frozen=True, slots=True)
class WebhookChannel:
    """Implements Channel. The tenant knows its recipient by the message's id."""

    sender: WebhookSender

    def send(self, messages: Sequence[Outgoing]) -> list[SendOutcome]:
        """How each post ended, in order."""
        return [self._send(message) for message in messages]

    def _send(self, message: Outgoing) -> SendOutcome:
        data = {
            "message_id": message.message_id,
            "template": message.template.name,
            "params": dict(message.params),
            "locale": message.locale,
        }
        with continued(message.trace):
            return self.sender.post(
                message.tenant,
                event_id=message.message_id,
                body={"type": EVENT_TYPE, "data": data},
            )
