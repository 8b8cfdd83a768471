"""Answers in the one shape that both gateways take, and errors as RFC 9457 problems."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.errors import (
    MethodNotAllowed,
    ProofRequired,
    Quota,
    RequestInvalid,
    SesameError,
    Throttled,
)

STATUS: Mapping[str, int] = {
    "invalid_request": 400,
    "phone_invalid": 400,
    "purpose_unknown": 400,
    "idempotency_key_invalid": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "destination_not_allowed": 403,
    "proof_required": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "idempotency_in_progress": 409,
    "message_not_cancellable": 409,
    "payload_too_large": 413,
    "unsupported_media_type": 415,
    "otp_invalid": 422,
    "challenge_invalid": 422,
    "idempotency_key_reused": 422,
    "throttled": 429,
    "internal_error": 500,
    "provider_unavailable": 503,
    "store_unavailable": 503,
}
_TITLES: Mapping[int, str] = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
# Registered by draft-ietf-httpapi-ratelimit-headers for a quota that is spent.
_QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded"


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An answer before it takes the platform's shape."""

    status: int
    body: Mapping[str, object]
    headers: Mapping[str, str] = field(default_factory=dict)

    def as_event(self) -> dict[str, object]:
        """The dict that the platform turns into an HTTP answer."""
        media = "application/problem+json" if self.status >= 400 else "application/json"
        return {
            "isBase64Encoded": False,
            "statusCode": self.status,
            "headers": {
                "Content-Type": media,
                "Cache-Control": "no-store",
                "X-Content-Type-Options": "nosniff",
                **self.headers,
            },
            "body": json.dumps(self.body, ensure_ascii=False),
        }


@dataclass(frozen=True, slots=True, repr=False)
class ContentResponse:
    """An answer that is not JSON: a page or a file. headers: all of them.

    body: bytes as the client gets them, compressed or not. It travels as base64, which serves for
    both. error_code: for the log.
    """

    status: int
    body: bytes
    headers: Mapping[str, str]
    error_code: str = ""

    def as_event(self) -> dict[str, object]:
        """The dict that the platform turns into an HTTP answer."""
        return {
            "isBase64Encoded": True,
            "statusCode": self.status,
            "headers": dict(self.headers),
            "body": base64.b64encode(self.body).decode(),
        }


def problem(error: SesameError, request_id: str) -> HttpResponse:
    """`error` as a problem: its stable code, its public text, and nothing of its cause."""
    status = STATUS.get(error.code, 500)
    body: dict[str, object] = {
        "type": "about:blank",
        "title": _TITLES[status],
        "status": status,
        "code": error.code,
        "detail": error.public_message,
        "request_id": request_id,
    }
    headers: dict[str, str] = {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(max(error.retry_after_s, 1))
    if error.is_replay:
        headers["Idempotency-Replayed"] = "true"
    if isinstance(error, Throttled):
        body["type"] = _QUOTA_EXCEEDED
        body["violated-policies"] = [error.quota.policy]
        if error.quota.limit:
            headers.update(rate_limit(error.quota))
    if isinstance(error, RequestInvalid) and error.problems:
        body["errors"] = [{"field": each.field, "reason": each.reason} for each in error.problems]
    if isinstance(error, ProofRequired):
        body["puzzle"] = error.puzzle
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = error.allowed
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="sesame"'
    return HttpResponse(status, body, headers)


def rate_limit(quota: Quota) -> dict[str, str]:
    """The fields of draft-ietf-httpapi-ratelimit-headers for one policy."""
    return {
        "RateLimit-Policy": f'"{quota.policy}";q={quota.limit};w={quota.window_s}',
        "RateLimit": f'"{quota.policy}";r={quota.remaining};t={max(quota.reset_s, 1)}',
    }
