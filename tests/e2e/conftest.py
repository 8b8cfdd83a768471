"""One local cloud for all end-to-end tests: each test takes phones of its own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from infra.background_cloud import BackgroundCloud

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackgroundCloud]:
    cloud = BackgroundCloud(tmp_path_factory.mktemp("cloud"))
    cloud.start()
    yield cloud
    cloud.stop()


@pytest.fixture
def cloud(_running: BackgroundCloud) -> Iterator[BackgroundCloud]:
    """The running cloud with no faults waiting and an empty meter."""
    _running.control("DELETE", "/faults")
    _running.control("DELETE", "/meter")
    yield _running
    _running.control("DELETE", "/faults")


@pytest.fixture
def new_phone() -> Callable[[], str]:
    """Gives mainland numbers that no other test of this run uses."""
    return lambda: f"+86139{next(_numbers):08d}"
