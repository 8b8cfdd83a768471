"""The phone inbox: a page at the gateway's root that shows what the phones and mailboxes of the
cloud received.

It shows one-time passwords and the API key to whoever can open it. So it answers only to this
machine and to its own pages (see `guard`), and its Content-Security-Policy leaves a message no way
to become anything but text. A mail's HTML is a document of its own, in a frame without an origin,
scripts, forms or a way to the network.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from aiohttp import web
from pydantic import ValidationError

from infra.localcloud.control.orders import ReplyOrder
from infra.localcloud.core.guard import is_addressed_to_us, is_foreign, is_from_our_page
from infra.localcloud.core.problems import RequestRefused, problem
from infra.localcloud.inbox.book import Inbox, InboxMail

STATIC = Path(__file__).parent / "static"
STATIC_ROUTE = "/_inbox/static/"
MAIL_ROUTE = "/_inbox/mail/"
CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; frame-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
MAIL_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
SHOWN_LIMIT = 200
"""How many of the newest messages and mails the page shows."""
HEARTBEAT_S = 15.0
PAUSE_S = 0.1
"""Between two events of a stream, so that a flood of messages becomes a few events."""

Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Session:
    """What the page needs so that a visitor can play the whole journey at once."""

    api_key: str
    purposes: Sequence[str]
    example_phone: str


class InboxPage:
    """The page's handler: `/`, its static files, the live stream, mails and a phone's replies."""

    def __init__(self, inbox: Inbox, session: Session) -> None:
        self._inbox = inbox
        self._session = session
        self._streams: set[asyncio.Task[None]] = set()
        self._files = {
            file.name: (file.read_bytes(), CONTENT_TYPES[file.suffix]) for file in STATIC.iterdir()
        }
        self._routes: Mapping[tuple[str, str], Answer] = {
            ("GET", "/"): self._home,
            ("GET", "/_inbox/session"): self._tell_session,
            ("GET", "/_inbox/events"): self._stream_events,
            ("POST", "/_inbox/reply"): self._reply,
        }

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request for the page or one of its parts; a problem for anything else."""
        try:
            return await self._route(request)(request)
        except RequestRefused as refused:
            answer = problem(refused)
            answer.headers.update(SECURITY_HEADERS)
            return answer

    async def close(self) -> None:
        """End the live streams, which would otherwise keep the server from stopping."""
        for stream in self._streams:
            stream.cancel()
        await asyncio.gather(*self._streams, return_exceptions=True)

    def _route(self, request: web.BaseRequest) -> Answer:
        if not is_addressed_to_us(request):
            raise RequestRefused(403, "The Host is not this machine's loopback address")
        method = "GET" if request.method == "HEAD" else request.method
        if method == "GET" and request.path.startswith(STATIC_ROUTE):
            return self._static
        if method == "GET" and request.path.startswith(MAIL_ROUTE) and not is_foreign(request):
            return self._show_mail
        route = self._routes.get((method, request.path))
        if route is None:
            raise RequestRefused(404, "Not found")
        # A link on another site may lead to the page itself, but no further.
        if request.path != "/" and is_foreign(request):
            raise RequestRefused(403, "Pages of other sites may not read the phone inbox")
        return route

    async def _home(self, request: web.BaseRequest) -> web.StreamResponse:
        return self._file("index.html")

    async def _static(self, request: web.BaseRequest) -> web.StreamResponse:
        return self._file(request.path.removeprefix(STATIC_ROUTE))

    def _file(self, name: str) -> web.Response:
        if name not in self._files:
            raise RequestRefused(404, "Not found")
        body, content_type = self._files[name]
        return web.Response(body=body, headers={"Content-Type": content_type, **SECURITY_HEADERS})

    async def _show_mail(self, request: web.BaseRequest) -> web.StreamResponse:
        mail = self._inbox.mail(request.path.removeprefix(MAIL_ROUTE))
        if mail is None or not mail.html_body:
            raise RequestRefused(404, "Not found")
        headers = {**SECURITY_HEADERS, "Content-Security-Policy": MAIL_POLICY}
        content_type = CONTENT_TYPES[".html"]
        return web.Response(
            body=mail.html_body.encode(), headers={"Content-Type": content_type, **headers}
        )

    async def _tell_session(self, request: web.BaseRequest) -> web.StreamResponse:
        return _json(asdict(self._session))

    async def _reply(self, request: web.BaseRequest) -> web.StreamResponse:
        if not is_from_our_page(request):
            raise RequestRefused(403, "Only the inbox page may reply here")
        try:
            order = ReplyOrder.model_validate_json(await request.read())
        except ValidationError as error:
            raise RequestRefused.for_model(error) from error
        return _json(self._inbox.add_reply(order.phone, order.content).as_json())

    async def _stream_events(self, request: web.BaseRequest) -> web.StreamResponse:
        """Server-sent events: the newest of everything, again after every change."""
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream; charset=utf-8", **SECURITY_HEADERS}
        )
        await response.prepare(request)
        stream = asyncio.create_task(self._feed(response))
        self._streams.add(stream)
        try:
            with suppress(ConnectionError):
                await stream
        finally:
            stream.cancel()
            self._streams.discard(stream)
        return response

    async def _feed(self, response: web.StreamResponse) -> None:
        shown = None
        while True:
            version = self._inbox.version
            if version == shown:
                await response.write(b": still here\n\n")
            else:
                await response.write(b"event: inbox\ndata: " + self._snapshot() + b"\n\n")
                shown = version
            await asyncio.sleep(PAUSE_S)
            await self._inbox.wait_for_change(version, timeout_s=HEARTBEAT_S)

    def _snapshot(self) -> bytes:
        content = {
            "messages": [item.as_json() for item in self._inbox.messages()[:SHOWN_LIMIT]],
            "replies": [item.as_json() for item in self._inbox.replies()[:SHOWN_LIMIT]],
            "mails": [_listed(item) for item in self._inbox.mails()[:SHOWN_LIMIT]],
        }
        return json.dumps(content).encode()


def _listed(mail: InboxMail) -> dict[str, object]:
    """A mail for the list: whether it has HTML, and not the HTML itself."""
    return {**mail.as_json(), "html_body": None, "has_html": bool(mail.html_body)}


def _json(content: object) -> web.Response:
    return web.Response(
        body=json.dumps(content, ensure_ascii=False).encode(),
        headers={"Content-Type": "application/json", **SECURITY_HEADERS},
    )
