"""Snapshots over the control plane: take one, list them, go back to one, forget one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web
from pydantic import Field

from infra.localcloud.control.orders import Order
from infra.localcloud.control.replies import answer, read_order
from infra.localcloud.control.watched import Watch
from infra.localcloud.core.problems import Handler, RequestRefused
from infra.localcloud.core.snapshots import SnapshotRefused, Snapshots

Restart = Callable[[Callable[[], None]], Awaitable[None]]
"""Ends all that runs, does something while no file is open, and begins again."""


class SnapshotOrder(Order):
    """Take a snapshot; without a name it gets one."""

    name: str | None = Field(default=None, min_length=1, max_length=64)


class SnapshotRoutes:
    """The routes, and the wait of all others while a cloud goes back to a snapshot."""

    def __init__(self, watch: Watch, snapshots: Snapshots | None, restart: Restart) -> None:
        self._watch = watch
        self._snapshots = snapshots
        self._restart = restart
        self._one_at_a_time = asyncio.Lock()
        self._is_up = asyncio.Event()
        self._is_up.set()

    def routes(self) -> list[web.RouteDef]:
        """What the control plane adds to its own."""
        return [
            web.get("/snapshots", self._list),
            web.post("/snapshots", self._take),
            web.post("/snapshots/{name}/restore", self._restore),
            web.delete("/snapshots/{name}", self._remove),
        ]

    @web.middleware
    async def hold_others(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Nobody looks at a cloud that is down for a restore."""
        await self._is_up.wait()
        return await handler(request)

    async def _list(self, request: web.Request) -> web.Response:
        return answer({"snapshots": [each.as_json() for each in self._kept().all()]})

    async def _take(self, request: web.Request) -> web.Response:
        snapshots = self._kept()
        has_body = bool(await request.read())
        order = await read_order(request, SnapshotOrder) if has_body else SnapshotOrder()
        name = order.name if order.name is not None else snapshots.free_name()
        if snapshots.has(name):
            raise RequestRefused(409, f"There is a snapshot {name} already")
        clock = self._watch().cloud.clock
        try:
            taken = snapshots.take(name, taken_at=clock.now_s(), offset_s=clock.offset_s)
        except SnapshotRefused as error:
            field, _, reason = str(error).partition(": ")
            raise RequestRefused.for_field(field, reason) from error
        return answer(taken.as_json())

    async def _restore(self, request: web.Request) -> web.Response:
        name, snapshots = self._named(request), self._kept()
        async with self._one_at_a_time:
            self._is_up.clear()
            try:
                await self._restart(lambda: snapshots.put_back(name))
            finally:
                self._is_up.set()
        clock = self._watch().cloud.clock
        return answer({"name": name, "now_s": clock.now_s(), "offset_s": clock.offset_s})

    async def _remove(self, request: web.Request) -> web.Response:
        self._kept().remove(self._named(request))
        return await self._list(request)

    def _kept(self) -> Snapshots:
        if self._snapshots is None:
            raise RequestRefused(409, "This cloud keeps no data: start it with --data")
        return self._snapshots

    def _named(self, request: web.Request) -> str:
        name = request.match_info["name"]
        if not self._kept().has(name):
            raise RequestRefused(404, "There is no snapshot of that name")
        return name
