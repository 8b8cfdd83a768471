"""The work queue: messages go out, each once."""

from __future__ import annotations

from shared import notification_wiring as wiring
from shared.fc.batch_handler import BatchFunction

_function = BatchFunction("dispatch_notification", wiring.dispatch_notification)
initialize = _function.initialize
handler = _function.handler
