"""Every test of the local cloud talks to loopback alone."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _no_proxies(no_proxies: None) -> None:
    """Without asking for it: even the tests that start a cloud in a process of its own."""
