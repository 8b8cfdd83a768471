"""Tasks that run until they are stopped, and waits on a clock that may jump."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine

from infra.localcloud.core.clock import CloudClock
from infra.localcloud.fc.runtime import RuntimeStopped

log = logging.getLogger("localcloud.eventbridge")

CLOCK_POLL_S = 0.05


class Workers:
    """Background tasks. One that fails is logged with its stack and is not started again."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, work: Coroutine[object, object, None]) -> None:
        """Start `work`."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    async def stop(self) -> None:
        """Cancel all and wait until they have ended."""
        while self._tasks:
            tasks = list(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._tasks.difference_update(tasks)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, RuntimeStopped):
            log.error("a trigger has stopped", exc_info=error)


async def let_pass(clock: CloudClock, seconds: float) -> None:
    """Return once `seconds` have passed on the cloud's clock. A jump forward counts, one back does
    not.
    """
    passed_s, last_s = 0.0, clock.now_s()
    while passed_s < seconds:
        await asyncio.sleep(min(CLOCK_POLL_S, seconds - passed_s))
        now_s = clock.now_s()
        passed_s += max(now_s - last_s, 0)
        last_s = now_s
