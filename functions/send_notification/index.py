"""POST /v1/notifications: something happened, and people are to be told."""

from __future__ import annotations

from shared import notification_wiring as wiring
from shared.fc.handler import HttpFunction

_function = HttpFunction("send_notification", wiring.send_notification)
initialize = _function.initialize
handler = _function.handler
