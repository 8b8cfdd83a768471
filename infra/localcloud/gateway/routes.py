"""Which function a path belongs to: the rules of a custom domain's routes.

An exact path, or a prefix that ends in `/*`; the longest match wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from infra.serverless_devs import FunctionSpec, Route


@dataclass(frozen=True, slots=True)
class Match:
    """The function for a request; None with `allowed` set if the path is there for other
    methods only, None without if the path is not there. is_forbidden: it is there, and closed.
    is_default_domain: it is the address that the platform gives an HTTP trigger.
    """

    function: str | None
    allowed: tuple[str, ...] = ()
    is_forbidden: bool = False
    is_default_domain: bool = False


class RouteTable:
    """The routes of s.yaml, whose domains are not told apart, or those of one deployed domain."""

    def __init__(
        self, functions: Sequence[FunctionSpec] = (), *, routes: Sequence[tuple[Route, str]] = ()
    ) -> None:
        """routes: more of them, each with the name of its function."""
        self._routes = sorted(
            (*((route, spec.name) for spec in functions for route in spec.routes), *routes),
            key=lambda entry: _specificity(entry[0]),
            reverse=True,
        )
        self._prefixes = {route.path.split("/")[1] for route, _ in self._routes}

    def find(self, path: str, method: str) -> Match:
        """The function that a request for the decoded `path` reaches."""
        allowed: set[str] = set()
        for route, function in self._routes:
            if _covers(route, path):
                if not route.methods or method in route.methods:
                    return Match(function)
                allowed.update(route.methods)
        return Match(None, tuple(sorted(allowed)))

    def is_api(self, path: str) -> bool:
        """True if the path begins as some route does: what is not there is then the API's 404."""
        first = path.split("/")[1] if path.startswith("/") else ""
        return first in self._prefixes or "*" in self._prefixes


def _covers(route: Route, path: str) -> bool:
    if route.path.endswith("/*"):
        return path.startswith(route.path[:-1])
    return path == route.path


def _specificity(route: Route) -> tuple[int, bool]:
    """Longer first; of two as long, the exact one."""
    return len(route.path.removesuffix("*")), not route.path.endswith("/*")
