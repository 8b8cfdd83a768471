"""What a browser may send to the console: whose request it is, its form, and where it may lead."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

from shared.console.page import HOME
from shared.errors import (
    FieldProblem,
    Forbidden,
    MethodNotAllowed,
    PayloadTooLarge,
    RequestInvalid,
    UnsupportedMediaType,
)
from shared.fc.events import HttpRequest

MAX_FORM_BYTES = 64 * 1024
# A path of the console with its query: nothing that a browser could take for another site.
_OWN_ADDRESS = re.compile(
    r"/console/([A-Za-z0-9_-]+/)*[A-Za-z0-9_-]*(\?[\x21-\x5b\x5d-\x7e]{0,2000})?"
)


def allow(request: HttpRequest, *methods: Literal["GET", "HEAD", "POST"]) -> None:
    """Raises MethodNotAllowed for any other method."""
    if request.method not in methods:
        raise MethodNotAllowed(", ".join(methods))


def refuse_what_is_not_ours(request: HttpRequest) -> None:
    """Raises Forbidden for what another site's page asks for: the platform answers CORS with
    credentials of its own accord, and a sibling domain is not held off by SameSite. A link from
    elsewhere is welcome. Who runs the call later (X-Fc-Invocation-Type: Async) hears no answer.
    """
    if request.is_asynchronous:
        raise Forbidden
    is_link = request.headers.get("sec-fetch-mode") == "navigate" and request.method != "POST"
    if site_of(request) not in ("same-origin", "none", "") and not is_link:
        raise Forbidden
    origin, host = request.headers.get("origin"), request.headers.get("host", "")
    is_told = site_of(request) == "same-origin" or origin is None
    if not is_told and urlsplit(origin or "").netloc.lower() != host.lower():
        raise Forbidden


def site_of(request: HttpRequest) -> str:
    """Whose page asks, by the browser's word: `same-origin`, `cross-site`; "" without one."""
    return request.headers.get("sec-fetch-site", "").lower()


def form_of(request: HttpRequest) -> dict[str, str]:
    """The fields, the first of each. Raises PayloadTooLarge, UnsupportedMediaType and
    RequestInvalid.
    """
    if len(request.body) > MAX_FORM_BYTES:
        raise PayloadTooLarge
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/x-www-form-urlencoded":
        raise UnsupportedMediaType
    try:
        pairs = parse_qsl(
            request.body.decode("ascii"),
            keep_blank_values=True,
            errors="replace",
            max_num_fields=100,
        )
    except ValueError:
        raise RequestInvalid(FieldProblem("form", "not a form")) from None
    found: dict[str, str] = {}
    for name, value in pairs:
        found.setdefault(name, value)
    return found


def own_address(location: str) -> str:
    """The location if it is the console's own, else its home: nobody is sent elsewhere."""
    return location if _OWN_ADDRESS.fullmatch(location) else HOME
