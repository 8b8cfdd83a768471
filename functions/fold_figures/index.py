"""Every minute: what was counted becomes the totals that pages read."""

from __future__ import annotations

from shared import rollup_wiring as wiring
from shared.fc.batch_handler import TimerFunction

_function = TimerFunction("fold_figures", wiring.fold_figures)
initialize = _function.initialize
handler = _function.handler
