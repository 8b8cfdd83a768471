"""HTTP events as the platform delivers them, as one request, whichever gateway they came through.

Two shapes: the HTTP trigger of FC 3.0 ("version": "v1") and the traditional API Gateway. The
caller's address is the platform's word for it; X-Forwarded-For is the caller's own and is never
read.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from shared.errors import FieldProblem, RequestInvalid


def _flag(value: object) -> object:
    # The traditional gateway writes it as a string.
    return value.lower() == "true" if isinstance(value, str) else value


def _text_map(value: object) -> object:
    return {str(name): str(text) for name, text in value.items()} if isinstance(value, dict) else {}


Flag = Annotated[bool, BeforeValidator(_flag)]
TextMap = Annotated[dict[str, str], BeforeValidator(_text_map)]


class _Event(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

    headers: TextMap = Field(default_factory=dict)
    queryParameters: TextMap = Field(default_factory=dict)
    body: str | None = None
    isBase64Encoded: Flag = False


class _Http(BaseModel):
    method: str
    path: str
    sourceIp: str = ""


class _RequestContext(BaseModel):
    requestId: str = ""
    http: _Http


class HttpTriggerEvent(_Event):
    """FC 3.0, HTTP trigger."""

    version: Literal["v1"]
    requestContext: _RequestContext


class ApiGatewayEvent(_Event):
    """The traditional API Gateway in front of an event function."""

    httpMethod: str
    path: str


@dataclass(frozen=True, slots=True, repr=False)
class HttpRequest:
    """A request. Header names are lower case. source_ip: the peer, as the platform saw it.
    gateway_app: the app that the traditional gateway let in, by its system parameter; never what an
    HTTP trigger passed on, as there any client may write that header. query: decoded; a name that
    is given twice has both values, joined by a comma. request_id: the platform's, if it said it.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    source_ip: str
    gateway_app: str | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    request_id: str = ""

    @property
    def cookies(self) -> Mapping[str, str]:
        """Values by name, the first of each. Several headers arrive joined, by a semicolon or, as
        other headers are, by a comma.
        """
        found: dict[str, str] = {}
        for pair in self.headers.get("cookie", "").replace(",", ";").split(";"):
            name, separator, value = pair.strip().partition("=")
            if separator:
                found.setdefault(name, value)
        return found

    @property
    def is_asynchronous(self) -> bool:
        """True if the caller may have had the platform answer 202 and run this later.

        A header that is given twice arrives joined by commas, and which of the two the platform
        went by is not documented.
        """
        return "async" in self.headers.get("x-fc-invocation-type", "").lower()


def parse_http_event(event: bytes) -> HttpRequest:
    """The request in an event of either shape. Raises RequestInvalid."""
    try:
        return _from_trigger(HttpTriggerEvent.model_validate_json(event))
    except ValidationError:
        pass
    try:
        return _from_gateway(ApiGatewayEvent.model_validate_json(event))
    except ValidationError:
        raise RequestInvalid(FieldProblem("event", "not an HTTP event")) from None


def _from_trigger(event: HttpTriggerEvent) -> HttpRequest:
    http = event.requestContext.http
    return HttpRequest(
        method=http.method.upper(),
        path=http.path,
        headers=_lower(event.headers),
        body=_body(event),
        source_ip=http.sourceIp,
        query=event.queryParameters,
        request_id=event.requestContext.requestId,
    )


def _from_gateway(event: ApiGatewayEvent) -> HttpRequest:
    headers = _lower(event.headers)
    return HttpRequest(
        method=event.httpMethod.upper(),
        path=event.path,
        headers=headers,
        body=_body(event),
        source_ip=headers.get("caclientip", ""),
        gateway_app=headers.get("caappid") or None,
        query=event.queryParameters,
        request_id=headers.get("carequestid", ""),
    )


def _lower(headers: Mapping[str, str]) -> Mapping[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _body(event: _Event) -> bytes:
    text = event.body or ""
    if not event.isBase64Encoded:
        return text.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise RequestInvalid(FieldProblem("body", "not base64")) from None
