"""The phone inbox: a page at the gateway's root that shows what the phones and mailboxes of the
cloud received, and behind a button the cloud itself.

It shows one-time passwords and the API key to whoever can open it. So it answers only to this
machine and to its own pages (see `guard`), and its Content-Security-Policy leaves a message no way
to become anything but text. A mail's HTML is a document of its own, in a frame without an origin,
scripts, forms or a way to the network.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from aiohttp import web

from infra.localcloud.control.orders import ReplyOrder
from infra.localcloud.core.guard import is_addressed_to_us, is_foreign, is_from_our_page
from infra.localcloud.core.problems import RequestRefused, problem
from infra.localcloud.inbox.answers import SECURITY_HEADERS, json_answer
from infra.localcloud.inbox.book import Inbox, InboxMail, InboxMessage
from infra.localcloud.inbox.panel import INVOCATION_ROUTE, Answer, CloudPanel, order_of

STATIC = Path(__file__).parent / "static"
STATIC_ROUTE = "/_inbox/static/"
MAIL_ROUTE = "/_inbox/mail/"
CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
MAIL_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
SHOWN_LIMIT = 200
"""How many of the newest messages and mails the page shows."""
HEARTBEAT_S = 15.0
PAUSE_S = 0.1
"""Between two looks of a stream, so that a flood of messages becomes a few events."""
LOOK_S = 0.25
"""How late a stream may tell of what tells nobody: the clock, the faults, the functions."""


@dataclass(frozen=True, slots=True)
class Session:
    """What the page needs so that a visitor can play the whole journey at once."""

    api_key: str
    purposes: Sequence[str]
    example_phone: str


class InboxPage:
    """The page's handler: `/`, its static files, the live stream, mails, a phone's replies, and the
    panel's routes.
    """

    def __init__(self, inbox: Inbox, session: Session, panel: CloudPanel) -> None:
        self._inbox = inbox
        self._panel = panel
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
            **panel.routes(),
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
        if method == "GET" and not is_foreign(request):
            if request.path.startswith(MAIL_ROUTE):
                return self._show_mail
            if request.path.startswith(INVOCATION_ROUTE):
                return self._panel.show_invocation
        route = self._routes.get((method, request.path))
        if route is None:
            raise RequestRefused(404, "Not found")
        # A link on another site may lead to the page itself, but no further.
        if request.path != "/" and is_foreign(request):
            raise RequestRefused(403, "Pages of other sites may not read the phone inbox")
        if method != "GET" and not is_from_our_page(request):
            raise RequestRefused(403, "Only the inbox page may do this; programs: control plane")
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
        return json_answer(asdict(self._session))

    async def _reply(self, request: web.BaseRequest) -> web.StreamResponse:
        order = await order_of(request, ReplyOrder)
        return json_answer(self._inbox.add_reply(order.phone, order.content).as_json())

    async def _stream_events(self, request: web.BaseRequest) -> web.StreamResponse:
        """Server-sent events: `inbox` and `cloud`, each whole, again after every change."""
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
        told: dict[str, object] = {}
        wrote_at = time.monotonic()
        while True:
            version = self._inbox.version
            marks = {"inbox": (version, self._panel.phones_version()), "cloud": self._panel.mark()}
            for name, mark in marks.items():
                if told.get(name) != mark:
                    content = self._snapshot() if name == "inbox" else self._panel.shown()
                    await response.write(_event(name, content))
                    told[name], wrote_at = mark, time.monotonic()
            if time.monotonic() - wrote_at >= HEARTBEAT_S:
                await response.write(b": still here\n\n")
                wrote_at = time.monotonic()
            await asyncio.sleep(PAUSE_S)
            await self._inbox.wait_for_change(version, timeout_s=LOOK_S)

    def _snapshot(self) -> dict[str, object]:
        inbox, limit = self._inbox, SHOWN_LIMIT
        return {
            "messages": [item.as_json() for item in inbox.messages(limit=limit)],
            "replies": [item.as_json() for item in inbox.replies(limit=limit)],
            "mails": [_listed(item) for item in inbox.mails(limit=limit)],
            "losses": [item.as_json() for item in inbox.losses(limit)],
            "expected": [_announced(*item) for item in inbox.expected()[:limit]],
            "phones": self._panel.phones(),
        }


def _listed(mail: InboxMail) -> dict[str, object]:
    """A mail for the list: whether it has HTML, and not the HTML itself."""
    return {**mail.as_json(), "html_body": None, "has_html": bool(mail.html_body)}


def _announced(message: InboxMessage, due_at: float) -> dict[str, object]:
    """A message that is on its way: all but what the phone will show."""
    shown = {"phone", "template_code", "sent_at", "id", "request_id"}
    told = {name: value for name, value in message.as_json().items() if name in shown}
    return {**told, "due_at": due_at}


def _event(name: str, content: object) -> bytes:
    return f"event: {name}\ndata: {json.dumps(content)}\n\n".encode()
