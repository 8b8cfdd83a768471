"""How the inbox page answers: the headers of every answer, and JSON."""

from __future__ import annotations

import json

from aiohttp import web

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; frame-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def json_answer(content: object) -> web.Response:
    """A JSON answer that nobody keeps."""
    return web.Response(
        body=json.dumps(content, ensure_ascii=False).encode(),
        headers={"Content-Type": "application/json", **SECURITY_HEADERS},
    )
