"""An event loop in a thread of its own: servers run in it while a test blocks on a client."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import TypeVar

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.wire import WireServer, WireService

Result = TypeVar("Result")


class Background:
    """A running loop. Close it at the end."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[object, object, Result]) -> Result:
        """Do `work` in the loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=20)

    def serve(self, service: WireService, cloud: Cloud) -> WireServer:
        """A started server of `service`, made in the loop, as aiohttp demands."""

        async def start() -> WireServer:
            return await WireServer(service, cloud).start()

        return self.run(start())

    def close(self) -> None:
        """End the loop and its thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
