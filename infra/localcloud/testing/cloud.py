"""One running local cloud, as a test holds it: addresses and keys for any client, and the control
plane as methods.

Nothing here is of an SDK: what a client's constructor wants is given as plain values.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

TIMEOUT_S = 30


class CallRefused(Exception):
    """The control plane said no; the text is its own."""


@dataclass(frozen=True, slots=True)
class LocalCloud:
    """A cloud that answers. endpoints: `http://127.0.0.1:PORT` by service.

    control: the control plane's address, for what has no method here.
    """

    endpoints: Mapping[str, str]
    control: str
    access_key_id: str
    access_key_secret: str
    instance: str

    def endpoint(self, service: str) -> str:
        """`http://127.0.0.1:PORT` of a service. Raises KeyError for one that was not started."""
        return self.endpoints[service]

    @property
    def environment(self) -> dict[str, str]:
        """What `mock_aliyun` sets while it is active: the keys under the names that Alibaba's
        SDKs read, and `ALIBABA_CLOUD_<SERVICE>_ENDPOINT`, which is a name of our own.
        """
        places = {
            f"ALIBABA_CLOUD_{name.upper()}_ENDPOINT": endpoint
            for name, endpoint in self.endpoints.items()
        }
        return {
            "ALIBABA_CLOUD_ACCESS_KEY_ID": self.access_key_id,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": self.access_key_secret,
            "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true",
            **({"OTS_INSTANCE": self.instance} if "tablestore" in self.endpoints else {}),
            **places,
        }

    def openapi_config(self, service: str) -> dict[str, str]:
        """Arguments of `alibabacloud_tea_openapi`'s Config, for Dysmsapi, STS, RAM, KMS and
        DirectMail.
        """
        return {
            "access_key_id": self.access_key_id,
            "access_key_secret": self.access_key_secret,
            "endpoint": self.endpoint(service).removeprefix("http://"),
            "protocol": "http",
        }

    @property
    def tablestore_arguments(self) -> tuple[str, str, str, str]:
        """The positional arguments of `tablestore.OTSClient`."""
        keys = (self.access_key_id, self.access_key_secret)
        return (self.endpoint("tablestore"), *keys, self.instance)

    @property
    def queue_arguments(self) -> tuple[str, str, str]:
        """The positional arguments of `mns.account.Account`."""
        return (self.endpoint("smq"), self.access_key_id, self.access_key_secret)

    def advance(self, seconds: float) -> None:
        """Move the cloud's clock; TTLs, limits, sessions, retries and timers live on it."""
        self.ask("POST", "/clock", {"advance_s": seconds})

    def fail(self, service: str, operation: str, kind: str, *, times: int = 1) -> None:
        """Let the next `times` requests go wrong; for the kinds see the README."""
        fault = {"service": service, "operation": operation, "kind": kind, "times": times}
        self.ask("POST", "/faults", fault)

    # Any: what the control plane answers is JSON.
    def messages(self, phone: str | None = None) -> list[dict[str, Any]]:
        """The SMS that a phone has (E.164), or all have, newest first."""
        query = "?" + urlencode({"phone": phone}) if phone else ""
        found: list[dict[str, Any]] = self.ask("GET", f"/inbox{query}")
        return found

    def reply(self, phone: str, content: str) -> None:
        """Let a phone answer its newest message."""
        self.ask("POST", "/inbox/reply", {"phone": phone, "content": content})

    def meter(self) -> list[dict[str, Any]]:
        """How often each operation was called since the last reset."""
        readings: list[dict[str, Any]] = self.ask("GET", "/meter")["operations"]
        return readings

    def approve_sign(self, name: str) -> None:
        """End the review of a sign that CreateSmsSign put up."""
        self.ask("POST", f"/signs/{quote(name, safe='')}", {"state": "approved"})

    def approve_template(self, code: str) -> None:
        """End the review of a template that CreateSmsTemplate put up."""
        self.ask("POST", f"/templates/{quote(code, safe='')}", {"state": "approved"})

    def reset(self) -> None:
        """Forget everything, be back on the host's time, with the same keys at the same ports."""
        self.ask("POST", "/reset")

    def snapshot(self, name: str | None = None) -> str:
        """Keep what is there now; the name to `restore` it by."""
        taken = self.ask("POST", "/snapshots", {} if name is None else {"name": name})
        return str(taken["name"])

    def restore(self, name: str) -> None:
        """Be again what `snapshot` saw."""
        self.ask("POST", f"/snapshots/{quote(name, safe='')}/restore")

    def ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        """Any call of the control plane; its JSON. Raises CallRefused."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.control + path, data=data, method=method)
        # No proxy of the environment may stand between a test and its own machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=TIMEOUT_S) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                problem = json.loads(error.read())
            raise CallRefused(problem.get("detail") or problem["title"]) from None
