"""The API of Function Compute for fuzzing: calls signed by hand, and the folder behind it."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, quote

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.fcapi.errors import _STATUSES as STATUSES
from infra.localcloud.fcapi.service import FcService
from tests.background import Background
from tests.localcloud.fcapi.account import ROLE, zipped

API = "/2023-03-30"
CODE = "def handler(event, context): return event"
FUNCTION = {
    "functionName": "new",
    "runtime": "python3.10",
    "handler": "index.handler",
    "cpu": 0.5,
    "memorySize": 512,
    "diskSize": 512,
    "timeout": 10,
    "role": ROLE,
    "environmentVariables": {"WORD": "x"},
    "layers": ["acs:fc:cn-hangzhou:official:layers/Python310/versions/1"],
    "logConfig": {"project": "p", "logstore": "l"},
    "instanceLifecycleConfig": {"initializer": {"handler": "index.start", "timeout": 3}},
    "code": {"zipFile": zipped(CODE)},
}
DOMAIN = {
    "domainName": "new.example.com",
    "protocol": "HTTP",
    "routeConfig": {"routes": [{"path": "/v1/*", "functionName": "kept", "methods": ["GET"]}]},
}


class FuzzedFc:
    """One server for all the examples, without a gateway, and the folder behind it."""

    def __init__(self, data: Path) -> None:
        self.cloud = Cloud(data)
        self.service = FcService(self.cloud)
        self._folder = data / "fc"
        self._background = Background()
        self._background.run(self.service.start_alone())
        self._server = self._background.serve(self.service, self.cloud)
        self._address = self._server.endpoint.removeprefix("http://")
        self._connection = http.client.HTTPConnection(self._address, timeout=10)

    def stop(self) -> None:
        self._connection.close()
        self._background.run(self.service.stop())
        self._background.run(self._server.stop())
        self._background.close()
        self.service.close()

    def begin(self) -> None:
        """Have one function, `kept`, and one domain, and nothing else."""
        self._background.run(self._restore())
        kept = {**FUNCTION, "functionName": "kept", "instanceLifecycleConfig": {}}
        self.good("POST", f"{API}/functions", kept)
        domain = {**DOMAIN, "domainName": "kept.example.com"}
        self.good("POST", f"{API}/custom-domains", domain)

    async def _restore(self) -> None:
        self.service.reset()
        await self.service.deployment.restore()

    def kept(self) -> Mapping[str, bytes]:
        """Every file."""
        files = (file for file in self._folder.rglob("*") if file.is_file())
        return {str(file): file.read_bytes() for file in files}

    def good(self, method: str, target: str, content: object) -> None:
        """A call that is in order."""
        status, answer = self.call(method, target, json.dumps(content).encode())
        assert status == 200, answer

    def ask(self, method: str, target: str, body: bytes = b"", **headers: str) -> int:
        """The status of one call, answered in the API's way; what is refused leaves no file."""
        before = self.kept()

        status, answer = self.call(method, target, body, **headers)

        if status < 300:
            assert not answer or json.loads(answer, parse_constant=_no_json) is not None
            return status
        error = json.loads(answer)
        assert error.keys() == {"RequestId", "Code", "Message"}
        assert status == STATUSES[error["Code"]] < 500, error
        assert self.kept() == before
        return status

    def call(
        self, method: str, target: str, body: bytes = b"", **changes: str
    ) -> tuple[int, bytes]:
        """One call, signed from the specification of ACS3; keywords add headers."""
        headers = {
            "host": self._address,
            "x-acs-action": "Any",
            "x-acs-version": "2023-03-30",
            "x-acs-date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "x-acs-signature-nonce": str(uuid.uuid4()),
            "x-acs-content-sha256": hashlib.sha256(body).hexdigest(),
            "content-type": "application/json",
            **{name.replace("_", "-"): value for name, value in changes.items()},
        }
        path, _, query = target.partition("?")
        pairs = sorted(parse_qsl(query, keep_blank_values=True, errors="replace"))
        names = sorted(headers)
        canonical = "\n".join(
            (
                *(method, path),
                "&".join(f"{quote(k, safe='~')}={quote(v, safe='~')}" for k, v in pairs),
                "".join(f"{name}:{headers[name].strip()}\n" for name in names),
                ";".join(names),
                headers["x-acs-content-sha256"],
            )
        )
        root = self.cloud.identities.root
        text = f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        mac = hmac.new(root.access_key_secret.encode(), text.encode(), "sha256").hexdigest()
        headers["authorization"] = (
            f"ACS3-HMAC-SHA256 Credential={root.access_key_id},"
            f"SignedHeaders={';'.join(names)},Signature={mac}"
        )
        sent = {name: value.encode() for name, value in headers.items()}
        self._connection.request(method, target, body=body, headers=sent)
        answer = self._connection.getresponse()
        return answer.status, answer.read()


def _no_json(constant: str) -> object:
    raise AssertionError(f"{constant} is no JSON")
