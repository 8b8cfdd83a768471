"""GET /v1/openapi.json: what this API is; 404 for what it is not."""

from __future__ import annotations

from shared import wiring
from shared.fc.handler import HttpFunction

_function = HttpFunction("describe_api", wiring.describe_api)
initialize = _function.initialize
handler = _function.handler
