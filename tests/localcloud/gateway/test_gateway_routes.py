"""The matching rules of a custom domain's routes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infra.localcloud.gateway.routes import RouteTable
from infra.serverless_devs import Route
from tests.localcloud.fc.functions_on_disk import SPEC


def _table(**routes: Route) -> RouteTable:
    return RouteTable([replace(SPEC, name=name, routes=(route,)) for name, route in routes.items()])


@pytest.mark.parametrize(
    ("path", "function"),
    [
        ("/v1/otp", "exact"),
        ("/v1/otp/verify", "deep"),
        ("/v1/otp/", "deep"),
        ("/v1/messages", "wide"),
        ("/v1/", "wide"),
        ("/v1", None),
        ("/v2/otp", None),
        ("", None),
        ("*", None),
    ],
)
def test_the_longest_match_wins(path: str, function: str | None) -> None:
    table = _table(
        wide=Route("d", "/v1/*"), exact=Route("d", "/v1/otp"), deep=Route("d", "/v1/otp/*")
    )
    assert table.find(path, "GET").function == function


def test_a_path_without_the_method_names_those_it_has() -> None:
    table = _table(one=Route("d", "/v1/otp", ("POST", "OPTIONS")))
    match = table.find("/v1/otp", "GET")
    assert (match.function, match.allowed) == (None, ("OPTIONS", "POST"))


def test_a_route_over_everything_leaves_nothing_to_the_site() -> None:
    assert _table(all=Route("d", "/*")).is_api("/anything")
