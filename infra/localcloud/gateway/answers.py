"""What a client gets: the function's response dict as HTTP, or a problem document.

A function error is 502 with `X-Fc-Error-Type`, as the vendor's page on troubleshooting HTTP
functions lists it; the documents' exact bodies are this gateway's own (RFC 9457). A header has one
value, a text, as in all of the vendor's examples: an answer sets at most one cookie (inferred).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from infra.localcloud.fc.invocation import InvocationResult

RESPONSE_HEADERS_LIMIT_BYTES = 8 * 1024
_FORBIDDEN = frozenset(
    ("connection", "content-length", "date", "keep-alive", "server", "upgrade", "transfer-encoding")
)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FIELD_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """Status, headers and body of a response."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def problem(status: int, code: str, detail: str = "") -> HttpAnswer:
    """An RFC 9457 problem document with a stable code."""
    document: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
    }
    if detail:
        document["detail"] = detail
    headers = {"Content-Type": "application/problem+json"}
    return HttpAnswer(status, json.dumps(document).encode(), headers)


def answer_to(result: InvocationResult) -> HttpAnswer:
    """The HTTP answer to an invocation: the function's own, or 502."""
    if result.error_type is not None:
        failed = problem(502, "function_error", "the function failed; see its log")
        headers = {**failed.headers, "X-Fc-Error-Type": result.error_type}
        return HttpAnswer(failed.status, failed.body, headers)
    try:
        return _from_response(json.loads(result.payload))
    except (_BadResponse, ValueError) as error:
        # unverified: what the platform makes of a return value of another shape.
        return _bad_response(str(error), result.request_id)


class _BadResponse(Exception):
    """A return value that is no HTTP response; the text says why."""


def _from_response(response: object) -> HttpAnswer:
    if not isinstance(response, dict):
        raise _BadResponse("the function returned no object")
    status, body = response.get("statusCode"), response.get("body", "")
    if not isinstance(status, int) or isinstance(status, bool) or not 200 <= status <= 599:
        raise _BadResponse("statusCode is not a number from 200 to 599")
    if not isinstance(body, str):
        raise _BadResponse("body is not a text")
    headers = _headers(response.get("headers") or {})
    if response.get("isBase64Encoded") is not True:
        return HttpAnswer(status, body.encode("utf-8", "replace"), headers)
    try:
        return HttpAnswer(status, base64.b64decode(body, validate=True), headers)
    except binascii.Error as error:
        raise _BadResponse("body is not base64") from error


def _headers(headers: object) -> dict[str, str]:
    """The headers that a function may set. Raises _BadResponse for what is no header."""
    if not isinstance(headers, dict):
        raise _BadResponse("headers is not an object")
    kept: dict[str, str] = {}
    for name, value in headers.items():
        if not isinstance(value, str) or not _FIELD_VALUE.fullmatch(value):
            raise _BadResponse(f"header {name}: the value is not a text on one line")
        if not _TOKEN.fullmatch(name):
            raise _BadResponse(f"header {name!r}: not a header name")
        if not _is_forbidden(name.lower(), value):
            kept[name] = value
    if sum(len(name) + len(value) for name, value in kept.items()) > RESPONSE_HEADERS_LIMIT_BYTES:
        raise _BadResponse("the response headers exceed 8 KB")
    return kept


def _is_forbidden(name: str, value: str) -> bool:
    is_attachment = name == "content-disposition" and value.lower().startswith("attachment")
    return name in _FORBIDDEN or name.startswith("x-fc-") or is_attachment


def _bad_response(reason: str, request_id: str) -> HttpAnswer:
    document = {"Code": "BadResponse", "Message": reason, "RequestId": request_id}
    headers = {"Content-Type": "application/json"}
    return HttpAnswer(502, json.dumps(document).encode(), headers)
