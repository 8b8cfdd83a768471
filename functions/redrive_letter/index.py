"""POST /console/letters/redrive: a dead letter goes back to its queue."""

from __future__ import annotations

from shared import console_wiring as wiring
from shared.fc.handler import HttpFunction

_function = HttpFunction("redrive_letter", wiring.redrive_letter)
initialize = _function.initialize
handler = _function.handler
