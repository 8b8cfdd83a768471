"""Waiting for what another thread or process does, by its condition instead of by its time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object], *, timeout_s: float = 20) -> None:
    """Return once the condition holds; fail after `timeout_s`."""
    deadline_s = time.monotonic() + timeout_s
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline_s, "the condition never came to hold"
        pause.wait(0.01)
