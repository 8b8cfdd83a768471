"""Who may talk to the cloud's own pages: programs on this machine, and pages that it served itself.

Listening on loopback is not enough. A web site can point a name of its own at 127.0.0.1 (DNS
rebinding) or have a browser send requests across origins, and the inbox shows codes and the API
key. So the `Host` must be a loopback name with our port, and what a browser says of a request's
origin must be ours (Fetch Metadata: `Sec-Fetch-Site`; RFC 6454: `Origin`).
"""

from __future__ import annotations

from aiohttp import web

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
HTTP_PORT = 80


def is_addressed_to_us(request: web.BaseRequest) -> bool:
    """True if `Host` is a loopback name with the port that the request came in by."""
    port = request.get_extra_info("sockname")[1]
    hosts = {f"{name}:{port}" for name in LOOPBACK_NAMES}
    if port == HTTP_PORT:
        hosts.update(LOOPBACK_NAMES)
    return _host(request) in hosts


def is_foreign(request: web.BaseRequest) -> bool:
    """True if a browser says that another site's page made the request. Programs say nothing."""
    origin = request.headers.get("Origin")
    if origin is not None and origin.lower() != f"http://{_host(request)}":
        return True
    return request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none")


def is_from_our_page(request: web.BaseRequest) -> bool:
    """True if a browser says that a page of this very origin made the request."""
    proofs = (request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site"))
    return proofs not in ((None, None), (None, "none")) and not is_foreign(request)


def _host(request: web.BaseRequest) -> str:
    return request.headers.get("Host", "").lower()
