"""The instances of one deployed version of a function."""

from __future__ import annotations

import asyncio

from infra.localcloud.fc.instance import Instance
from infra.localcloud.fc.launch import Launch


class Pool:
    """At most `max_instances`, the idle ones kept warm.

    is_replaced: another version is deployed, or none; what still runs here is not used again.
    """

    def __init__(self, launch: Launch, max_instances: int) -> None:
        self.launch = launch
        self.slots = asyncio.Semaphore(max_instances)
        self.idle: list[Instance] = []
        self.running: set[Instance] = set()
        self.is_replaced = False

    async def take_idle(self) -> Instance | None:
        """The instance used last, if one is idle and alive; dead ones are cleared away."""
        while self.idle:
            instance = self.idle.pop()
            if instance.is_alive:
                return instance
            await instance.kill()
        return None
