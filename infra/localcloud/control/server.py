"""The control plane's HTTP side: one small route for each thing that may be seen or moved.

Each answer is JSON; a call that cannot be carried out is a 4xx problem that names the field.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from infra.localcloud.control.identity import IdentityRoutes
from infra.localcloud.control.moves import add_fault, advance_clock, told_clock, told_faults
from infra.localcloud.control.orders import (
    ClockOrder,
    EventOrder,
    FaultOrder,
    ReplyOrder,
    TopicOrder,
    e164,
)
from infra.localcloud.control.replies import answer, read_order
from infra.localcloud.control.sms import SmsRoutes
from infra.localcloud.control.snapshots import SnapshotRoutes
from infra.localcloud.control.tablestore import TablestoreRoutes
from infra.localcloud.control.watched import Publisher, Watched
from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.guard import is_addressed_to_us, is_foreign
from infra.localcloud.core.problems import Handler, RequestRefused, as_problems
from infra.localcloud.core.snapshots import Snapshots
from infra.localcloud.core.wire import port_of
from infra.localcloud.dysmsapi.service import DysmsapiService
from infra.localcloud.inbox.book import Inbox
from infra.localcloud.tablestore.behaviour import Behaviour

Restart = Callable[[Callable[[], None]], Awaitable[Watched]]


class ControlPlane:
    """The control address of one cloud.

    reset: starts the whole cloud again from nothing. snapshots: None for a cloud that keeps no
    data. restart: ends all that runs, does something while no file is open, and begins again; the
    control plane stays, and looks at what is returned. The rest: see Watched.
    """

    def __init__(
        self,
        cloud: Cloud,
        inbox: Inbox,
        *,
        reset: Callable[[], Awaitable[None]],
        invocations: Callable[[], Sequence[object]] = list,
        publisher: Publisher | None = None,
        deliveries: DysmsapiService | None = None,
        behaviour: Behaviour | None = None,
        snapshots: Snapshots | None = None,
        restart: Restart | None = None,
    ) -> None:
        self._watched = Watched(cloud, inbox, invocations, publisher, deliveries, behaviour)
        self._reset_cloud = reset

        async def restart_and_watch(between: Callable[[], None]) -> None:
            assert restart is not None  # given with the snapshots
            self._watched = await restart(between)

        snapshot_routes = SnapshotRoutes(self._watch, snapshots, restart_and_watch)
        app = web.Application(
            middlewares=[as_problems, refuse_strangers, snapshot_routes.hold_others]
        )
        app.router.add_routes(
            [
                web.get("/inbox", self._read_inbox),
                web.post("/inbox/reply", self._reply),
                web.get("/meter", self._read_meter),
                web.delete("/meter", self._clear_meter),
                web.get("/inbox/mail", self._read_mail),
                web.get("/clock", self._read_clock),
                web.post("/clock", self._advance_clock),
                web.get("/faults", self._read_faults),
                web.post("/faults", self._add_fault),
                web.delete("/faults", self._clear_faults),
                web.post("/reset", self._reset),
                web.get("/invocations", self._read_invocations),
                web.post("/events", self._publish_event),
                web.post("/topics", self._publish_to_topic),
                *SmsRoutes(self._watch).routes(),
                *TablestoreRoutes(self._watch).routes(),
                *IdentityRoutes(self._watch).routes(),
                *snapshot_routes.routes(),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)

    def _watch(self) -> Watched:
        return self._watched

    async def start(self, port: int = 0) -> None:
        """Listen on loopback. Raises OSError if the port is taken."""
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()

    async def stop(self) -> None:
        """Stop listening and close what is open."""
        await self._runner.cleanup()

    @property
    def address(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return f"http://127.0.0.1:{port_of(self._runner)}"

    async def _read_inbox(self, request: web.Request) -> web.Response:
        phone = request.query.get("phone")
        try:
            number = None if phone is None else e164(phone)
        except ValueError as error:
            raise RequestRefused.for_field("phone", str(error)) from error
        return answer([message.as_json() for message in self._watch().inbox.messages(number)])

    async def _reply(self, request: web.Request) -> web.Response:
        order = await read_order(request, ReplyOrder)
        self._watch().inbox.add_reply(order.phone, order.content)
        return answer({"phone": order.phone, "content": order.content})

    async def _read_meter(self, request: web.Request) -> web.Response:
        return answer(self._watch().cloud.meter.as_json())

    async def _clear_meter(self, request: web.Request) -> web.Response:
        self._watch().cloud.meter.clear()
        return await self._read_meter(request)

    async def _read_mail(self, request: web.Request) -> web.Response:
        mails = self._watch().inbox.mails(request.query.get("to"))
        return answer([mail.as_json() for mail in mails])

    async def _read_clock(self, request: web.Request) -> web.Response:
        return answer(told_clock(self._watch().cloud.clock))

    async def _advance_clock(self, request: web.Request) -> web.Response:
        order = await read_order(request, ClockOrder)
        await advance_clock(self._watch(), order)
        return await self._read_clock(request)

    async def _read_faults(self, request: web.Request) -> web.Response:
        return answer({"faults": told_faults(self._watch().cloud.faults)})

    async def _add_fault(self, request: web.Request) -> web.Response:
        order = await read_order(request, FaultOrder)
        add_fault(self._watch().cloud.faults, order)
        return answer(order.model_dump())

    async def _clear_faults(self, request: web.Request) -> web.Response:
        self._watch().cloud.faults.clear()
        return await self._read_faults(request)

    async def _reset(self, request: web.Request) -> web.Response:
        await self._reset_cloud()
        return await self._read_clock(request)

    async def _read_invocations(self, request: web.Request) -> web.Response:
        return answer(self._watch().invocations())

    async def _publish_event(self, request: web.Request) -> web.Response:
        order = await read_order(request, EventOrder)
        publisher = self._watch().publisher
        return answer({"matched": publisher.publish_event(order.model_dump()) if publisher else 0})

    async def _publish_to_topic(self, request: web.Request) -> web.Response:
        order = await read_order(request, TopicOrder)
        matched, publisher = 0, self._watch().publisher
        if publisher:
            matched = publisher.publish_topic(
                order.topic, order.message, order.attributes, tag=order.tag
            )
        return answer({"matched": matched})


@web.middleware
async def refuse_strangers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let in programs of this machine only: no rebound name, no page of another site."""
    if not is_addressed_to_us(request):
        raise RequestRefused(403, "The Host is not this machine's loopback address")
    if is_foreign(request):
        raise RequestRefused(403, "Pages of other sites may not control the local cloud")
    return await handler(request)
