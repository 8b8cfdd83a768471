"""One push of EventBridge to a function: tried, tried again, and given up as its target says."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence

from infra.localcloud.core.clock import CloudClock
from infra.localcloud.eventbridge.rules import Retry, Target
from infra.localcloud.eventbridge.workers import let_pass
from infra.localcloud.fc.asynchronous import AsyncInvoker
from infra.localcloud.fc.launch import LaunchFailed
from infra.localcloud.fc.runtime import FunctionRuntime
from infra.localcloud.smq.errors import SmqRefused
from infra.localcloud.smq.store import Draft, QueueAttributes, QueueStore

log = logging.getLogger("localcloud.eventbridge")


class Deliveries:
    """Pushes to functions. draw: a number from 0 to 1, for the waits that are random."""

    def __init__(
        self,
        *,
        clock: CloudClock,
        runtime: FunctionRuntime,
        invoker: AsyncInvoker,
        queues: QueueStore,
        draw: Callable[[], float],
    ) -> None:
        self._clock = clock
        self._runtime = runtime
        self._invoker = invoker
        self._queues = queues
        self._draw = draw

    async def deliver(self, target: Target, event: bytes, bodies: Sequence[str]) -> None:
        """Return once the event is settled: handled, handed over to run later, or given up.

        bodies: what the dead-letter queue gets of it, a message each (inferred: the original
        body). A target that tolerates no error is tried until it succeeds. Raises RuntimeStopped.
        """
        if target.is_asynchronous:
            self._invoker.submit(target.function, event)
            return
        for wait_s in self._waits(target):
            await let_pass(self._clock, wait_s)
            if await self._succeeds(target.function, event):
                return
        self._give_up(target, bodies)

    def _waits(self, target: Target) -> Iterator[float]:
        wait_s = 0.0
        yield wait_s
        for wait_s in retry_waits(target.retry, self._draw):
            yield wait_s
        while target.tolerance == "NONE":
            yield wait_s

    async def _succeeds(self, function: str, event: bytes) -> bool:
        try:
            result = await self._runtime.invoke(function, event)
        except LaunchFailed as error:
            log.error("an event could not be pushed: %s", error)
            return False
        return result.error_type is None

    def _give_up(self, target: Target, bodies: Sequence[str]) -> None:
        queue = target.dead_letter_queue
        log.warning(
            "%s: trigger %s gave up %d events, %s",
            target.function,
            target.trigger,
            len(bodies),
            f"now in the queue {queue}" if queue else "now lost",
        )
        if queue:
            ensure_queue(self._queues, queue)
            self._queues.send(queue, [Draft(body) for body in bodies])


def retry_waits(retry: Retry, draw: Callable[[], float]) -> Iterator[float]:
    """The seconds before each further attempt: 3 of 10 to 20 s, or 176 that double up to 512 s and
    make a day.
    """
    match retry:
        case "BACKOFF_RETRY":
            yield from (10 + 10 * draw() for _ in range(3))
        case "EXPONENTIAL_DECAY_RETRY":
            yield from (float(2 ** min(attempt, 9)) for attempt in range(176))


def ensure_queue(queues: QueueStore, name: str) -> None:
    """Have a queue of that name; one that is there stays as it is."""
    try:
        queues.create_queue(name, QueueAttributes())
    except SmqRefused as refused:
        if refused.code != "QueueAlreadyExist":
            raise
