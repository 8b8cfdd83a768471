"""A log service on loopback in a thread of its own, and the unmodified SDK pointed at it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import formatdate
from pathlib import Path
from typing import Any

import requests
from alibabacloud_sls20201230 import models
from alibabacloud_sls20201230.client import Client
from alibabacloud_tea_openapi.utils_models import Config
from darabonba.runtime import RuntimeOptions
from Tea.exceptions import TeaException

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.identities import Identity
from infra.localcloud.sls.service import SlsService
from tests.background import Background

PROJECT, STORE = "sesame-dev", "functions"
BASE_S = int(time.time()) // 3600 * 3600
"""The time of the tests' logs: a whole hour, not over a retention."""
DELIMITERS = list(", '\";=()[]{}?@&<>/:\n\t\r")
INDEX: Mapping[str, Any] = {
    "line": {"token": DELIMITERS, "caseSensitive": False, "chn": False},
    "keys": {
        "status": {"type": "long", "doc_value": True},
        "took": {"type": "double", "doc_value": True},
        "method": {"type": "text", "token": DELIMITERS, "doc_value": True},
        "secret": {"type": "text", "token": DELIMITERS, "doc_value": False},
        "message": {
            "type": "json",
            "token": DELIMITERS,
            "doc_value": True,
            "index_all": True,
            "json_keys": {
                "event": {"type": "text", "doc_value": True},
                "status": {"type": "long", "doc_value": True},
                "at.country": {"type": "text", "doc_value": True},
            },
        },
    },
}


class RunningSls:
    """The service and its cloud, served until `stop`."""

    def __init__(self, data: Path | None = None) -> None:
        self.cloud = Cloud(data)
        self.service = SlsService(self.cloud)
        self._background = Background()
        self._server = self._background.serve(self.service, self.cloud)
        self.endpoint = self._server.endpoint
        self._is_stopped = False

    def client(
        self,
        identity: Identity | None = None,
        *,
        signature: str | None = None,
        secret: str | None = None,
        token: str | None = None,
    ) -> Client:
        """The SDK's client, which names the service as its endpoint and as its proxy."""
        signer = identity or self.cloud.identities.root
        return Client(
            Config(
                access_key_id=signer.access_key_id,
                access_key_secret=secret or signer.access_key_secret,
                security_token=token if token is not None else signer.token,
                endpoint=self.endpoint.removeprefix("http://"),
                protocol="http",
                http_proxy=self.endpoint,
                region_id="cn-hangzhou",
                signature_version=signature,
            )
        )

    def with_store(self, index: Mapping[str, Any] | None = INDEX, *, ttl: int = 30) -> Client:
        """A client, and a project with a log store, indexed."""
        client = self.client()
        client.create_project(models.CreateProjectRequest(project_name=PROJECT, description="d"))
        client.create_log_store(
            PROJECT, models.CreateLogStoreRequest(logstore_name=STORE, ttl=ttl, shard_count=2)
        )
        if index is not None:
            body = models.Index().from_map(index)
            client.create_index(PROJECT, STORE, models.CreateIndexRequest(body=body))
        return client

    def raw(self, target: str = "/", method: str = "GET", **headers: str) -> requests.Response:
        """A request by hand, as through a proxy, with headers that pass but for the signature."""
        good = {
            "Host": self.endpoint.removeprefix("http://"),
            "Date": formatdate(usegmt=True),
            "Authorization": f"LOG {self.cloud.identities.root.access_key_id}:AAAA",
            "x-log-apiversion": "0.6.0",
            "x-log-signaturemethod": "hmac-sha1",
        }
        sent = {**good, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return requests.request(method, self.endpoint + target, headers=sent, timeout=10)

    def stop(self) -> None:
        if self._is_stopped:
            return
        self._is_stopped = True
        self._background.run(self._server.stop())
        self._background.close()
        self.service.close()


def code_of(error: BaseException) -> tuple[str, int]:
    """The code and HTTP status of what the SDK raised."""
    assert isinstance(error, TeaException)
    return error.code, error.data["statusCode"]


def put(
    client: Client,
    *logs: tuple[int, Mapping[str, str]],
    topic: str = "",
    compression: str | None = None,
) -> None:
    """PutLogs of logs, each so many seconds after BASE_S."""
    items = [
        models.LogItem(
            time=BASE_S + after_s,
            contents=[models.LogContent(key=key, value=value) for key, value in fields.items()],
        )
        for after_s, fields in logs
    ]
    group = models.LogGroup(
        log_items=items,
        topic=topic,
        source="192.0.2.1",
        log_tags=[models.LogTag(key="role", value="test")],
    )
    client.put_logs_with_options(
        PROJECT,
        STORE,
        models.PutLogsRequest(body=group),
        models.PutLogsHeaders(x_log_compresstype=compression),
        RuntimeOptions(),
    )


def get(client: Client, query: str = "*", **fields: Any) -> Any:  # untyped SDK
    """GetLogsV2 of a day around BASE_S; keywords replace the fields of the request."""
    span = {"from_": BASE_S - 43_200, "to": BASE_S + 43_200}
    request = models.GetLogsV2Request(**{**span, "query": query, **fields})
    return client.get_logs_v2(PROJECT, STORE, request).body
