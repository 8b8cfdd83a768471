"""/v1/messages: what became of a message, whose messages, and calling one off."""

from __future__ import annotations

from shared import notification_wiring as wiring
from shared.fc.handler import HttpFunction

_function = HttpFunction("track_message", wiring.track_message)
initialize = _function.initialize
handler = _function.handler
