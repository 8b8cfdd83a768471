"""An event loop in a thread of its own, in which a cloud runs while a test blocks on a client."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import TypeVar

Result = TypeVar("Result")
START_LIMIT_S = 60


class LoopThread:
    """The loop, from enter to exit."""

    def __enter__(self) -> LoopThread:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="localcloud", daemon=True
        )
        self._thread.start()
        return self

    def run(self, work: Coroutine[object, object, Result]) -> Result:
        """Do `work` in the loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(START_LIMIT_S)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
