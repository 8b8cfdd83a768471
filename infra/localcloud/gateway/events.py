"""HTTP requests as Function Compute hands them to an event function, in its two forms.

Pure: from a request's parts to the event's bytes.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

_CLIENTS_OWN = "x-fc-invocation-type"
"""The one X-Fc-* header that a client may send: it makes the invocation asynchronous."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as it came: raw path and query, headers in order, the peer's address."""

    method: str
    raw_path: str
    raw_query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    peer_ip: str
    protocol: str = "HTTP/1.1"

    def header(self, name: str) -> str:
        """The first header of that name in any case; empty if there is none."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    @property
    def path(self) -> str:
        """The path, decoded."""
        return unquote(self.raw_path, errors="replace")

    @property
    def is_asynchronous(self) -> bool:
        """True if the client asks not to wait for the function."""
        return self.header(_CLIENTS_OWN).lower() == "async"


def http_trigger_event(
    request: HttpRequest, *, request_id: str, now_ms: int, account_id: str, force_base64: bool
) -> bytes:
    """The event of an HTTP trigger, version v1."""
    host = request.header("Host").partition(":")[0]
    headers = (
        (name, value)
        for name, value in request.headers
        if not name.lower().startswith("x-fc-") or name.lower() == _CLIENTS_OWN
    )
    body, is_base64 = _body(request.body, force_base64=force_base64)
    return _encoded(
        {
            "version": "v1",
            "rawPath": request.raw_path,
            "headers": _joined(headers),
            "queryParameters": _query(request),
            "body": body,
            "isBase64Encoded": is_base64,
            "requestContext": {
                "accountId": account_id,
                "domainName": host,
                "domainPrefix": host.partition(".")[0],
                "requestId": request_id,
                "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now_ms / 1000)),
                "timeEpoch": str(now_ms),
                "http": {
                    "method": request.method,
                    "path": request.path,
                    "protocol": request.protocol,
                    "sourceIp": request.peer_ip,
                    "userAgent": request.header("User-Agent"),
                },
            },
        }
    )


def api_gateway_event(request: HttpRequest, *, force_base64: bool, flag_as_text: bool) -> bytes:
    """The event of the traditional API Gateway, with its system headers.

    flag_as_text: write isBase64Encoded as "true" or "false"; both forms are seen in the wild.
    Inferred: that the path stays encoded and that repeated values are joined with commas.
    """
    headers = [
        (name, value)
        for name, value in request.headers
        if not name.lower().startswith("x-fc-")
        and name.lower() not in ("caclientip", "carequestid", "caappid")
    ]
    headers += [("CaClientIp", request.peer_ip), ("CaRequestId", _gateway_request_id())]
    body, is_base64 = _body(request.body, force_base64=force_base64)
    return _encoded(
        {
            "path": request.raw_path,
            "httpMethod": request.method,
            "headers": _joined(headers),
            "queryParameters": _query(request),
            "pathParameters": {},
            "body": body,
            "isBase64Encoded": str(is_base64).lower() if flag_as_text else is_base64,
        }
    )


def _gateway_request_id() -> str:
    digits = secrets.token_hex(16).upper()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Repeated names, in whatever case, as one entry under the first spelling, comma-joined."""
    spelling: dict[str, str] = {}
    joined: dict[str, str] = {}
    for name, value in pairs:
        key = spelling.setdefault(name.lower(), name)
        joined[key] = f"{joined[key]},{value}" if key in joined else value
    return joined


def _query(request: HttpRequest) -> dict[str, str]:
    joined: dict[str, str] = {}
    pairs = parse_qsl(request.raw_query, keep_blank_values=True, errors="replace")
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _body(body: bytes, *, force_base64: bool) -> tuple[str, bool]:
    """The body as text, or as base64 if it is none, and whether it is base64."""
    if not force_base64:
        try:
            return body.decode("utf-8"), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), True


def _encoded(event: dict[str, object]) -> bytes:
    return json.dumps(event, ensure_ascii=False).encode("utf-8", "replace")
