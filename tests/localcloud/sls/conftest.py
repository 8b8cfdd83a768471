"""The fixtures of the log service's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.localcloud.sls.running import RunningSls
from tests.sdk_sessions import close_kept_sessions


@pytest.fixture(autouse=True)
def _no_kept_sessions() -> Iterator[None]:
    yield
    close_kept_sessions()


@pytest.fixture
def start() -> Iterator[Callable[..., RunningSls]]:
    """Start a log service, with a data folder if it is to outlive a restart."""
    running: list[RunningSls] = []

    def begin(data: Path | None = None) -> RunningSls:
        running.append(RunningSls(data))
        return running[-1]

    yield begin
    for one in running:
        one.stop()


@pytest.fixture
def sls(start: Callable[..., RunningSls]) -> RunningSls:
    """A log service that keeps nothing."""
    return start()
