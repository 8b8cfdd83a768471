"""The control plane's HTTP side: one small route for each thing that may be seen or moved.

Each answer is JSON; a call that cannot be carried out is a 4xx problem that names the field.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from typing import Protocol, TypeVar

from aiohttp import web
from pydantic import ValidationError

from infra.localcloud.control.deliveries import (
    DeliveryCall,
    PushCall,
    script_delivery,
    scripted_deliveries,
    switch_pushes,
)
from infra.localcloud.control.operations import why_unknown
from infra.localcloud.control.orders import (
    ClockOrder,
    EventOrder,
    FaultOrder,
    Order,
    ReplyOrder,
    TopicOrder,
    e164,
)
from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.faults import Fault, FaultInvalid
from infra.localcloud.core.guard import is_addressed_to_us, is_foreign
from infra.localcloud.core.problems import Handler, RequestRefused, as_problems
from infra.localcloud.core.wire import port_of
from infra.localcloud.dysmsapi.service import DysmsapiService
from infra.localcloud.inbox.book import Inbox

EARLIEST_S = datetime(2000, 1, 1, tzinfo=timezone.utc).timestamp()
LATEST_S = datetime(2100, 1, 1, tzinfo=timezone.utc).timestamp()

AnOrder = TypeVar("AnOrder", bound=Order)


class Publisher(Protocol):
    """Calls functions with what is published; each method says how many triggers that matches."""

    def publish_event(self, event: Mapping[str, object]) -> int:
        """Put a CloudEvent on the default bus."""

    def publish_topic(
        self, topic: str, message: str, attributes: Mapping[str, str], *, tag: str = ""
    ) -> int:
        """Publish a message to a topic."""


class ControlPlane:
    """The control address of one cloud.

    reset: starts the whole cloud again from nothing. invocations: what the functions did, as JSON
    objects; a cloud without functions has none. publisher: where events and topic messages go; in
    a cloud without one they match nothing. deliveries: the SMS service whose fates are scripted.
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
    ) -> None:
        self._cloud = cloud
        self._inbox = inbox
        self._reset_cloud = reset
        self._invocations_of_cloud = invocations
        self._publisher = publisher
        self._deliveries = deliveries
        app = web.Application(middlewares=[as_problems, refuse_strangers])
        app.router.add_routes(
            [
                web.get("/inbox", self._read_inbox),
                web.post("/inbox/reply", self._reply),
                web.get("/meter", self._read_meter),
                web.delete("/meter", self._clear_meter),
                web.get("/inbox/mail", self._read_mail),
                web.get("/deliveries", self._read_deliveries),
                web.post("/deliveries", self._script_delivery),
                web.delete("/deliveries", self._clear_deliveries),
                web.post("/pushes", self._switch_pushes),
                web.get("/clock", self._read_clock),
                web.post("/clock", self._advance_clock),
                web.get("/faults", self._read_faults),
                web.post("/faults", self._add_fault),
                web.delete("/faults", self._clear_faults),
                web.post("/reset", self._reset),
                web.get("/invocations", self._read_invocations),
                web.post("/events", self._publish_event),
                web.post("/topics", self._publish_to_topic),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)

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
        return answer([message.as_json() for message in self._inbox.messages(number)])

    async def _reply(self, request: web.Request) -> web.Response:
        order = await read_order(request, ReplyOrder)
        self._inbox.add_reply(order.phone, order.content)
        return answer({"phone": order.phone, "content": order.content})

    async def _read_meter(self, request: web.Request) -> web.Response:
        return answer(self._cloud.meter.as_json())

    async def _clear_meter(self, request: web.Request) -> web.Response:
        self._cloud.meter.clear()
        return await self._read_meter(request)

    async def _read_mail(self, request: web.Request) -> web.Response:
        mails = self._inbox.mails(request.query.get("to"))
        return answer([mail.as_json() for mail in mails])

    async def _read_deliveries(self, request: web.Request) -> web.Response:
        return answer(scripted_deliveries(self._sms().deliveries))

    async def _script_delivery(self, request: web.Request) -> web.Response:
        call = await read_order(request, DeliveryCall)
        return answer(script_delivery(self._sms().deliveries, call))

    async def _clear_deliveries(self, request: web.Request) -> web.Response:
        self._sms().deliveries.clear()
        return await self._read_deliveries(request)

    async def _switch_pushes(self, request: web.Request) -> web.Response:
        return answer(switch_pushes(self._sms().receipts, await read_order(request, PushCall)))

    def _sms(self) -> DysmsapiService:
        if self._deliveries is None:
            raise RequestRefused(404, "This cloud has no SMS service")
        return self._deliveries

    async def _read_clock(self, request: web.Request) -> web.Response:
        clock = self._cloud.clock
        now = datetime.fromtimestamp(clock.now_s(), timezone.utc)
        return answer(
            {
                "now_s": clock.now_s(),
                "now": now.isoformat(timespec="seconds"),
                "offset_s": clock.offset_s,
            }
        )

    async def _advance_clock(self, request: web.Request) -> web.Response:
        order = await read_order(request, ClockOrder)
        if not EARLIEST_S <= self._cloud.clock.now_s() + order.advance_s < LATEST_S:
            raise RequestRefused.for_field("advance_s", "would leave the years 2000 to 2099")
        self._cloud.clock.advance(order.advance_s)
        return await self._read_clock(request)

    async def _read_faults(self, request: web.Request) -> web.Response:
        return answer({"faults": [asdict(fault) for fault in self._cloud.faults.waiting()]})

    async def _add_fault(self, request: web.Request) -> web.Response:
        order = await read_order(request, FaultOrder)
        unknown = why_unknown(order.service, order.operation)
        if unknown is not None:
            raise RequestRefused.for_field(*unknown)
        try:
            self._cloud.faults.add(Fault(**order.model_dump()))
        except FaultInvalid as error:
            field, _, reason = str(error).partition(": ")
            raise RequestRefused.for_field(field, reason) from error
        return answer(order.model_dump())

    async def _clear_faults(self, request: web.Request) -> web.Response:
        self._cloud.faults.clear()
        return await self._read_faults(request)

    async def _reset(self, request: web.Request) -> web.Response:
        await self._reset_cloud()
        return await self._read_clock(request)

    async def _read_invocations(self, request: web.Request) -> web.Response:
        return answer(self._invocations_of_cloud())

    async def _publish_event(self, request: web.Request) -> web.Response:
        order = await read_order(request, EventOrder)
        event = order.model_dump()
        return answer({"matched": self._publisher.publish_event(event) if self._publisher else 0})

    async def _publish_to_topic(self, request: web.Request) -> web.Response:
        order = await read_order(request, TopicOrder)
        matched = 0
        if self._publisher:
            matched = self._publisher.publish_topic(
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


async def read_order(request: web.Request, model: type[AnOrder]) -> AnOrder:
    """The body as `model`, whatever its content type says (curl -d says form). Raises
    RequestRefused with the fields that are wrong.
    """
    try:
        return model.model_validate_json(await request.read())
    except ValidationError as error:
        raise RequestRefused.for_model(error) from error


def answer(content: object) -> web.Response:
    """A JSON answer that nobody keeps."""
    return web.Response(
        body=json.dumps(content, ensure_ascii=False).encode(),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
