"""A request's JSON body, checked in the order in which a client can mend it."""

from __future__ import annotations

import json
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.errors import (
    FieldProblem,
    Forbidden,
    MethodNotAllowed,
    PayloadTooLarge,
    RequestInvalid,
    UnsupportedMediaType,
)
from shared.fc.events import HttpRequest

MAX_BODY_BYTES = 16 * 1024


class Body(BaseModel):
    """The base of request bodies: no unknown fields, no silent conversion."""

    # Built when first used: a function that checks codes never pays for the model of a request.
    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, hide_input_in_errors=True, defer_build=True
    )


Model = TypeVar("Model", bound=Body)


def refuse_what_never_fits(
    request: HttpRequest, *, method: str, max_bytes: int = MAX_BODY_BYTES
) -> None:
    """Raises MethodNotAllowed, PayloadTooLarge, or Forbidden for an asynchronous invocation.

    Any client may ask the platform to run an HTTP call later (X-Fc-Invocation-Type: Async); nobody
    would hear the answer, and the platform would repeat it on failure.
    """
    if request.method != method:
        raise MethodNotAllowed(method)
    if len(request.body) > max_bytes:
        raise PayloadTooLarge
    if request.is_asynchronous:
        raise Forbidden


def parse_body(request: HttpRequest, model: type[Model]) -> Model:
    """The body as `model`. Raises UnsupportedMediaType, RequestInvalid naming every bad field."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json":
        raise UnsupportedMediaType
    try:
        data = json.loads(request.body.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise RequestInvalid(FieldProblem("body", "not JSON in UTF-8")) from None
    if not isinstance(data, dict):
        raise RequestInvalid(FieldProblem("body", "not a JSON object"))
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise RequestInvalid(
            *(
                FieldProblem(_path(each["loc"]), each["msg"])
                for each in error.errors(include_input=False, include_url=False)[:20]
            )
        ) from None


def _path(location: tuple[int | str, ...]) -> str:
    """Where a problem is, such as `client.ip`. Names are the caller's: cut, and made Unicode."""
    path = ".".join(str(part) for part in location if part != "[key]")
    return path[:100].encode("utf-8", "replace").decode()


def _refuse_constant(name: str) -> object:
    raise ValueError(name)  # NaN and Infinity are not JSON
