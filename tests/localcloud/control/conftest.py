"""A control plane over a small cloud, and an HTTP client to call it with."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from infra.localcloud.control.server import ControlPlane
from infra.localcloud.core.cloud import Cloud
from infra.localcloud.inbox.book import Inbox
from tests.background import Background
from tests.localcloud.control.controlled import Controlled


@pytest.fixture
def controlled() -> Iterator[Controlled]:
    background = Background()
    cloud = Cloud()
    inbox = Inbox(cloud)
    http = httpx.Client(trust_env=False)
    it = Controlled(cloud, inbox, http)

    async def reset() -> None:
        it.resets.append(cloud.clock.now_s())
        if it.reset_error:
            raise it.reset_error

    plane = ControlPlane(cloud, inbox, reset=reset, invocations=lambda: it.invocations)
    background.run(plane.start())
    http.base_url = plane.address
    yield it
    http.close()
    background.run(plane.stop())
    inbox.close()
    background.close()
