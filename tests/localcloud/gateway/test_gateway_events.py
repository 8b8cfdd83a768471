"""The two forms of an HTTP event, as the vendor's pages show them."""

from __future__ import annotations

import base64
import json
import re

import pytest

from infra.localcloud.gateway.events import HttpRequest, api_gateway_event, http_trigger_event
from tests.localcloud.gateway.served import Serve

REQUEST = HttpRequest(
    method="POST",
    raw_path="/v1/caf%C3%A9",
    raw_query="a=1&a=2&b=%20x&c",
    headers=(
        ("Host", "x.cn-hangzhou.fcapp.run:443"),
        ("Content-Type", "application/json"),
        ("X-Tag", "one"),
        ("x-tag", "two"),
        ("User-Agent", "curl/8"),
    ),
    body=b'{"phone":"x"}',
    peer_ip="1.2.3.4",
)


def test_an_http_trigger_event_has_the_documented_shape() -> None:
    event = http_trigger_event(
        REQUEST,
        request_id="1-65920080-aa-bb",
        now_ms=1704067200123,
        account_id="123",
        force_base64=False,
    )
    assert json.loads(event) == {
        "version": "v1",
        "rawPath": "/v1/caf%C3%A9",
        "headers": {
            "Host": "x.cn-hangzhou.fcapp.run:443",
            "Content-Type": "application/json",
            "X-Tag": "one,two",
            "User-Agent": "curl/8",
        },
        "queryParameters": {"a": "1,2", "b": " x", "c": ""},
        "body": '{"phone":"x"}',
        "isBase64Encoded": False,
        "requestContext": {
            "accountId": "123",
            "domainName": "x.cn-hangzhou.fcapp.run",
            "domainPrefix": "x",
            "requestId": "1-65920080-aa-bb",
            "time": "2024-01-01T00:00:00Z",
            "timeEpoch": "1704067200123",
            "http": {
                "method": "POST",
                "path": "/v1/café",
                "protocol": "HTTP/1.1",
                "sourceIp": "1.2.3.4",
                "userAgent": "curl/8",
            },
        },
    }


def test_an_api_gateway_event_has_the_documented_shape() -> None:
    event = json.loads(api_gateway_event(REQUEST, force_base64=False, flag_as_text=False))
    assert re.fullmatch(r"[0-9A-F-]{36}", event["headers"].pop("CaRequestId"))
    assert event == {
        "path": "/v1/caf%C3%A9",
        "httpMethod": "POST",
        "headers": {
            "Host": "x.cn-hangzhou.fcapp.run:443",
            "Content-Type": "application/json",
            "X-Tag": "one,two",
            "User-Agent": "curl/8",
            "CaClientIp": "1.2.3.4",
        },
        "queryParameters": {"a": "1,2", "b": " x", "c": ""},
        "pathParameters": {},
        "body": '{"phone":"x"}',
        "isBase64Encoded": False,
    }


def test_the_base64_flag_of_an_api_gateway_event_can_be_text() -> None:
    event = json.loads(api_gateway_event(REQUEST, force_base64=True, flag_as_text=True))
    assert event["isBase64Encoded"] == "true"
    assert base64.b64decode(event["body"]) == REQUEST.body


@pytest.mark.parametrize("prefix", ["", "/apigateway"])
def test_a_body_that_is_no_utf8_is_base64(serve: Serve, prefix: str) -> None:
    event = serve().event(f"{prefix}/v1/x", content=b"\x00\xff")
    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == b"\x00\xff"


@pytest.mark.parametrize("prefix", ["", "/apigateway"])
def test_base64_can_be_forced(serve: Serve, prefix: str) -> None:
    event = serve(force_base64=True).event(f"{prefix}/v1/x", content=b"plain")
    assert (event["body"], event["isBase64Encoded"]) == ("cGxhaW4=", True)


def test_the_same_route_is_served_behind_the_api_gateway(serve: Serve) -> None:
    event = serve().event("/apigateway/v1/x?q=1", json={"a": 1})
    assert (event["httpMethod"], event["path"]) == ("POST", "/v1/x")
    assert event["queryParameters"] == {"q": "1"}
    assert event["headers"]["CaClientIp"] == "127.0.0.1"


def test_headers_of_the_platform_cannot_be_sent_by_a_client(serve: Serve) -> None:
    forged = {
        "CaClientIp": "6.6.6.6",
        "caclientip": "6.6.6.6",
        "CaRequestId": "forged",
        "X-Fc-Account-Id": "forged",
    }
    served = serve()
    events = [served.event(f"{prefix}/v1/x", headers=forged) for prefix in ("", "/apigateway")]
    assert "X-Fc-Account-Id".lower() not in {name.lower() for name in events[0]["headers"]}
    assert "forged" not in json.dumps(events[1])
    assert events[1]["headers"]["CaClientIp"] == "127.0.0.1"


def test_the_wish_for_an_asynchronous_call_reaches_the_function(serve: Serve) -> None:
    event = serve().event("/v1/x", headers={"X-Fc-Invocation-Type": "Sync"})
    assert event["headers"]["X-Fc-Invocation-Type"] == "Sync"


def test_the_event_tells_the_clouds_time(serve: Serve) -> None:
    served = serve()
    served.cloud.clock.advance(90_000)
    time_ms = int(served.event("/v1/x")["requestContext"]["timeEpoch"])
    assert abs(time_ms - served.cloud.clock.now_ms()) < 5000


def test_bytes_that_are_no_text_do_not_break_the_event(serve: Serve) -> None:
    status, _, event = serve().raw(b"GET /v1/%ff?q=%ff HTTP/1.1\r\nHost: x\r\nA: \xff\r\n\r\n")
    assert status == 200
    assert (event["rawPath"], event["headers"]["A"]) == ("/v1/%ff", "�")


def test_a_form_and_its_cookies_reach_the_function(serve: Serve) -> None:
    headers = [
        ("Cookie", "session=a; locale=zh"),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Accept-Encoding", "gzip"),
    ]

    event = serve().event("/v1/x?a=1", headers=headers, content=b"phone=%2B8613800138000&why=a+b")

    assert event["body"] == "phone=%2B8613800138000&why=a+b"
    assert event["headers"]["Cookie"] == "session=a; locale=zh"
    assert event["headers"]["Accept-Encoding"] == "gzip"
    assert event["queryParameters"] == {"a": "1"}
