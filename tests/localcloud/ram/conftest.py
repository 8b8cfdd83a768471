"""Clouds with RAM, for tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.localcloud.ram.ram_cloud import RamCloud, Start
from tests.sdk_sessions import close_kept_sessions


@pytest.fixture(autouse=True)
def _no_kept_sessions() -> Iterator[None]:
    yield
    close_kept_sessions()


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a cloud; with a data folder if it is to outlive a restart."""
    running: list[RamCloud] = []

    def begin(*arguments: object, **options: object) -> RamCloud:
        running.append(RamCloud(*arguments, **options))
        return running[-1]

    yield begin
    for one in running:
        one.stop()


@pytest.fixture
def cloud(start: Start) -> RamCloud:
    """A cloud that keeps nothing."""
    return start()
