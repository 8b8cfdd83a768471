"""An STS on loopback in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from infra.localcloud.cloud import Cloud
from infra.localcloud.sts.service import StsService
from infra.localcloud.wire import WireServer


@dataclass
class RunningSts:
    """A cloud and the address of its STS."""

    cloud: Cloud
    endpoint: str


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningSts]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    cloud = Cloud()
    service = StsService(cloud)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def serve() -> WireServer:
        return await WireServer(service, cloud).start()

    server = asyncio.run_coroutine_threadsafe(serve(), loop).result(10)
    yield RunningSts(cloud, server.endpoint)
    asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()
    service.close()
