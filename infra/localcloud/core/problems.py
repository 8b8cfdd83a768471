"""RFC 9457 problems, the one form in which the cloud's own pages say no."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass

from aiohttp import web
from pydantic import ValidationError

log = logging.getLogger("localcloud")

_CODES = {
    400: "invalid_request",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "payload_too_large",
    415: "unsupported_media_type",
}
"""The stable code of each status, as in the API's own problems."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class FieldError:
    """A field of the request that is wrong, and why."""

    field: str
    reason: str


class RequestRefused(Exception):
    """The request cannot be carried out; becomes the answer `status` with the fields at fault."""

    def __init__(self, status: int, title: str, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.errors = tuple(errors)

    @classmethod
    def for_field(cls, field: str, reason: str) -> RequestRefused:
        """A 400 that blames one field."""
        return cls(400, "Invalid request", [FieldError(field, reason)])

    @classmethod
    def for_model(cls, error: ValidationError) -> RequestRefused:
        """A 400 that blames each field which pydantic refused."""
        return cls(
            400,
            "Invalid request",
            [
                FieldError(".".join(str(part) for part in item["loc"]) or "body", item["msg"])
                for item in error.errors(include_url=False, include_input=False)
            ],
        )


def problem(refused: RequestRefused) -> web.Response:
    """The `application/problem+json` answer; `detail` names the fields for a reader of curl."""
    content: dict[str, object] = {
        "type": "about:blank",
        "title": refused.title,
        "status": refused.status,
        "code": _CODES.get(refused.status, "internal_error"),
    }
    if refused.errors:
        content["detail"] = "; ".join(f"{error.field}: {error.reason}" for error in refused.errors)
        content["errors"] = [asdict(error) for error in refused.errors]
    return web.Response(
        status=refused.status,
        body=json.dumps(content, ensure_ascii=False).encode(),
        content_type="application/problem+json",
    )


@web.middleware
async def as_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer refusals, the router's own 404 and 405, and bugs as problems."""
    try:
        return await handler(request)
    except RequestRefused as refused:
        return problem(refused)
    except web.HTTPClientError as error:
        answer = problem(RequestRefused(error.status, error.reason))
        if "Allow" in error.headers:
            answer.headers["Allow"] = error.headers["Allow"]
        return answer
    except Exception as error:  # the server's edge: whoever called learns that it did not happen
        log.exception("%s %s failed", request.method, request.path)
        return problem(RequestRefused(500, f"{type(error).__name__}; the cloud's log has the rest"))
