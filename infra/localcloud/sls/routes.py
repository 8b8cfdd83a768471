"""What a request addresses: the project by its host, the operation by method, path and query.

The project is the first label of the host, `<project>.<endpoint>`. `*.localhost` does not resolve
everywhere, and `<project>.127.0.0.1` nowhere. So a client names this service twice, as the endpoint
and as its HTTP proxy; the request then arrives here with an absolute target (RFC 9112 section
3.2.2), no name is looked up, and a client that forgets the proxy reaches nobody:

    Config(endpoint="127.0.0.1:8008", protocol="http", http_proxy="http://127.0.0.1:8008", ...)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from infra.localcloud.core.signatures import MalformedText, read_pairs
from infra.localcloud.core.wire import WireRequest
from infra.localcloud.sls.errors import SlsRefused

_ABSOLUTE = re.compile(r"https?://[^/?]*", re.IGNORECASE)
_HOST = re.compile(
    r"(?:(?P<project>[^.:]+)\.)?"
    r"(?:127\.0\.0\.1|localhost|[a-z0-9-]+\.(?:log|sls)\.aliyuncs\.com)(?::\d{1,5})?",
    re.IGNORECASE,
)
_VERBS = {"POST": "Create", "GET": "Get", "PUT": "Update", "DELETE": "Delete"}
_COLLECTIONS = {
    "logstores": ("LogStore", "ListLogStores"),
    "dashboards": ("Dashboard", "ListDashboard"),
    "alerts": ("Alert", "ListAlerts"),
    "savedsearches": ("SavedSearch", "ListSavedSearch"),
}
_ALERT_ACTIONS = {"enable": "EnableAlert", "disable": "DisableAlert"}


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes. project: "" if the host names none. path: decoded, as V1 signs it."""

    project: str
    path: str
    segments: tuple[str, ...]
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Route:
    """The operation and the names in its path. operation: "?" if there is none such."""

    operation: str
    store: str = ""
    name: str = ""


def read_target(request: WireRequest) -> Target:
    """The request's address, decoded. Raises SlsRefused for a foreign host or a broken target."""
    host = _HOST.fullmatch(request.headers.get("Host", ""))
    if host is None:
        raise SlsRefused("InvalidHost")
    raw = _ABSOLUTE.sub("", request.target, count=1) or "/"
    path, _, query = raw.partition("?")
    try:
        raw.encode()
        segments = tuple(unquote(part, errors="strict") for part in path.split("/") if part)
        pairs = read_pairs(query)
    except (MalformedText, UnicodeError) as error:
        raise SlsRefused("ParameterInvalid", "the URL is not percent-encoded UTF-8") from error
    return Target(host["project"] or "", "/" + "/".join(segments), segments, dict(pairs))


def route(method: str, target: Target) -> Route:
    """The operation that the request means, by the API's reference of 2020-12-30."""
    match target.segments:
        case ():
            return Route(_project_operation(method, target))
        case (collection,) if collection in _COLLECTIONS:
            noun, listing = _COLLECTIONS[collection]
            return Route({"POST": f"Create{noun}", "GET": listing}.get(method, "?"))
        case (collection, name) if collection in _COLLECTIONS and method in _VERBS:
            return _member(method, collection, name, target)
        case ("logstores", store, "index"):
            if method == "GET" and target.query.get("type") == "histogram":
                return Route("GetHistograms", store)
            return Route(f"{_VERBS[method]}Index" if method in _VERBS else "?", store)
        case ("logstores", store, "logs") if method == "POST":
            return Route("GetLogsV2", store)  # GetLogs of SDK 5 is the same on the wire
        case ("logstores", store, "shards", "lb") if method == "POST":
            return Route("PutLogs", store)
    return Route("?")


def _project_operation(method: str, target: Target) -> str:
    if method == "GET" and not target.project:
        return "ListProject"
    return f"{_VERBS[method]}Project" if method in _VERBS else "?"


def _member(method: str, collection: str, name: str, target: Target) -> Route:
    if method == "POST":
        return Route("?")
    noun, _ = _COLLECTIONS[collection]
    operation = f"{_VERBS[method]}{noun}"
    if operation == "UpdateAlert" and "action" in target.query:
        operation = _ALERT_ACTIONS.get(target.query["action"], "?")
    return Route(operation, store=name if collection == "logstores" else "", name=name)
