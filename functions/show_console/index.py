"""/console: pages in a browser, for who operates the service and who is asked about it."""

from __future__ import annotations

from shared import console_wiring as wiring
from shared.fc.handler import HttpFunction

_function = HttpFunction("show_console", wiring.show_console)
initialize = _function.initialize
handler = _function.handler
