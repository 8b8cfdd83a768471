"""Asynchronous invocation: accepted at once, run later, tried again after an error.

Function Compute does not retry a synchronous invocation; an asynchronous one is tried again up to
`maxAsyncRetryAttempts` times. Destinations (`onFailure`) are not carried out.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from infra.localcloud.fc.launch import LaunchFailed
from infra.localcloud.fc.runtime import FunctionRuntime, RuntimeStopped
from infra.serverless_devs import FunctionSpec

log = logging.getLogger("localcloud.fc")

Backoff = Callable[[int], Awaitable[None]]


async def exponential_backoff(attempt: int) -> None:
    """Wait 1, 2, 4 ... s before attempt 1, 2, 3 (inferred: the vendor names no intervals)."""
    await asyncio.sleep(2 ** (attempt - 1))


class AsyncInvoker:
    """Takes asynchronous invocations and sees each to its end. Call `stop` at the end."""

    def __init__(
        self,
        runtime: FunctionRuntime,
        functions: Sequence[FunctionSpec],
        *,
        backoff: Backoff = exponential_backoff,
    ) -> None:
        self._runtime = runtime
        self._retries = {spec.name: spec.async_retries for spec in functions}
        self._backoff = backoff
        self._tasks: set[asyncio.Task[None]] = set()

    def submit(self, function_name: str, event: bytes, *, request_id: str | None = None) -> str:
        """Accept an invocation; its request id, which all of its attempts bear."""
        request_id = request_id or self._runtime.new_request_id()
        task = asyncio.create_task(self._see_through(function_name, event, request_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return request_id

    async def settle(self) -> None:
        """Wait until all that was accepted has ended."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def stop(self) -> None:
        """Give up what has not ended."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _see_through(self, function_name: str, event: bytes, request_id: str) -> None:
        for attempt in range(self._retries.get(function_name, 0) + 1):
            if attempt:
                await self._backoff(attempt)
            try:
                result = await self._runtime.invoke(
                    function_name, event, request_id=request_id, invocation_type="async"
                )
            except RuntimeStopped:
                return
            except LaunchFailed as error:
                log.error("an asynchronous invocation was given up: %s", error)
                return
            if result.error_type is None:
                return
