"""The time, as an argument."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time in UTC epoch milliseconds."""

    def now_ms(self) -> int:
        """Now, in milliseconds since 1970."""


class SystemClock:
    """The host's clock."""

    def now_ms(self) -> int:
        """Now, in milliseconds since 1970."""
        return time.time_ns() // 1_000_000
