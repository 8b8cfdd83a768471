"""GET /v1/openapi.json, GET /v1/jwks.json, and the answer for every path under /v1 that is none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from shared.errors import MethodNotAllowed, NotFound
from shared.fc.events import HttpRequest
from shared.fc.responses import HttpResponse

CACHED_S = 300
"""A new key is published for longer than that before it signs."""


class DescribeApiEndpoint:
    """Serves the OpenAPI description that was generated from the models, and the keys of tokens.

    jwks: a JWK Set, of which a client may keep its copy for CACHED_S.
    """

    def __init__(self, openapi: Path, *, jwks: Mapping[str, object]) -> None:
        cached = {"Cache-Control": f"public, max-age={CACHED_S}"}
        described = json.loads(openapi.read_text(encoding="utf-8"))
        self._answers = {
            "/v1/openapi.json": HttpResponse(200, described, cached),
            # RFC 7517 section 8.5.2
            "/v1/jwks.json": HttpResponse(
                200, jwks, {**cached, "Content-Type": "application/jwk-set+json"}
            ),
        }

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """200 with what the path is for; 404 for any other path."""
        answer = self._answers.get(request.path)
        if answer is None:
            raise NotFound
        if request.method not in ("GET", "HEAD"):
            raise MethodNotAllowed("GET, HEAD")
        return answer
