"""KMS 2016-01-20 on the wire: GetSecretValue, of secrets that start-up and tests put here.

Making and rotating secrets is the console's business. Inferred: the status and text of
Forbidden.ResourceNotFound, and that a refusal of RAM is Forbidden.RAM; the pages name neither.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.rpc import RpcService
from infra.localcloud.core.signatures import (
    GatewayRefused,
    gateway_error,
    json_answer,
    new_request_id,
)
from infra.localcloud.core.wire import WireAnswer, WireRequest

CURRENT = "ACSCurrent"
Operation = Callable[[Mapping[str, str]], dict[str, object]]


class KmsService(RpcService[Operation]):
    """The secrets of one cloud, in one file that its owner alone can read."""

    name = "kms"
    version = "2016-01-20"

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        folder = cloud.folder(self.name)
        self._file: Path | None = folder / "secrets.json" if folder else None
        self._secrets: dict[str, str] = {}
        if self._file is not None and self._file.exists():
            self._secrets = json.loads(self._file.read_text())
        self._operations = {"GetSecretValue": self._get_secret_value}

    def put_secret(self, name: str, value: str) -> None:
        """Make a secret, or give it a new current version."""
        self._secrets[name] = value
        if self._file is not None:
            draft = self._file.with_suffix(".new")
            draft.touch(mode=0o600)
            draft.write_text(json.dumps(self._secrets))
            draft.replace(self._file)

    def failure(self, request: WireRequest, code: str) -> WireAnswer:
        """The gateway's error."""
        return gateway_error(request, code)

    async def answer(self, request: WireRequest) -> WireAnswer:
        """Check, carry out, answer."""
        try:
            call = self.admit(request)
            resource = self._cloud.access.resource(
                "kms", f"secret/{call.parameters.get('SecretName', '')}"
            )
            if not self.allows(request, call, "kms", [resource]):
                raise GatewayRefused("Forbidden.RAM")
            body = call.operation(call.parameters)
        except GatewayRefused as refused:
            return gateway_error(request, refused.code, refused.message)
        return json_answer(200, {"RequestId": new_request_id(), **body})

    def reset(self) -> None:
        """Forget the nonces; secrets stay, as what start-up made."""
        self._nonces.clear()

    def close(self) -> None:
        """Nothing is open."""

    def _get_secret_value(self, call: Mapping[str, str]) -> dict[str, object]:
        name = call.get("SecretName", "")
        if not name:
            raise GatewayRefused("MissingSecretName", "SecretName is mandatory for this action.")
        value = self._secrets.get(name)
        if value is None or call.get("VersionStage", CURRENT) != CURRENT:
            raise GatewayRefused("Forbidden.ResourceNotFound", "Resource not found.")
        now = datetime.fromtimestamp(self._cloud.clock.now_s(), timezone.utc)
        return {
            "SecretName": name,
            "SecretType": "Generic",
            "SecretData": value,
            "SecretDataType": "text",
            "VersionId": "v1",
            "VersionStages": {"VersionStage": [CURRENT]},
            "CreateTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
