"""The functions that run now, with their triggers: each can be added, replaced and removed while
the others run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.eventbridge.triggers import Triggers
from infra.localcloud.fc.asynchronous import (
    AsyncInvoker,
    AsyncRule,
    AsyncRules,
    Backoff,
    exponential_backoff,
)
from infra.localcloud.fc.runtime import FunctionRuntime, OnEnded
from infra.localcloud.fcapi.destinations import Destinations
from infra.localcloud.fcapi.doors import Doors
from infra.localcloud.fcapi.specs import Home
from infra.localcloud.smq.store import QueueStore
from infra.serverless_devs import FunctionSpec


class LiveTriggers:
    """The triggers of all functions, a set for each."""

    def __init__(self, make: Callable[[FunctionSpec], Triggers]) -> None:
        self._make = make
        self._sets: dict[str, Triggers] = {}
        self._is_running = False

    async def put(self, spec: FunctionSpec) -> None:
        """Have the function's triggers, in place of those it had. Raises TriggerInvalid."""
        triggers = self._make(spec)
        await self.remove(spec.name)
        self._sets[spec.name] = triggers
        if self._is_running:
            await triggers.start()

    async def remove(self, function_name: str) -> None:
        """Stop the function's triggers, if it has any."""
        triggers = self._sets.pop(function_name, None)
        if triggers is not None and self._is_running:
            await triggers.stop()

    async def start(self) -> None:
        """Begin. Timers count from now."""
        self._is_running = True
        for triggers in self._sets.values():
            await triggers.start()

    async def stop(self) -> None:
        """Give up all that is under way; messages in work go back to their queues."""
        self._is_running = False
        await asyncio.gather(*(triggers.stop() for triggers in self._sets.values()))

    async def catch_up(self, *, limit_s: float) -> None:
        """Have the functions called whose time has come, and wait until they have ended, but no
        longer than that.
        """
        waits = [triggers.catch_up(limit_s=limit_s) for triggers in self._sets.values()]
        await asyncio.gather(*waits)

    def publish_event(self, event: Mapping[str, object]) -> int:
        """Put a CloudEvent on the default bus; the number of triggers that it matches."""
        return sum(triggers.publish_event(event) for triggers in self._sets.values())

    def publish_topic(
        self, topic: str, message: str, attributes: Mapping[str, str], *, tag: str = ""
    ) -> int:
        """Publish to a topic; the number of functions that are called."""
        return sum(
            triggers.publish_topic(topic, message, attributes, tag=tag)
            for triggers in self._sets.values()
        )


class LiveFunctions:
    """The runtime and all that calls it. Stop `triggers` before the rest."""

    def __init__(
        self,
        cloud: Cloud,
        *,
        queues: QueueStore,
        home: Home,
        max_instances: int = 4,
        backoff: Backoff = exponential_backoff,
        ended: OnEnded = lambda spec, result: None,
    ) -> None:
        """queues: where queue triggers and destinations find their queues. backoff: waits before
        an asynchronous invocation is tried again. ended: told of every invocation that has ended.
        """
        self.home = home
        self.runtime = FunctionRuntime(
            cloud,
            (),
            account_id=home.account_id,
            region=home.region,
            max_instances=max_instances,
            ended=ended,
        )
        self.rules = AsyncRules()
        self.invoker = AsyncInvoker(self.runtime, (), backoff=backoff, rules=self.rules)
        self.triggers = LiveTriggers(
            lambda spec: Triggers(
                cloud,
                self.runtime,
                [spec],
                queues,
                account_id=home.account_id,
                region=home.region,
                backoff=backoff,
                rules=self.rules,
            )
        )
        self.rules.tell = Destinations(
            home=home,
            queues=queues,
            publish=self.triggers.publish_topic,
            submit=self.invoker.submit,
        ).tell
        self.doors = Doors()

    async def deploy(self, spec: FunctionSpec, rule: AsyncRule | None) -> None:
        """Run the function, in place of the one of its name; no rule means the platform's own.

        Raises TriggerInvalid before anything has changed.
        """
        await self.triggers.put(spec)
        await self.runtime.deploy(spec)
        if rule is None:
            self.rules.remove(spec.name)
        else:
            self.rules.put(spec.name, rule)

    async def remove(self, function_name: str) -> None:
        """Run the function no more."""
        await self.triggers.remove(function_name)
        await self.runtime.remove(function_name)
        self.rules.remove(function_name)

    async def stop(self) -> None:
        """End all that is under way."""
        await self.triggers.stop()
        await self.invoker.stop()
        await self.runtime.stop()
