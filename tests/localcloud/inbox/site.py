"""The inbox page on a port of its own, with a stand-in for the API that its forms call."""

from __future__ import annotations

import json
from collections.abc import Coroutine, Iterator
from typing import Any

from aiohttp import web

from infra.localcloud.control.watched import Watched
from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.wire import port_of
from infra.localcloud.dysmsapi.service import DysmsapiService
from infra.localcloud.fc.invocation import InvocationResult
from infra.localcloud.inbox.book import Inbox, InboxLoss, InboxMail, InboxMessage
from infra.localcloud.inbox.page import InboxPage, Session
from infra.localcloud.inbox.panel import CloudPanel
from tests.background import Background

PHONE = "+8613800138000"
API_KEY = "key-of-the-tests"
CODE = "730114"
SESSION = Session(api_key=API_KEY, purposes=("login", "reset"), example_phone=PHONE)


# Any: what the page's stream tells is JSON.
def events_named(name: str, lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """The data of each event of that name in a stream."""
    current = ""
    for line in lines:
        field, _, value = line.partition(": ")
        if field == "event":
            current = value
        elif field == "data" and current == name:
            yield json.loads(value)


class InboxSite:
    """A running page. `requests` holds what its forms asked of the API, `invocations` what the
    page takes for the functions' past.
    """

    def __init__(self) -> None:
        self._background = Background()
        self.cloud = Cloud()
        self.inbox = Inbox(self.cloud)
        self.sms = DysmsapiService(self.cloud, self.inbox)
        self.invocations: list[InvocationResult] = []
        watched = Watched(self.cloud, self.inbox, deliveries=self.sms)
        self.page = InboxPage(
            self.inbox, SESSION, CloudPanel(watched, lambda: tuple(self.invocations))
        )
        self.requests: list[tuple[str, str, object]] = []
        self._runner = self._background.run(self._start(0))

    async def _start(self, port: int) -> web.ServerRunner:
        runner = web.ServerRunner(web.Server(self._handle, access_log=None), shutdown_timeout=0.5)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        return runner

    @property
    def port(self) -> int:
        return port_of(self._runner)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def deliver(
        self, phone: str, text: str, *, sign: str = "芝麻", request_id: str = "", **params: str
    ) -> None:
        message = InboxMessage(
            phone=phone,
            sign_name=sign,
            text=text,
            template_code="SMS_1",
            params=params,
            out_id="",
            biz_id="",
            sent_at=self.cloud.clock.now_s(),
            request_id=request_id,
        )

        async def in_loop() -> None:
            self.inbox.deliver(message)

        self._background.run(in_loop())

    def deliver_mail(
        self, to: str, *, subject: str = "Subject", text: str = "", html: str = ""
    ) -> None:
        mail = InboxMail(
            to=to,
            sender="notices@sesame.example",
            sender_alias="Sesame",
            subject=subject,
            text_body=text,
            html_body=html,
            tag_name="",
            env_id="1",
            sent_at=self.cloud.clock.now_s(),
        )

        async def in_loop() -> None:
            self.inbox.deliver_mail(mail)

        self._background.run(in_loop())

    def empty(self) -> None:
        async def in_loop() -> None:
            self.inbox.reset()

        self._background.run(in_loop())

    def run(self, work: Coroutine[object, object, object]) -> None:
        """Do `work` in the site's loop."""
        self._background.run(work)

    def lose(self, phone: str, err_code: str, *, request_id: str = "") -> None:
        loss = InboxLoss(
            phone=phone,
            template_code="SMS_1",
            err_code=err_code,
            sent_at=self.cloud.clock.now_s(),
            request_id=request_id,
        )

        async def in_loop() -> None:
            self.inbox.lose(loss)

        self._background.run(in_loop())

    def invoke(
        self,
        request_id: str,
        *log: str,
        payload: bytes = b'{"statusCode": 202}',
        function: str = "request_otp",
    ) -> None:
        """Have had an invocation, a cold one."""
        result = InvocationResult(
            function=function,
            request_id=request_id,
            outcome="ok",
            payload=payload,
            error_type=None,
            duration_ms=58.25,
            cold_start=True,
            invocation_type="sync",
            started_at=self.cloud.clock.now_s(),
            log=log,
        )
        self.invocations.append(result)

    def go_down(self) -> int:
        """End the server, as a cloud does that stops; the port to come back on."""
        port = self.port
        self.close_streams()
        self._background.run(self._runner.cleanup())
        return port

    def come_back(self, port: int) -> None:
        self._runner = self._background.run(self._start(port))

    def close_streams(self) -> None:
        self._background.run(self.page.close())

    def close(self) -> None:
        self.close_streams()
        self._background.run(self._runner.cleanup())
        self.sms.close()
        self.inbox.close()
        self._background.close()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if not request.path.startswith("/v1/"):
            return await self.page.handle(request)
        body = json.loads(await request.read())
        self.requests.append((request.path, request.headers.get("Authorization", ""), body))
        if request.path == "/v1/otp":
            return web.json_response({"challenge_id": "ch_1", "expires_in_s": 300}, status=202)
        if body["code"] == CODE:
            return web.json_response({"verified": True})
        return web.json_response(
            {"title": "The code is not valid", "status": 422},
            status=422,
            content_type="application/problem+json",
        )
