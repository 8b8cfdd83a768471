"""GET /v1/openapi.json, and the answer for every path under /v1 that is no route."""

from __future__ import annotations

import json
from pathlib import Path

from shared.errors import MethodNotAllowed, NotFound
from shared.fc.events import HttpRequest
from shared.fc.responses import HttpResponse


class DescribeApiEndpoint:
    """Serves the OpenAPI description that was generated from the models."""

    def __init__(self, openapi: Path) -> None:
        self._openapi = json.loads(openapi.read_text(encoding="utf-8"))

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """200 with the description; 404 for any other path."""
        if request.path != "/v1/openapi.json":
            raise NotFound
        if request.method not in ("GET", "HEAD"):
            raise MethodNotAllowed("GET, HEAD")
        return HttpResponse(200, self._openapi, {"Cache-Control": "public, max-age=300"})
