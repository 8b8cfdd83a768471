"""The gateway: one loopback address for a custom domain's routes, below `/apigateway` for the same
API behind the traditional API Gateway, and below `/http-trigger/<function>` for what an HTTP
trigger's own domain serves.
"""

from __future__ import annotations

import re
from dataclasses import replace

from aiohttp import web

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.identities import ACCOUNT_ID
from infra.localcloud.core.wire import port_of
from infra.localcloud.fc.asynchronous import (
    AsyncInvoker,
    AsyncRules,
    Backoff,
    exponential_backoff,
)
from infra.localcloud.fc.launch import LaunchFailed
from infra.localcloud.fc.runtime import FunctionNotFound, FunctionRuntime, RuntimeStopped
from infra.localcloud.fcapi.doors import HTTP_TRIGGER_PREFIX, Doors
from infra.localcloud.gateway.answers import HttpAnswer, answer_to, problem
from infra.localcloud.gateway.events import HttpRequest, api_gateway_event, http_trigger_event
from infra.localcloud.gateway.protocol import Handler, ProblemServer, response_of
from infra.localcloud.gateway.routes import Match, RouteTable
from infra.serverless_devs import Manifest

API_GATEWAY_PREFIX = "/apigateway"
HEADERS_LIMIT_BYTES = 8 * 1024
TARGET_LIMIT_BYTES = 4 * 1024
BODY_LIMIT_BYTES = 32 * 1024 * 1024
ASYNC_BODY_LIMIT_BYTES = 128 * 1024
_GATEWAY_TARGET = re.compile(rf"{API_GATEWAY_PREFIX}(?=[/?]|$)")
_TRIGGER_PATH = re.compile(rf"{HTTP_TRIGGER_PREFIX}/([A-Za-z0-9_-]+)(/.*)?")
_ORIGIN = re.compile(r"https?://[^/?]*", re.IGNORECASE)


