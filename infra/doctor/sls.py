"""Invocations that failed, by the log store of the stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from infra.foundation.settings import Settings
from infra.runbooks.__main__ import ask
from infra.watch.queries import QUERIES


class SlsFailures:
    """Implements Failures."""

    def __init__(self, settings: Settings, now_s: Callable[[], float]) -> None:
        self._settings = settings
        self._now_s = now_s

    def since(self, minutes: int) -> Mapping[str, int]:
        """GetLogsV2, with the query of the alert `functions`."""
        query, to_s = QUERIES["function_failures"], int(self._now_s()) + 1
        rows = ask(self._settings, query, to_s=to_s, minutes=minutes)
        return {row["name"]: int(row["failures"]) for row in rows}
