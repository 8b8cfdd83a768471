"""What clients get back: the function's answer, or a problem document."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest

from infra.localcloud.fc.invocation import InvocationResult
from infra.localcloud.gateway.answers import answer_to
from tests.localcloud.gateway.served import Serve, Served, site

PROBLEM = "application/problem+json"


def _returned(served: Served, response: Any) -> Any:
    return served.request("GET", "/v1/x", params={"return": json.dumps(response)})


def test_the_functions_answer_is_passed_on(serve: Serve) -> None:
    response = {"statusCode": 201, "headers": {"X-Own": "yes"}, "body": "ü"}
    answer = _returned(serve(), response)
    assert (answer.status_code, answer.headers["X-Own"], answer.text) == (201, "yes", "ü")


def test_a_base64_body_is_decoded(serve: Serve) -> None:
    response = {"statusCode": 200, "headers": {}, "body": "AP8=", "isBase64Encoded": True}
    assert _returned(serve(), response).content == b"\x00\xff"


def test_a_compressed_page_with_a_cookie_is_passed_on_as_it_is(serve: Serve) -> None:
    page = "<!doctype html><title>页</title>" * 20
    cookie = "session=a,b=c; Path=/console; HttpOnly; SameSite=Strict"
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Encoding": "gzip",
        "Content-Disposition": 'inline; filename="x.csv"',
        "Content-Security-Policy": "default-src 'none'",
        "Set-Cookie": cookie,
    }
    body = base64.b64encode(gzip.compress(page.encode())).decode()

    answer = _returned(
        serve(), {"statusCode": 200, "headers": headers, "body": body, "isBase64Encoded": True}
    )

    assert answer.text == page
    assert int(answer.headers["Content-Length"]) < len(page)
    assert {name: answer.headers[name] for name in headers} == headers
    assert answer.headers.get_list("Set-Cookie") == [cookie]


def test_a_page_elsewhere_and_one_that_is_kept_have_no_body(serve: Serve) -> None:
    served = serve()
    empty = {"body": "", "isBase64Encoded": True}

    gone = _returned(served, {"statusCode": 303, "headers": {"Location": "/console/"}, **empty})
    kept = _returned(served, {"statusCode": 304, "headers": {"ETag": '"a"'}, **empty})

    assert (gone.status_code, gone.headers["Location"], gone.content) == (303, "/console/", b"")
    assert (kept.status_code, kept.headers["ETag"], kept.content) == (304, '"a"', b"")


def test_every_answer_bears_the_request_id(serve: Serve) -> None:
    served = serve()
    answer = served.request("GET", "/v1/x")
    assert answer.headers["X-Fc-Request-Id"] == answer.json()["requestContext"]["requestId"]
    assert served.runtime.invocations()[-1]["request_id"] == answer.headers["X-Fc-Request-Id"]


def test_headers_that_a_function_may_not_set_are_dropped(serve: Serve) -> None:
    headers = {
        "X-Fc-Error-Type": "forged",
        "Content-Length": "5000",
        "Server": "mine",
        "Connection": "close",
        "Content-Disposition": "attachment; filename=x",
        "Transfer-Encoding": "chunked",
        "X-Own": "kept",
    }
    answer = _returned(serve(), {"statusCode": 200, "headers": headers, "body": "four"})
    assert answer.text == "four"
    assert answer.headers["X-Own"] == "kept"
    assert "mine" not in answer.headers["Server"]
    for name in ("X-Fc-Error-Type", "Connection", "Content-Disposition", "Transfer-Encoding"):
        assert name not in answer.headers


@pytest.mark.parametrize(
    "response",
    [
        "a text",
        [1],
        None,
        {},
        {"statusCode": "200", "body": ""},
        {"statusCode": 99, "body": ""},
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": 200, "headers": {"A": 1}, "body": ""},
        {"statusCode": 200, "headers": {"A": "x\r\nB: y"}, "body": ""},
        {"statusCode": 200, "headers": {"A B": "x"}, "body": ""},
        {"statusCode": 200, "headers": {"A": "x" * 9000}, "body": ""},
        {"statusCode": 200, "body": "no base64!", "isBase64Encoded": True},
    ],
)
def test_a_return_value_of_another_shape_is_a_bad_response(response: Any) -> None:
    result = InvocationResult(
        function="echo",
        request_id="1-a",
        outcome="ok",
        payload=json.dumps(response).encode(),
        error_type=None,
        duration_ms=1,
        cold_start=False,
        invocation_type="sync",
        started_at=0,
        log=(),
    )
    answer = answer_to(result)
    assert answer.status == 502
    assert json.loads(answer.body)["Code"] == "BadResponse"


def test_a_function_error_is_a_502_that_names_its_type_only(serve: Serve) -> None:
    answer = serve().request("GET", "/v1/x?raise=1")
    assert answer.status_code == 502
    assert answer.headers["Content-Type"] == PROBLEM
    assert answer.headers["X-Fc-Error-Type"] == "UnhandledInvocationError"
    assert answer.json()["code"] == "function_error"
    assert "a reason" not in answer.text


def test_no_route_below_the_api_is_a_problem(serve: Serve) -> None:
    served = serve(site=site)
    for path in ("/v1", "/apigateway", "/apigateway/nothing"):
        answer = served.request("GET", path)
        assert answer.headers["Content-Type"] == PROBLEM, path
        assert answer.json() == {
            "type": "about:blank",
            "title": "Not Found",
            "status": 404,
            "code": "not_found",
        }


@pytest.mark.parametrize("path", ["/", "/inbox", "/v1x", "/apigatewayx"])
def test_paths_outside_the_api_are_the_sites(serve: Serve, path: str) -> None:
    assert serve(site=site).request("GET", path).text == f"the page of {path}"


def test_without_a_site_nothing_is_there(serve: Serve) -> None:
    assert serve().request("GET", "/").json()["code"] == "not_found"


def test_the_longest_route_wins(serve: Serve) -> None:
    served = serve()
    assert served.request("GET", "/v1/exact").text == "exact"
    assert served.request("GET", "/v1/exact/more").json()["rawPath"] == "/v1/exact/more"


def test_a_method_that_the_route_lacks_falls_to_the_next_route(serve: Serve) -> None:
    served = serve()
    assert served.event("/v1/only-post")["rawPath"] == "/v1/only-post"
    assert (
        served.request("GET", "/v1/only-post").json()["requestContext"]["http"]["method"] == "GET"
    )


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"])
def test_every_method_reaches_the_function(serve: Serve, method: str) -> None:
    served = serve()
    assert served.request(method, "/v1/x").status_code == 200
    assert served.runtime.invocations()[-1]["outcome"] == "ok"


def test_two_hundred_requests_at_once_are_all_served(serve: Serve) -> None:
    assert serve().together("/v1/x", 200) == [200] * 200
