"""The follow-up queue: another channel, or the tenant's webhook."""

from __future__ import annotations

from shared import notification_wiring as wiring
from shared.fc.batch_handler import BatchFunction

_function = BatchFunction("follow_message", wiring.follow_message)
initialize = _function.initialize
handler = _function.handler
