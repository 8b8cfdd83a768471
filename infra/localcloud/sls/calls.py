"""One call of an operation, and how its parameters are read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from infra.localcloud.core.nesting import nests_too_deep
from infra.localcloud.core.signatures import new_request_id
from infra.localcloud.core.wire import WireAnswer, WireRequest
from infra.localcloud.sls.errors import SlsRefused
from infra.localcloud.sls.routes import Route, Target


@dataclass(frozen=True, slots=True)
class Call:
    """A request that has been signed for, taken apart."""

    request: WireRequest
    target: Target
    route: Route

    @property
    def project(self) -> str:
        """The project that the host names; "" if none."""
        return self.target.project

    def body(self) -> dict[str, object]:
        """The JSON object that was sent. Raises SlsRefused."""
        try:
            content = json.loads(self.request.body)
            # Lone surrogates are no text, and NaN and infinity are no JSON.
            json.dumps(content, ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, RecursionError) as error:
            raise SlsRefused("PostBodyInvalid") from error
        if not isinstance(content, dict) or nests_too_deep(content):
            raise SlsRefused("PostBodyInvalid")
        return content

    def page(self, *, size: int) -> tuple[int, int]:
        """Offset and size of a listing; `size` when the call gives none, 500 at most."""
        values = []
        for name, default in (("offset", 0), ("size", size)):
            text = self.target.query.get(name, str(default))
            if not (text.isascii() and text.isdecimal() and len(text) < 10):
                raise SlsRefused("ParameterInvalid", f"{name} is invalid")
            values.append(int(text))
        return values[0], min(values[1], 500)


def text_of(body: Mapping[str, object], name: str, *, default: str | None = None) -> str:
    """A text of a body. Raises SlsRefused if it is missing and has no default, or is no text."""
    value = body.get(name, default)
    if not isinstance(value, str) or (default is None and not value):
        raise SlsRefused("ParameterInvalid", f"{name} is missing or not a string")
    return value


def done() -> WireAnswer:
    """The answer of an operation that gives nothing back."""
    return WireAnswer(200, b"", _headers())


def json_answer(content: object, headers: Mapping[str, str] | None = None) -> WireAnswer:
    """A JSON answer with the service's headers."""
    body = json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")
    return WireAnswer(200, body, {**_headers(), **(headers or {})})


def error_answer(status: int, code: str, message: str) -> WireAnswer:
    """A refusal in the service's form."""
    headers = _headers()
    content = {
        "errorCode": code,
        "errorMessage": message,
        "requestId": headers["x-log-requestid"],
    }
    body = json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")
    return WireAnswer(status, body, headers)


def _headers() -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "x-log-requestid": new_request_id().replace("-", "")[:24],
    }
