"""Events from queues, topics and buses become notifications."""

from __future__ import annotations

from shared import notification_wiring as wiring
from shared.fc.batch_handler import BatchFunction

_function = BatchFunction("receive_event", wiring.receive_event)
initialize = _function.initialize
handler = _function.handler
