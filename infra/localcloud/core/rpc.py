"""What every service behind the OpenAPI gateway shares in RPC style: the action is a header, the
parameters are the query and the form, and the gateway checks both before the service sees them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from infra.localcloud.core.acs3 import read_authorization, verify
from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.identities import Identity
from infra.localcloud.core.signatures import (
    GatewayRefused,
    Nonces,
    function_behind,
    read_parameters,
)
from infra.localcloud.core.wire import WireRequest

_ACTION = re.compile(r"[A-Za-z]{1,64}", re.ASCII)

OperationT = TypeVar("OperationT")


@dataclass(frozen=True, slots=True)
class RpcCall(Generic[OperationT]):
    """A request that the gateway let through."""

    action: str
    operation: OperationT
    signer: Identity
    parameters: dict[str, str]


class RpcService(Generic[OperationT]):
    """A service of one version. `_operations`, by action, is the service's own."""

    version: str
    _operations: Mapping[str, OperationT]

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._nonces = Nonces()

    def operation(self, request: WireRequest) -> str:
        """The action, as the header names it."""
        action = request.headers.get("x-acs-action", "")
        return action if _ACTION.fullmatch(action) else "?"

    def caller(self, request: WireRequest) -> str:
        """The function whose session the Credential names."""
        authorization = read_authorization(request)
        if authorization is None:
            return ""
        return function_behind(self._cloud.identities, authorization.access_key_id)

    def admit(self, request: WireRequest) -> RpcCall[OperationT]:
        """The call, signed and known. Raises GatewayRefused."""
        query, form = read_parameters(request)
        signer = verify(request, query, self._cloud, self._nonces)
        action = self.operation(request)
        operation = self._operations.get(action)
        if operation is None or request.headers["x-acs-version"] != self.version:
            raise GatewayRefused("InvalidAction.NotFound")
        return RpcCall(action, operation, signer, dict(query + form))

    def allows(
        self,
        request: WireRequest,
        call: RpcCall[OperationT],
        service: str,
        resources: list[str] | None = None,
    ) -> bool:
        """True if RAM lets the signer do this; without resources, the service has none to name."""
        return self._cloud.access.allows(
            call.signer,
            f"{service}:{call.action}",
            resources or ["*"],
            source_ip=request.peer_ip,
        )
