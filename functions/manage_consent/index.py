"""POST /v1/consents/...: what a person agreed to, wants, and may ask for."""

from __future__ import annotations

from shared import notification_wiring as wiring
from shared.fc.handler import HttpFunction

_function = HttpFunction("manage_consent", wiring.manage_consent)
initialize = _function.initialize
handler = _function.handler
