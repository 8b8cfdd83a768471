"""POST /v1/otp/verify: the right code opens the door, once."""

from __future__ import annotations

from shared import wiring
from shared.fc.handler import HttpFunction

_function = HttpFunction("verify_otp", wiring.verify_otp)
initialize = _function.initialize
handler = _function.handler
