"""One local cloud for all that is thrown at the API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.background_cloud import BackgroundCloud


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackgroundCloud]:
    """A running cloud of this module's own."""
    running = BackgroundCloud(tmp_path_factory.mktemp("cloud"))
    running.start()
    yield running
    running.stop()