class Gateway:
    """Serves the manifest's routes over HTTP. Call start, and stop at the end."""

    def __init__(
        self,
        cloud: Cloud,
        runtime: FunctionRuntime,
        manifest: Manifest,
        *,
        site: Handler | None = None,
        force_base64: bool = False,
        flag_as_text: bool = False,
        backoff: Backoff = exponential_backoff,
        rules: AsyncRules | None = None,
        doors: Doors | None = None,
    ) -> None:
        """site: answers every path outside the API.

        force_base64: hand every body over as base64. flag_as_text: isBase64Encoded as a text in
        API Gateway events. backoff: waits before an asynchronous invocation is tried again. rules:
        what becomes of those, the manifest's if not given. doors: what is deployed while it runs.
        """
        self._cloud = cloud
        self._runtime = runtime
        self._routes = RouteTable(manifest.functions)
        self._invoker = AsyncInvoker(runtime, manifest.functions, backoff=backoff, rules=rules)
        self._doors = doors or Doors()
        self._site = site
        self._force_base64 = force_base64
        self._flag_as_text = flag_as_text
        self._runner = web.ServerRunner(ProblemServer(self._handle), shutdown_timeout=0.5)

    async def start(self, port: int = 0) -> Gateway:
        """Listen on loopback; 0 takes a free port. Raises OSError if the port is taken."""
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port, backlog=512).start()
        return self

    async def stop(self) -> None:
        """Stop listening and give up asynchronous invocations that have not ended."""
        await self._runner.cleanup()
        await self._invoker.stop()

    @property
    def address(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return f"http://127.0.0.1:{port_of(self._runner)}"

    async def settle(self) -> None:
        """Wait until every asynchronous invocation has ended."""
        await self._invoker.settle()

    async def _handle(self, raw: web.BaseRequest) -> web.StreamResponse:
        target = _ORIGIN.sub("", raw.raw_path, count=1)
        is_behind_gateway = _GATEWAY_TARGET.match(target) is not None
        own_target = target.removeprefix(API_GATEWAY_PREFIX) if is_behind_gateway else target
        request = _request_of(raw, own_target)
        match = None
        if not is_behind_gateway:
            request, match = self._deployed(request)
        is_outside = not is_behind_gateway and not self._routes.is_api(request.path)
        if match is None and is_outside and self._site is not None:
            return await self._site(raw)
        request_id = self._runtime.new_request_id()
        answer = _over_limit(raw, target) or await self._answer(
            raw,
            request,
            match or self._routes.find(request.path, request.method),
            request_id,
            is_behind_gateway=is_behind_gateway,
        )
        response = response_of(answer)
        response.headers["X-Fc-Request-Id"] = request_id
        if match is not None and match.is_default_domain:
            # The platform's own domains are for trying out: a browser is to show nothing.
            response.headers["Content-Disposition"] = "attachment"
        return response

    def _deployed(self, request: HttpRequest) -> tuple[HttpRequest, Match | None]:
        """What a deployed domain or HTTP trigger makes of the request, its path the function's;
        None if the request is for neither.
        """
        if (routes := self._doors.domain(request.header("Host"))) is not None:
            return request, RouteTable(routes=routes).find(request.path, request.method)
        found = _TRIGGER_PATH.fullmatch(request.raw_path)
        door = self._doors.trigger(found[1]) if found else None
        if found is None or door is None:
            return request, None
        request = replace(request, raw_path=found[2] or "/")
        if not door.is_open or request.method not in door.methods:
            return request, Match(None, is_forbidden=True)
        return request, Match(door.function, is_default_domain=True)

    async def _answer(
        self,
        raw: web.BaseRequest,
        request: HttpRequest,
        match: Match,
        request_id: str,
        *,
        is_behind_gateway: bool,
    ) -> HttpAnswer:
        if match.function is None:
            return _not_there(match)
        try:
            request = replace(request, body=await _read_body(raw))
        except web.HTTPRequestEntityTooLarge:
            return problem(413, "payload_too_large", "the body exceeds 32 MB")
        except web.RequestPayloadError:
            return problem(400, "invalid_request", "the body cannot be read")
        if is_behind_gateway:
            # inferred: the gateway, not its client, chooses how the function is called.
            event = api_gateway_event(
                request, force_base64=self._force_base64, flag_as_text=self._flag_as_text
            )
            return await self._invoke(match.function, event, request_id)
        event = self._trigger_event(request, request_id)
        if not request.is_asynchronous:
            return await self._invoke(match.function, event, request_id)
        if len(request.body) > ASYNC_BODY_LIMIT_BYTES:
            return problem(400, "invalid_request", "an asynchronous body exceeds 128 KB")
        self._invoker.submit(match.function, event, request_id=request_id)
        return HttpAnswer(202)

    def _trigger_event(self, request: HttpRequest, request_id: str) -> bytes:
        return http_trigger_event(
            request,
            request_id=request_id,
            now_ms=self._cloud.clock.now_ms(),
            account_id=ACCOUNT_ID,
            force_base64=self._force_base64,
        )

    async def _invoke(self, function: str, event: bytes, request_id: str) -> HttpAnswer:
        try:
            return answer_to(await self._runtime.invoke(function, event, request_id=request_id))
        except FunctionNotFound:  # a route of a function that was deleted
            return problem(404, "not_found")
        except (LaunchFailed, RuntimeStopped) as error:
            return problem(503, "function_unavailable", str(error))


def _request_of(raw: web.BaseRequest, target: str) -> HttpRequest:
    """The request without its body, which is read only if a function wants it."""
    path, _, query = _clean(target).partition("?")
    return HttpRequest(
        method=raw.method,
        raw_path=path,
        raw_query=query,
        headers=tuple((_clean(name), _clean(value)) for name, value in raw.headers.items()),
        body=b"",
        peer_ip=raw.remote or "127.0.0.1",
        protocol=f"HTTP/{raw.version.major}.{raw.version.minor}",
    )


def _clean(value: str) -> str:
    """The text without the surrogates that stand for bytes which are no UTF-8."""
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _over_limit(raw: web.BaseRequest, target: str) -> HttpAnswer | None:
    if sum(len(name) + len(value) for name, value in raw.raw_headers) > HEADERS_LIMIT_BYTES:
        return problem(400, "invalid_request", "the headers exceed 8 KB")
    if len(target.encode("utf-8", "replace")) > TARGET_LIMIT_BYTES:
        return problem(400, "invalid_request", "path and query exceed 4 KB")
    return None


def _not_there(match: Match) -> HttpAnswer:
    if match.is_forbidden:
        # The vendor's status for a trigger that is switched off; inferred for a method it lacks.
        return problem(403, "forbidden", "the HTTP trigger does not take this request")
    allowed = match.allowed
    if not allowed:
        return problem(404, "not_found")
    # inferred: of the methods of a domain's route the vendor says nothing.
    refused = problem(405, "method_not_allowed")
    return HttpAnswer(405, refused.body, {**refused.headers, "Allow": ", ".join(allowed)})


async def _read_body(raw: web.BaseRequest) -> bytes:
    """The whole body. Raises HTTPRequestEntityTooLarge above the platform's limit."""
    if (raw.content_length or 0) > BODY_LIMIT_BYTES:
        raise web.HTTPRequestEntityTooLarge(BODY_LIMIT_BYTES, raw.content_length or 0)
    if raw.headers.get("Expect", "").lower() == "100-continue":
        await raw.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        raw.writer.output_size = 0
    raw._client_max_size = BODY_LIMIT_BYTES  # the low-level server has no public setting for it
    return await raw.read()
