"""An STS on loopback in a thread of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.sts.service import StsService
from tests.background import Background


@dataclass
class RunningSts:
    """A cloud and the address of its STS."""

    cloud: Cloud
    endpoint: str


@pytest.fixture
def sts() -> Iterator[RunningSts]:
    cloud = Cloud()
    service = StsService(cloud)
    background = Background()
    server = background.serve(service, cloud)
    yield RunningSts(cloud, server.endpoint)
    background.run(server.stop())
    background.close()
    service.close()
