"""What Function Compute's API says no with: `{"RequestId", "Code", "Message"}`, as the SDK's
`Error` model names them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from infra.localcloud.core.wire import WireAnswer

# Statuses are of the vendor's error tables (2023-03-30, and 2021-04-06 where that gives none).
# inferred: those of FunctionNotEmpty, TriggerNotFound, TriggerAlreadyExists and of the codes for
# what is not configured; that a wrong code package is an InvalidArgument.
_STATUSES: Mapping[str, int] = {
    "AccessDenied": 403,
    "AliasNotFound": 404,
    "AsyncConfigNotExists": 404,
    "ConcurrentUpdateError": 409,
    "DomainNameAlreadyExists": 409,
    "DomainNameNotFound": 404,
    "EntityTooLarge": 400,
    "FunctionAlreadyExists": 409,
    "FunctionNotEmpty": 409,
    "FunctionNotFound": 404,
    "InternalServerError": 500,
    "InvalidAccessKeyID": 403,
    "InvalidArgument": 400,
    "LimitExceeded": 400,
    "MissingRequiredHeader": 400,
    "OnDemandConfigNotFound": 404,
    "PathNotSupported": 400,
    "ProvisionConfigNotFound": 404,
    "ResourceExhausted": 429,
    "ResourceThrottled": 503,
    "ScalingConfigNotFound": 404,
    "SignatureNotMatch": 403,
    "TriggerAlreadyExists": 409,
    "TriggerNotFound": 404,
    "VersionNotFound": 404,
}


class FcRefused(Exception):
    """A request that the API refuses; `code` and `message` go into the answer."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def invalid(message: str) -> FcRefused:
    """An InvalidArgument."""
    return FcRefused("InvalidArgument", message)


def json_reply(status: int, body: object, headers: Mapping[str, str] | None = None) -> WireAnswer:
    """A JSON answer."""
    text = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    return WireAnswer(status, text, {"Content-Type": "application/json", **(headers or {})})


def refusal(code: str, message: str, request_id: str) -> WireAnswer:
    """The answer for `code`; one that is not in the table is a 400."""
    body = {"RequestId": request_id, "Code": code, "Message": message}
    return json_reply(_STATUSES.get(code, 400), body, {"X-Fc-Request-Id": request_id})
