"""The cloud behind the phones, as the inbox page shows and moves it: the switch of each phone, the
faults, the clock, and what the functions did.

A list of invocations goes to every open page after each of them, so it holds no log lines; these
are asked for one invocation at a time.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence

from aiohttp import web
from pydantic import ValidationError

from infra.localcloud.control.moves import add_fault, advance_clock, told_clock, told_faults
from infra.localcloud.control.operations import ANY, OPERATIONS, PUSHES
from infra.localcloud.control.orders import ClockOrder, FaultOrder
from infra.localcloud.control.phones import PhoneOrder
from infra.localcloud.control.replies import AnOrder
from infra.localcloud.control.watched import Watched
from infra.localcloud.core.problems import RequestRefused
from infra.localcloud.dysmsapi.codes import SERVICE_CODES
from infra.localcloud.dysmsapi.phone_states import FATES
from infra.localcloud.fc.invocation import InvocationResult
from infra.localcloud.inbox.answers import json_answer

INVOCATION_ROUTE = "/_inbox/invocations/"
LISTED_COUNT = 100
"""How many of the newest invocations the page lists."""
LINE_LIMIT, LINES_LIMIT = 4_000, 200
"""Characters of a log line, and lines of an invocation, that the page is given."""

Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Results = Callable[[], Sequence[InvocationResult]]


class CloudPanel:
    """What the page may see and move besides the inbox. results: the invocations, newest last."""

    def __init__(self, watched: Watched, results: Results = tuple) -> None:
        self._watched = watched
        self._results = results

    def routes(self) -> Mapping[tuple[str, str], Answer]:
        """What the page adds to its own."""
        return {
            ("GET", "/_inbox/operations"): self._tell_operations,
            ("POST", "/_inbox/phones"): self._set_phone,
            ("POST", "/_inbox/faults"): self._add_fault,
            ("DELETE", "/_inbox/faults"): self._clear_faults,
            ("POST", "/_inbox/clock"): self._advance_clock,
        }

    def phones_version(self) -> int:
        """A number that moves whenever a phone's switch does."""
        sms = self._watched.deliveries
        return sms.phones.version if sms else 0

    def phones(self) -> Mapping[str, Mapping[str, str]]:
        """The phones that are not as usual: their state, and the carrier's code for a message."""
        sms = self._watched.deliveries
        states = sms.phones.all() if sms else {}
        return {
            phone: {"state": state, "err_code": FATES[state].err_code}
            for phone, state in states.items()
        }

    def mark(self) -> object:
        """Something that is equal as long as `shown` says the same, the running clock apart."""
        results = self._results()
        newest = results[-1].request_id if results else ""
        return (self._watched.cloud.clock.offset_s, self._faults(), len(results), newest)

    def shown(self) -> dict[str, object]:
        """What the stream tells."""
        newest = self._results()[-LISTED_COUNT:]
        return {
            "clock": told_clock(self._watched.cloud.clock),
            "faults": told_faults(self._watched.cloud.faults),
            "invocations": [_listed(result) for result in reversed(newest)],
        }

    async def show_invocation(self, request: web.BaseRequest) -> web.StreamResponse:
        """One invocation with its log lines."""
        request_id = request.path.removeprefix(INVOCATION_ROUTE)
        for result in reversed(self._results()):
            if result.request_id == request_id:
                lines = [_cut(line) for line in result.log[:LINES_LIMIT]]
                left_out = len(result.log) - len(lines)
                return json_answer({**_listed(result), "log": lines, "left_out": left_out})
        raise RequestRefused(404, "The cloud does not remember this invocation")

    def _faults(self) -> tuple[tuple[object, ...], ...]:
        return tuple(tuple(fault.values()) for fault in told_faults(self._watched.cloud.faults))

    async def _tell_operations(self, request: web.BaseRequest) -> web.StreamResponse:
        services = {name: (*OPERATIONS[name], *PUSHES.get(name, ())) for name in OPERATIONS}
        codes = {"dysmsapi": tuple(SERVICE_CODES)}
        return json_answer({"any": ANY, "services": services, "codes": codes})

    async def _set_phone(self, request: web.BaseRequest) -> web.StreamResponse:
        order = await order_of(request, PhoneOrder)
        self._watched.sms.phones.set(order.phone, order.state)
        return json_answer(order.model_dump())

    async def _add_fault(self, request: web.BaseRequest) -> web.StreamResponse:
        order = await order_of(request, FaultOrder)
        add_fault(self._watched.cloud.faults, order)
        return json_answer(order.model_dump())

    async def _clear_faults(self, request: web.BaseRequest) -> web.StreamResponse:
        self._watched.cloud.faults.clear()
        return json_answer({"faults": []})

    async def _advance_clock(self, request: web.BaseRequest) -> web.StreamResponse:
        await advance_clock(self._watched, await order_of(request, ClockOrder))
        return json_answer(told_clock(self._watched.cloud.clock))


async def order_of(request: web.BaseRequest, model: type[AnOrder]) -> AnOrder:
    """The body as `model`. Raises RequestRefused with the fields that are wrong."""
    try:
        return model.model_validate_json(await request.read())
    except web.HTTPRequestEntityTooLarge as error:
        raise RequestRefused(413, "The body is too large") from error
    except ValidationError as error:
        raise RequestRefused.for_model(error) from error


def _listed(result: InvocationResult) -> dict[str, object]:
    return {
        "request_id": result.request_id,
        "function": result.function,
        "outcome": result.outcome,
        "status": _status(result.payload),
        "duration_ms": round(result.duration_ms, 1),
        "cold_start": result.cold_start,
        "invocation_type": result.invocation_type,
        "started_at": result.started_at,
    }


def _status(payload: bytes) -> int | None:
    """The HTTP status that a function answered with; None if it was not asked over HTTP."""
    if b'"statusCode"' not in payload:
        return None
    try:
        answer = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    status = answer.get("statusCode") if isinstance(answer, dict) else None
    return status if type(status) is int else None  # Python counts True among the numbers


def _cut(line: str) -> str:
    return line if len(line) <= LINE_LIMIT else f"{line[:LINE_LIMIT]}…"
