"""A gateway over one echoing function, deployed from an s.yaml, driven without `await`."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx
from aiohttp import web

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.fc.runtime import FunctionRuntime
from infra.localcloud.gateway.server import Gateway
from infra.serverless_devs import render

S_YAML = """
edition: 3.0.0
resources:
  echo:
    component: fc3
    props:
      functionName: echo
      region: cn-hangzhou
      runtime: python3.10
      handler: index.handler
      code: ./code
      timeout: 10
      asyncInvokeConfig: { maxAsyncRetryAttempts: 1 }
      customDomain:
        domainName: api.example.com
        protocol: HTTP
        route:
          - { path: /v1/only-post, methods: [POST] }
          - { path: /v1/* }
  exact:
    component: fc3
    props:
      functionName: exact
      region: cn-hangzhou
      runtime: python3.10
      handler: index.named
      code: ./code
      customDomain: { domainName: api.example.com, protocol: HTTP, route: { path: /v1/exact } }
"""
CODE = """
import json

def handler(event, context):
    parsed = json.loads(event)
    query = parsed["queryParameters"]
    if "raise" in query:
        raise ValueError("a reason")
    if "return" in query:
        return json.loads(query["return"])
    return {"statusCode": 200, "headers": {}, "body": event.decode()}

def named(event, context):
    return {"statusCode": 200, "headers": {}, "body": context.function.name}
"""


class Served:
    """A running gateway, its runtime and an HTTP client."""

    def __init__(self, folder: Path, **options: Any) -> None:
        (folder / "code").mkdir()
        (folder / "code" / "index.py").write_text(CODE)
        (folder / "s.yaml").write_text(S_YAML)
        manifest = render(folder / "s.yaml", environment={}, account_id="1000000000000001")
        self.cloud = Cloud()
        self.backoffs: list[int] = []
        self.loop = asyncio.new_event_loop()
        self.runtime = FunctionRuntime(
            self.cloud, manifest.functions, account_id="1000000000000001", region="cn-hangzhou"
        )
        self.gateway: Gateway = self.run(self._start(manifest, options))

    async def _start(self, manifest: Any, options: dict[str, Any]) -> Gateway:
        async def backoff(attempt: int) -> None:
            self.backoffs.append(attempt)

        gateway = Gateway(self.cloud, self.runtime, manifest, backoff=backoff, **options)
        return await gateway.start()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """The result of a coroutine."""
        return self.loop.run_until_complete(work)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The answer to one request."""

        async def send() -> httpx.Response:
            async with self._client() as client:
                return await client.request(method, path, **options)

        answer: httpx.Response = self.run(send())
        return answer

    def event(self, path: str, **options: Any) -> Any:
        """The event that a request to the echoing function became."""
        return json.loads(self.request("POST", path, **options).text)

    def together(self, path: str, count: int) -> list[int]:
        """The statuses of that many GET requests, all under way at once."""

        async def send() -> list[int]:
            async with self._client() as client:
                answers = await asyncio.gather(*(client.get(path) for _ in range(count)))
                return [answer.status_code for answer in answers]

        statuses: list[int] = self.run(send())
        return statuses

    def raw(self, data: bytes) -> tuple[int, str, Any]:
        """Status, content type and JSON body of what comes back for bytes on the wire."""

        port = int(self.gateway.address.rpartition(":")[2])
        answer = self.run(asyncio.to_thread(_exchange, port, data))
        head, _, body = answer.partition(b"\r\n\r\n")
        status_line, *lines = head.decode().split("\r\n")
        headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in lines)
        }
        return int(status_line.split()[1]), headers.get("content-type", ""), json.loads(body)

    def close(self) -> None:
        """Stop everything."""
        self.run(self.gateway.stop())
        self.run(self.runtime.stop())
        self.run(self.loop.shutdown_default_executor())
        self.loop.close()

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self.gateway.address,
            trust_env=False,
            timeout=20,
            limits=httpx.Limits(max_connections=None),
        )


def _exchange(port: int, data: bytes) -> bytes:
    """The whole answer to `data`, for a plain client that sends all of it before it reads."""
    with socket.create_connection(("127.0.0.1", port), timeout=8) as connection:
        connection.sendall(data)
        with connection.makefile("rb") as answer:
            head = b"".join(iter(answer.readline, b"\r\n"))
            length = next(
                int(line.partition(b":")[2])
                for line in head.lower().split(b"\r\n")
                if line.startswith(b"content-length")
            )
            return head + b"\r\n" + answer.read(length)


async def site(request: web.BaseRequest) -> web.Response:
    """A page outside the API."""
    return web.Response(text=f"the page of {request.path}")


Serve = Callable[..., Served]
