"""All triggers of a cloud that are not HTTP, started and stopped as one."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.eventbridge.cloudevents import Place
from infra.localcloud.eventbridge.delivery import Deliveries, ensure_queue
from infra.localcloud.eventbridge.rules import read_rules
from infra.localcloud.eventbridge.streams import Stream
from infra.localcloud.eventbridge.timers import Timers
from infra.localcloud.eventbridge.topics import EventBus, Topics
from infra.localcloud.eventbridge.workers import Workers
from infra.localcloud.fc.asynchronous import (
    AsyncInvoker,
    AsyncRules,
    Backoff,
    exponential_backoff,
)
from infra.localcloud.fc.runtime import FunctionRuntime
from infra.localcloud.smq.store import QueueStore
from infra.serverless_devs import FunctionSpec


class Triggers:
    """Runs what `functions` ask for. Call `stop` before the runtime's."""

    def __init__(
        self,
        cloud: Cloud,
        runtime: FunctionRuntime,
        functions: Sequence[FunctionSpec],
        queues: QueueStore,
        *,
        account_id: str,
        region: str,
        draw: Callable[[], float] = random.random,
        backoff: Backoff = exponential_backoff,
        rules: AsyncRules | None = None,
    ) -> None:
        """draw: a number from 0 to 1. backoff: waits before an asynchronous invocation is tried
        again. rules: what becomes of those, `functions`' own if not given. Raises TriggerInvalid
        for a trigger that cannot be run.
        """
        self._clock = cloud.clock
        self._queues = queues
        self._rules = read_rules(functions)
        self._place = Place(account_id, region)
        self._workers = Workers()
        self._invoker = AsyncInvoker(runtime, functions, backoff=backoff, rules=rules)
        self._deliveries = Deliveries(
            clock=cloud.clock,
            runtime=runtime,
            invoker=self._invoker,
            queues=queues,
            draw=draw,
        )
        self._bus = EventBus(
            self._rules.bus,
            deliveries=self._deliveries,
            clock=cloud.clock,
            place=self._place,
            spawn=self._workers.add,
        )
        self._topics = Topics(
            self._rules.topics, invoker=self._invoker, clock=cloud.clock, place=self._place
        )
        self._streams: list[Stream] = []
        self._timers: Timers | None = None

    async def start(self) -> None:
        """Have the queues, and begin. Timers count from now."""
        for target in (*self._rules.bus, *(rule.target for rule in self._rules.streams)):
            if target.dead_letter_queue:
                # a convenience: the platform wants it made beforehand (inferred)
                ensure_queue(self._queues, target.dead_letter_queue)
        self._streams = [
            Stream(
                rule,
                queues=self._queues,
                deliveries=self._deliveries,
                clock=self._clock,
                place=self._place,
            )
            for rule in self._rules.streams
        ]
        for stream in self._streams:
            stream.start()
        self._timers = Timers(self._rules.timers, clock=self._clock, invoker=self._invoker)
        self._workers.add(self._timers.run())

    async def stop(self) -> None:
        """Give up all that is under way; messages in work go back to their queues."""
        self._timers = None
        streams, self._streams = self._streams, []
        await asyncio.gather(*(stream.stop() for stream in streams))
        await self._workers.stop()
        await self._invoker.stop()

    async def reset(self) -> None:
        """Stop, and start as if nothing had been."""
        await self.stop()
        await self.start()

    async def catch_up(self, *, limit_s: float) -> None:
        """Have the functions called whose time has come, and wait until they have ended, but no
        longer than that.
        """
        if self._timers is not None:
            await self._timers.catch_up(limit_s=limit_s)

    def publish_event(self, event: Mapping[str, object]) -> int:
        """Put a CloudEvent on the default bus; the number of triggers that it matches."""
        return self._bus.publish(event)

    def publish_topic(
        self, topic: str, message: str, attributes: Mapping[str, str], *, tag: str = ""
    ) -> int:
        """Publish to a topic; the number of functions that are called."""
        return self._topics.publish(topic, message, attributes, tag=tag)
