"""Pages and files as HTTP answers: headers that keep a browser strict, and compression."""

from __future__ import annotations

import gzip
from collections.abc import Mapping

from shared.console.page import HOME
from shared.fc.events import HttpRequest
from shared.fc.responses import ContentResponse

SESSION_COOKIE, LOCALE_COOKIE = "sesame_session", "sesame_locale"
_YEAR_S = 365 * 24 * 3600
_LEAST_TO_COMPRESS = 600
# No style in pages, no script but the console's own, no frame, no form that posts elsewhere.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_STRICT = {
    "Content-Security-Policy": _POLICY,
    # Not `no-referrer`: browsers would then send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


def html_answer(
    request: HttpRequest,
    html: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    error_code: str = "",
) -> ContentResponse:
    """A page, never kept by anything on its way."""
    return _answer(
        request,
        status,
        html.encode("utf-8", "replace"),
        {
            "Content-Type": "text/html; charset=utf-8",
            "Cache-Control": "no-store",
            **(headers or {}),
        },
        error_code,
    )


def file_answer(
    request: HttpRequest, content: bytes, *, media_type: str, tag: str
) -> ContentResponse:
    """A static file: for a year under the address that bears its hash, else asked for each time."""
    is_named = request.query.get("v") == tag
    headers = {
        "Cache-Control": f"public, max-age={_YEAR_S}, immutable" if is_named else "no-cache",
        "ETag": f'"{tag}"',
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return ContentResponse(304, b"", {**_STRICT, **headers})
    return _answer(request, 200, content, {"Content-Type": media_type, **headers})


def download_answer(
    request: HttpRequest, body: str, *, name: str, media_type: str
) -> ContentResponse:
    """A file to keep. The platform takes `attachment` away; `inline` still names the file."""
    headers = {
        "Content-Type": f"{media_type}; charset=utf-8",
        "Content-Disposition": f'inline; filename="{name}"',
        "Cache-Control": "no-store",
    }
    return _answer(request, 200, body.encode("utf-8", "replace"), headers)


def redirect_answer(location: str, *, cookie: str | None = None) -> ContentResponse:
    """Go on there with a GET."""
    headers = {**_STRICT, "Location": location, "Cache-Control": "no-store"}
    if cookie is not None:
        headers["Set-Cookie"] = cookie
    return ContentResponse(303, b"", headers)


def cookie_of(request: HttpRequest, name: str, value: str, *, life_s: int) -> str:
    """A cookie's header. One answer sets at most one: the platform takes one value a header.

    It is for HTTPS alone, but on the machine itself, where the local cloud is.
    """
    host = request.headers.get("host", "").lower()
    name_of_host = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    is_here = name_of_host in ("127.0.0.1", "localhost", "[::1]")
    secure = "" if is_here else "; Secure"
    return f"{name}={value}; Path={HOME}; Max-Age={life_s}; HttpOnly; SameSite=Strict{secure}"


def _answer(
    request: HttpRequest,
    status: int,
    body: bytes,
    headers: Mapping[str, str],
    error_code: str = "",
) -> ContentResponse:
    own = {**_STRICT, **headers}
    if len(body) >= _LEAST_TO_COMPRESS:
        own["Vary"] = "Accept-Encoding"
        if _takes_gzip(request.headers.get("accept-encoding", "")):
            own["Content-Encoding"] = "gzip"
            body = gzip.compress(body, 6, mtime=0)
    return ContentResponse(status, b"" if request.method == "HEAD" else body, own, error_code)


def _takes_gzip(accept_encoding: str) -> bool:
    for item in accept_encoding.lower().split(","):
        name, _, weight = item.replace(" ", "").partition(";")
        if name == "gzip":
            return weight not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
