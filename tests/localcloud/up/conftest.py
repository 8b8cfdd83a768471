"""A small project, and whole clouds that run it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from infra.localcloud.run.up import RunningCloud, UpOptions, up
from tests.background import Background
from tests.localcloud.up.small import SmallProject


@dataclass
class Started:
    """A running cloud and a client for it."""

    running: RunningCloud
    http: httpx.Client
    stop: Callable[[], None]

    @property
    def gateway(self) -> str:
        return self.running.surroundings.endpoints.gateway

    @property
    def control(self) -> str:
        return self.running.control


class Starter:
    """Starts clouds, and stops those that a test leaves running."""

    def __init__(self, small: SmallProject, data: Path) -> None:
        self._background = Background()
        self._small = small
        self._options = UpOptions(port=0, data=data)
        self._open: list[Started] = []

    def __call__(self, **options: object) -> Started:
        """Start; `options` replace fields of UpOptions. Raises StartRefused."""
        asked = replace(self._options, **options)  # type: ignore[arg-type]
        context: AbstractAsyncContextManager[RunningCloud] = up(asked, self._small.project())
        running = self._background.run(context.__aenter__())
        http = httpx.Client(trust_env=False, timeout=15)

        def stop() -> None:
            self._open.remove(started)
            http.close()
            self._background.run(context.__aexit__(None, None, None))

        started = Started(running, http, stop)
        self._open.append(started)
        return started

    def close(self) -> None:
        for started in list(self._open):
            started.stop()
        self._background.close()


@pytest.fixture
def small(tmp_path: Path) -> SmallProject:
    return SmallProject(tmp_path / "project")


@pytest.fixture
def start(small: SmallProject, tmp_path: Path) -> Iterator[Starter]:
    starter = Starter(small, tmp_path / "data")
    yield starter
    starter.close()
