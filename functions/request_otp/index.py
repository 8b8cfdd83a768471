"""POST /v1/otp: a code goes to a phone."""

from __future__ import annotations

from shared import wiring
from shared.fc.handler import HttpFunction

_function = HttpFunction("request_otp", wiring.request_otp)
initialize = _function.initialize
handler = _function.handler
