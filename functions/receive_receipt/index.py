"""POST /v1/callbacks/...: the provider's receipts and people's replies."""

from __future__ import annotations

from shared import notification_wiring as wiring
from shared.fc.handler import HttpFunction

_function = HttpFunction("receive_receipt", wiring.receive_receipt)
initialize = _function.initialize
handler = _function.handler
