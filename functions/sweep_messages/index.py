"""Every five minutes: no message is left without an end."""

from __future__ import annotations

from shared import notification_wiring as wiring
from shared.fc.batch_handler import TimerFunction

_function = TimerFunction("sweep_messages", wiring.sweep_messages)
initialize = _function.initialize
handler = _function.handler
