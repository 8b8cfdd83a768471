"""Who makes a request, by what the platform's event says of it."""

from __future__ import annotations

from shared.access.api_keys import ApiKeys, Caller, Scope
from shared.fc.events import HttpRequest


def caller_of(api_keys: ApiKeys, request: HttpRequest, scope: Scope) -> Caller:
    """The caller, who may do `scope`. Raises Unauthenticated, Forbidden."""
    return api_keys.caller(
        request.headers.get("authorization"),
        scope=scope,
        app_id=request.gateway_app,
        source_ip=request.source_ip,
    )
