from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.localcloud.gateway.served import Serve, Served


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts a gateway; stops it after the test."""
    running: list[Served] = []

    def start(**options: object) -> Served:
        running.append(Served(tmp_path, **options))
        return running[-1]

    yield start
    for served in running:
        served.close()
