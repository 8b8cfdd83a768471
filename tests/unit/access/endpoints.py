"""The two endpoints of codes over fakes, asked by events as the platform makes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.access.api_keys import ApiKeys, hash_key
from shared.access.revocation import Revocations, revocation
from shared.api.otp import RequestOtpEndpoint, VerifyOtpEndpoint
from shared.fc.handler import HttpFunction
from shared.idempotency.record import IdempotencyBook
from shared.otp.request import RequestOtp
from shared.otp.verify import VerifyOtp
from shared.phone_parser import parse_phone
from tests.fakes.service import PHONE, OtpService

KEY, SECOND = "sk_" + "k" * 32, "sk_" + "s" * 32
APP = "24577123"


class Context:
    request_id = "r-1"


@dataclass
class Endpoints:
    """Tenant `shop` with two keys, over one service. scopes, apps: as ApiKeys has them."""

    otp: OtpService = field(default_factory=OtpService)
    tenants: dict[str, str] = field(
        default_factory=lambda: {hash_key(KEY): "shop", hash_key(SECOND): "shop"}
    )
    scopes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    apps: Mapping[str, tuple[str, frozenset[str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.api_keys = ApiKeys(self.tenants, self.scopes, self.apps, Revocations(self.otp.clock))

    def request(self, *, key: str | None = KEY, **event: Any) -> tuple[int, dict[str, Any]]:
        """POST /v1/otp: status and body."""
        use_case = RequestOtp(
            self.otp.core,
            rules=self.otp.rules,
            limits=self.otp.limits,
            idempotency=IdempotencyBook(self.otp.pseudonyms),
            sender=self.otp.sender,
            sandbox=self.otp.sandbox,
        )
        endpoint = RequestOtpEndpoint(
            api_keys=self.api_keys, issue=use_case, parse_phone=parse_phone
        )
        body = {"phone": PHONE, "purpose": "login", **event.pop("body", {})}
        return _ask(endpoint, "/v1/otp", key, body, **event)

    def verify(
        self, challenge_id: str, code: str | None = None, *, key: str | None = KEY, **event: Any
    ) -> tuple[int, dict[str, Any]]:
        """POST /v1/otp/verify: status and body."""
        endpoint = VerifyOtpEndpoint(
            api_keys=self.api_keys, check=VerifyOtp(self.otp.core, limits=self.otp.limits)
        )
        body = {"challenge_id": challenge_id, "code": code or self.otp.sender.last_code}
        return _ask(endpoint, "/v1/otp/verify", key, body, **event)

    def revoke(self, key: str = KEY) -> None:
        """As an operator does."""
        trips = self.otp.memory.trips
        self.otp.store.apply([revocation(hash_key(key), self.otp.clock.now_ms())])
        self.otp.memory.trips = trips


def _ask(
    endpoint: Any,  # of either kind
    path: str,
    key: str | None,
    body: object,
    *,
    by_gateway: bool = False,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, dict[str, Any]]:
    said = {
        "Content-Type": "application/json",
        **({"Authorization": f"Bearer {key}"} if key else {}),
        **(headers or {}),
    }
    event: dict[str, object] = {"headers": said, "body": json.dumps(body)}
    if by_gateway:
        event |= {"httpMethod": "POST", "path": path, "isBase64Encoded": "false"}
    else:
        http = {"method": "POST", "path": path, "sourceIp": "198.51.100.4"}
        event |= {"version": "v1", "requestContext": {"requestId": "1", "http": http}}
    answer = HttpFunction("f", lambda: endpoint).handler(json.dumps(event).encode(), Context())
    return int(str(answer["statusCode"])), json.loads(str(answer["body"]))
