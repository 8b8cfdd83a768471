"""The HTTP side that all wire services share: reading a request whole, faults, the meter, one
write per answer.

A service is a plain object with a name and three methods; it sees bytes in and gives bytes out, so
that its rules can be tested without a socket. The server is aiohttp's, without its router: the
SDKs' targets are matched raw.
"""

from __future__ import annotations

import asyncio
import logging
import random
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol

from aiohttp import web
from aiohttp.web import RequestPayloadError
from multidict import CIMultiDictProxy

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.faults import Fault

log = logging.getLogger("localcloud")

BODY_LIMIT_BYTES = 33 * 1024 * 1024
_PORTS = (20_000, 32_000)
_CHANCE = random.SystemRandom()  # not the one that tests seed alike in every process
LINE_LIMIT_BYTES = 128 * 1024
"""The SDK puts the parameters of SendSms into the query: 1000 numbers are 15 KB of request line."""
IDLE_LIMIT_S = 120.0
"""Inferred: how long a connection may take to bring a whole head, or a whole body, or nothing."""
HTML_503 = (
    b"<html><head><title>503 Service Temporarily Unavailable</title></head>"
    b"<body><center><h1>503 Service Temporarily Unavailable</h1></center></body></html>"
)


@dataclass(frozen=True, slots=True)
class WireRequest:
    """A request as it came: `target` is the raw path and query, `headers` are looked up in any
    case.
    """

    method: str
    target: str
    headers: CIMultiDictProxy[str]
    body: bytes
    peer_ip: str

    @property
    def path(self) -> str:
        """The raw path, percent-encoding untouched."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The raw query string without the question mark."""
        return self.target.partition("?")[2]


@dataclass(frozen=True, slots=True)
class WireAnswer:
    """What goes back, and what the meter should know of it."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    read_cu: int = 0
    write_cu: int = 0


class WireService(Protocol):
    """A service of the cloud. `operation` and `caller` must not raise, whatever the bytes are."""

    name: str

    def operation(self, request: WireRequest) -> str:
        """The name of the API called, as faults and meter know it; "?" if it cannot be told."""

    def caller(self, request: WireRequest) -> str:
        """The function whose role session signed the request, by its unverified key id; "" if
        none.
        """

    def failure(self, request: WireRequest, code: str) -> WireAnswer:
        """The service's own form of the error `code`, for a fault that asks for it."""

    async def answer(self, request: WireRequest) -> WireAnswer:
        """Carry out the request and answer it. Errors of the protocol are answers; it raises only
        for a bug.
        """


class WireServer:
    """One service on one loopback port. Use as an async context manager, or call start and stop."""

    def __init__(
        self,
        service: WireService,
        cloud: Cloud,
        *,
        port: int = 0,
        idle_limit_s: float = IDLE_LIMIT_S,
    ) -> None:
        self._service = service
        self._cloud = cloud
        self._port = port
        self._idle_limit_s = idle_limit_s
        self._runner = web.ServerRunner(
            web.Server(
                self._handle,
                access_log=None,
                max_line_size=LINE_LIMIT_BYTES,
                keepalive_timeout=idle_limit_s,
            ),
            shutdown_timeout=0.5,
        )

    async def start(self) -> WireServer:
        """Listen. Raises OSError if the port is taken."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, backlog=512)
        await site.start()
        return self

    async def stop(self) -> None:
        """Stop listening and close what is open."""
        await self._runner.cleanup()

    async def __aenter__(self) -> WireServer:
        return await self.start()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    @property
    def endpoint(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return f"http://127.0.0.1:{port_of(self._runner)}"

    async def _handle(self, raw: web.BaseRequest) -> web.StreamResponse:
        body = await self._body(raw)
        if body is None:
            abort(raw)
            return web.Response(status=400)
        request = WireRequest(
            method=raw.method,
            target=raw.raw_path,
            headers=raw.headers,
            body=body,
            peer_ip=raw.remote or "127.0.0.1",
        )
        operation, caller = self._service.operation(request), self._service.caller(request)
        fault = self._cloud.faults.take(self._service.name, operation)
        answer = await self._strike(fault, request, raw) if fault else None
        if answer is None:
            answer = await self._answer(request)
        self._cloud.meter.count(
            self._service.name,
            operation,
            caller,
            read_cu=answer.read_cu,
            write_cu=answer.write_cu,
        )
        if fault is not None and fault.name in ("drop_before", "drop_after", "hang"):
            abort(raw)
        return web.Response(
            status=answer.status, body=answer.body, headers=dict(answer.headers) or None
        )

    async def _body(self, raw: web.BaseRequest) -> bytes | None:
        """The whole body; None if it never comes whole, or is not what its headers say."""
        raw._client_max_size = BODY_LIMIT_BYTES  # the low-level server has no public setting for it
        try:
            if raw.content.is_eof():  # all here already: no timer to pay for
                return await raw.read()
            return await asyncio.wait_for(raw.read(), self._idle_limit_s)
        except (asyncio.TimeoutError, RequestPayloadError, ConnectionError):
            return None

    async def _answer(self, request: WireRequest) -> WireAnswer:
        try:
            return await self._service.answer(request)
        except Exception:  # the server's edge: a bug in one answer must not end the cloud
            log.exception("%s: a bug answered as 500", self._service.name)
            return WireAnswer(500)

    async def _strike(
        self, fault: Fault, request: WireRequest, raw: web.BaseRequest
    ) -> WireAnswer | None:
        """What the fault answers in place of the service; None if the service is still to
        answer.
        """
        match fault.name:
            case "error":
                return self._service.failure(request, fault.argument)
            case "html_503":
                return WireAnswer(503, HTML_503, {"Content-Type": "text/html"})
            case "delay":
                await asyncio.sleep(int(fault.argument) / 1000)
                return None
            case "hang":
                while raw.transport is not None and not raw.transport.is_closing():
                    await asyncio.sleep(0.02)
                return WireAnswer(499)
            case "drop_before":
                return WireAnswer(499)
        return None


def abort(raw: web.BaseRequest) -> None:
    """Cut the connection without an answer."""
    if raw.transport is not None:
        raw.transport.abort()


def port_of(runner: web.BaseRunner) -> int:
    """The port that a started runner listens on."""
    address = runner.addresses[0]
    return int(address[1])


def free_port() -> int:
    """A loopback port that is free now, below those that the system itself gives to connections:
    one of these could be taken before it is listened on.
    """
    for _ in range(100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", _CHANCE.randrange(*_PORTS)))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port")
