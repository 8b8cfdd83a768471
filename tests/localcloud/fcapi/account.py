"""A running cloud, and the official SDK that deploys to it."""

from __future__ import annotations

import base64
import io
import json
import time
import zipfile
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
from alibabacloud_fc20230330 import models as fc
from alibabacloud_fc20230330.client import Client
from alibabacloud_tea_openapi.utils_models import Config
from darabonba.exceptions import DaraException
from darabonba.runtime import RuntimeOptions
from mns.account import Account as MnsAccount
from mns.queue import Queue, QueueMeta

from infra.localcloud.run.up import RunningCloud, UpOptions, up
from tests.background import Background
from tests.localcloud.up.small import SmallProject

ROLE = "acs:ram::1000000000000001:role/hello"
ECHO = """
import json, os

def handler(event, context):
    return json.dumps({
        "event": event.decode(),
        "word": os.environ.get("WORD"),
        "name": context.function.name,
        "key": context.credentials.access_key_id[:4],
    })
"""
PAGE = """
def handler(event, context):
    return {"statusCode": 200, "headers": {"X-Kind": "page"}, "body": event.decode()}
"""
BROKEN = "def handler(event, context): raise ValueError('no')"


class Account:
    """An account on a cloud of its own, whose folder outlives a restart."""

    def __init__(self, folder: Path, *, more_yaml: str = "") -> None:
        """more_yaml: further lines for the one function of s.yaml."""
        self._folder = folder
        self._background = Background()
        self._small = SmallProject(folder / "project")
        with (folder / "project" / "s.yaml").open("a") as file:
            file.write(more_yaml)
        self._mns: list[MnsAccount] = []
        self.http = httpx.Client(trust_env=False, timeout=15)
        self._open()

    def _open(self) -> None:
        options = UpOptions(port=0, data=self._folder / "data")
        self._cloud: AbstractAsyncContextManager[RunningCloud] = up(options, self._small.project())
        self.running = self._background.run(self._cloud.__aenter__())
        self.sdk = self.client()

    def restart(self) -> None:
        """Stop the cloud and start it again on the same data."""
        self._background.run(self._cloud.__aexit__(None, None, None))
        self._open()

    def close(self) -> None:
        self.http.close()
        for account in self._mns:
            account.mns_client.close_connection()
        self._background.run(self._cloud.__aexit__(None, None, None))
        self._background.close()

    def client(self, **options: str) -> Client:
        """The SDK's client with the root key, or with other options."""
        key = self.running.surroundings.access_key
        settings = {
            "access_key_id": key.access_key_id,
            "access_key_secret": key.access_key_secret,
            "protocol": "HTTP",
            "endpoint": self.endpoint.removeprefix("http://"),
            **options,
        }
        return Client(Config(**settings))

    @property
    def endpoint(self) -> str:
        return self.running.fc

    @property
    def gateway(self) -> str:
        return self.running.surroundings.endpoints.gateway

    def create(self, name: str = "hello", code: Any = ECHO, **settings: Any) -> Any:
        """A new function; what the API answers. code: the text of its module, or a location."""
        if isinstance(code, str):
            code = fc.InputCodeLocation(zip_file=zipped(code))
        wanted = {
            "function_name": name,
            "runtime": "python3.10",
            "handler": "index.handler",
            "timeout": 10,
            "role": ROLE,
            "code": code,
            **settings,
        }
        request = fc.CreateFunctionRequest(body=fc.CreateFunctionInput(**wanted))
        return self.sdk.create_function(request).body

    def update(self, name: str = "hello", **settings: Any) -> Any:
        request = fc.UpdateFunctionRequest(body=fc.UpdateFunctionInput(**settings))
        return self.sdk.update_function(name, request).body

    def trigger(
        self, name: str, kind: str, config: object, *, function: str = "hello", **more: str
    ) -> Any:
        """A new trigger of a function."""
        body = fc.CreateTriggerInput(
            trigger_name=name, trigger_type=kind, trigger_config=json.dumps(config), **more
        )
        return self.sdk.create_trigger(function, fc.CreateTriggerRequest(body=body)).body

    def invoke(self, name: str = "hello", event: bytes = b"{}", **headers: str) -> Any:
        """The SDK's whole response; its body is read."""
        answer = self.sdk.invoke_function_with_options(
            name,
            fc.InvokeFunctionRequest(body=io.BytesIO(event)),
            fc.InvokeFunctionHeaders(**headers),
            RuntimeOptions(),
        )
        answer.body = answer.body.read()
        return answer

    def said(self, name: str = "hello", event: bytes = b"{}") -> Any:
        """What the function returned, decoded."""
        return json.loads(self.invoke(name, event).body)

    def names(self) -> list[str]:
        """Every function that is listed."""
        found = self.sdk.list_functions(fc.ListFunctionsRequest(limit=100)).body.functions
        return [function.function_name for function in found]

    def queue(self, name: str) -> Queue:
        """A queue of the cloud, made if need be, through the SDK of SMQ."""
        key = self.running.surroundings.access_key
        smq = self.running.surroundings.endpoints.smq
        account = MnsAccount(smq, key.access_key_id, key.access_key_secret)
        self._mns.append(account)
        queue = account.get_queue(name)
        queue.create(QueueMeta())
        return queue

    def received(self, queue: Queue) -> str:
        """The text of the next message of the queue, as it lies there."""
        queue.set_encoding(False)
        return str(queue.receive_message(wait_seconds=8).message_body)

    def reset(self) -> None:
        """Start the cloud anew by its control plane."""
        self.http.post(f"{self.running.control}/reset").raise_for_status()

    def invocations(self) -> list[dict[str, Any]]:
        """What the control plane shows of the functions' runs."""
        return list(self.http.get(f"{self.running.control}/invocations").json())


def refused(call: Callable[[], object]) -> tuple[int, str]:
    """Status and code of the error that the SDK raises."""
    error = error_of(call)
    return error.status_code, error.code


def error_of(call: Callable[[], object]) -> Any:
    """The error that the SDK raises."""
    with pytest.raises(DaraException) as caught:
        call()
    return caught.value


def zipped(code: str, name: str = "index.py") -> str:
    """A code package in base64."""
    return base64.b64encode(zip_bytes(code, name)).decode()


def zip_bytes(code: str, name: str = "index.py") -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), code)
    return content.getvalue()


def until(claim: Callable[[], Any]) -> Any:
    """What `claim` gives as soon as it is truthy. Raises TimeoutError after 8 s."""
    deadline = time.monotonic() + 8
    while not (found := claim()):
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.02)
    return found
