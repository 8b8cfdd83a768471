"""What a page needs of the platform's event, in both of its shapes."""

from __future__ import annotations

import base64
import json

import pytest

from shared.fc.events import HttpRequest, parse_http_event
from shared.fc.responses import ContentResponse


def trigger(**parts: object) -> HttpRequest:
    context = {"requestId": "1-req", "http": {"method": "get", "path": "/console/"}}
    event = {"version": "v1", "requestContext": context, **parts}
    return parse_http_event(json.dumps(event).encode())


def test_an_http_triggers_query_is_read() -> None:
    request = trigger(queryParameters={"only": "+86138", "a": "1,2"})

    assert request.query == {"only": "+86138", "a": "1,2"}
    assert request.request_id == "1-req"
    assert request.method == "GET"


def test_the_gateways_query_is_read() -> None:
    event = {
        "httpMethod": "GET",
        "path": "/console/",
        "headers": {"CaRequestId": "REQ"},
        "queryParameters": {"range": "7d"},
    }

    request = parse_http_event(json.dumps(event).encode())

    assert request.query == {"range": "7d"}
    assert request.request_id == "REQ"


@pytest.mark.parametrize("nothing", [None, [], "a=b"])
def test_a_query_that_is_none_is_empty(nothing: object) -> None:
    assert trigger(queryParameters=nothing).query == {}


@pytest.mark.parametrize(
    "header",
    ["a=1; b=2==", " a=1;b=2==;", "a=1,b=2==", "a=1; b=2==; a=3; broken; =x"],
)
def test_cookies_are_read_however_they_were_joined(header: str) -> None:
    cookies = trigger(headers={"Cookie": header}).cookies

    assert (cookies["a"], cookies["b"]) == ("1", "2==")


def test_no_cookies_are_none() -> None:
    assert trigger(headers={}).cookies == {}


def test_content_travels_as_base64() -> None:
    event = ContentResponse(200, b"\x1f\x8b\xff", {"Content-Type": "text/html"}).as_event()

    assert event == {
        "isBase64Encoded": True,
        "statusCode": 200,
        "headers": {"Content-Type": "text/html"},
        "body": base64.b64encode(b"\x1f\x8b\xff").decode(),
    }
