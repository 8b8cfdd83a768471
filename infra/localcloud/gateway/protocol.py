"""aiohttp's server with its own error pages replaced: also a request that cannot be parsed is
answered with a problem document.

Such an answer waits until the client has gone quiet: closing a socket with unread input resets it,
and the client would lose the answer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any  # aiohttp's private error record

from aiohttp import web

from infra.localcloud.gateway.answers import HttpAnswer, problem

log = logging.getLogger("localcloud.gateway")

_QUIET_S = 0.05
_QUIET_LIMIT_S = 2.0
_PARSER_LIMIT_BYTES = 64 * 1024
_PARSER_LIMIT_COUNT = 2000

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def response_of(answer: HttpAnswer) -> web.Response:
    """The answer as aiohttp sends it."""
    return web.Response(status=answer.status, body=answer.body, headers=dict(answer.headers))


class _Protocol(web.RequestHandler):
    __slots__ = ("_heard_at", "_is_broken")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._heard_at = self._loop.time()
        self._is_broken = False
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        if not self._is_broken:  # else thrown away: the parser would fail on it again
            super().data_received(data)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """A problem document in place of aiohttp's text page."""
        if isinstance(exc, ConnectionError):
            log.debug("a client left before its request was whole")
            response = response_of(problem(400, "invalid_request", "the request is not whole"))
        elif status >= 500:
            log.error("a bug answered as %d", status, exc_info=exc)
            response = response_of(problem(500, "internal_error"))
        else:
            log.debug("a request that cannot be parsed: %s", type(exc).__name__)
            response = response_of(problem(status, "invalid_request", "the request is not HTTP"))
        response.force_close()
        return response

    def _make_error_handler(self, err_info: Any) -> Handler:
        answer = super()._make_error_handler(err_info)
        self._is_broken = True

        async def when_quiet(request: web.BaseRequest) -> web.StreamResponse:
            deadline = self._loop.time() + _QUIET_LIMIT_S
            while self._loop.time() < min(self._heard_at + _QUIET_S, deadline):
                await asyncio.sleep(_QUIET_S / 5)
            return await answer(request)

        return when_quiet


class ProblemServer(web.Server):
    """A low-level server for `handler`. Its parser takes more than the platform does, so that the
    platform's limits are the ones that answer; bodies stay compressed as they came.
    """

    def __init__(self, handler: Handler) -> None:
        super().__init__(
            handler,
            access_log=None,
            auto_decompress=False,
            max_line_size=_PARSER_LIMIT_BYTES,
            max_field_size=_PARSER_LIMIT_BYTES,
            max_headers=_PARSER_LIMIT_COUNT,
        )

    def __call__(self) -> web.RequestHandler:
        """The protocol of one connection."""
        return _Protocol(self, loop=self._loop, **self._kwargs)
