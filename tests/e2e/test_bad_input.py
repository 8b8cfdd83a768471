"""Hostile and broken input: a 4xx problem with a stable code, nothing stored, nothing sent."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from urllib.parse import urlsplit

import pytest

from infra.background_cloud import BackgroundCloud
from tests.waiting import wait_until

GOOD = {"phone": "+8613800138000", "purpose": "login"}
JSON = {"Content-Type": "application/json"}
PATHS = ("/v1/otp", "/apigateway/v1/otp")


def send(
    cloud: BackgroundCloud,
    body: bytes,
    *,
    headers: Mapping[str, str] | None = None,
    path: str = "/v1/otp",
    method: str = "POST",
    key: str | None = None,
) -> tuple[int, Mapping[str, str], bytes]:
    """One raw request with the default tenant's key, or with `key`; empty for none."""
    connection = http.client.HTTPConnection(urlsplit(cloud.ready["gateway"]).netloc, timeout=30)
    key = cloud.ready["api_key"] if key is None else key
    sent = {**JSON, **({"Authorization": f"Bearer {key}"} if key else {}), **(headers or {})}
    try:
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def refused(answer: tuple[int, Mapping[str, str], bytes]) -> tuple[int, str]:
    status, headers, body = answer
    problem = json.loads(body)
    assert headers["content-type"].startswith("application/problem+json")
    assert problem["status"] == status
    assert b"Traceback" not in body
    return status, problem["code"]


@pytest.fixture(autouse=True)
def _nothing_stored_and_nothing_sent(cloud: BackgroundCloud) -> object:
    yield
    operations = cloud.control("GET", "/meter")["operations"]
    assert not [each for each in operations if each["function"] in ("request_otp", "verify_otp")]


BODIES = [
    ("", 400, "invalid_request"),
    ("{", 400, "invalid_request"),
    ("null", 400, "invalid_request"),
    ("[]", 400, "invalid_request"),
    ('"+8613800138000"', 400, "invalid_request"),
    ("NaN", 400, "invalid_request"),
    ("[" * 9000, 400, "invalid_request"),
    ("{}", 400, "invalid_request"),
    ({"phone": 13800138000, "purpose": "login"}, 400, "invalid_request"),
    ({"phone": None, "purpose": "login"}, 400, "invalid_request"),
    ({"phone": ["+8613800138000"], "purpose": "login"}, 400, "invalid_request"),
    ({**GOOD, "purpose": 7}, 400, "invalid_request"),
    ({**GOOD, "colour": "red"}, 400, "invalid_request"),
    ({**GOOD, "client": {"ip": "nonsense"}}, 400, "invalid_request"),
    ({**GOOD, "client": {"ip": "203.0.113.7", "x": 1}}, 400, "invalid_request"),
    ({**GOOD, "context": {"amount": None}}, 400, "invalid_request"),
    ({**GOOD, "context": {"amount": {"value": 1}}}, 400, "invalid_request"),
    ({**GOOD, "context": {"amount": [1]}}, 400, "invalid_request"),
    ({**GOOD, "context": {str(n): "x" for n in range(9)}}, 400, "invalid_request"),
    ({**GOOD, "locale": "not a locale"}, 400, "invalid_request"),
    ({**GOOD, "challenge_id": ""}, 400, "invalid_request"),
    ({**GOOD, "phone": "\ud800"}, 400, "invalid_request"),
    ({**GOOD, "phone": "0" * 5000}, 400, "invalid_request"),
    ({**GOOD, "purpose": "lottery"}, 400, "purpose_unknown"),
    ({**GOOD, "phone": "+861088888888"}, 400, "phone_invalid"),
    ({**GOOD, "phone": "+86138001380001"}, 400, "phone_invalid"),
    ({**GOOD, "phone": "+861"}, 400, "phone_invalid"),
    ({**GOOD, "phone": "hello"}, 400, "phone_invalid"),
    ({**GOOD, "phone": "+1 900 555 0100"}, 400, "phone_invalid"),
    ({**GOOD, "phone": "+8613800138000;ext=9"}, 400, "phone_invalid"),
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("body", "status", "code"), BODIES)
def test_a_bad_body_is_a_problem(
    cloud: BackgroundCloud, path: str, body: object, status: int, code: str
) -> None:
    raw = body if isinstance(body, str) else json.dumps(body)

    assert refused(send(cloud, raw.encode(), path=path)) == (status, code)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("body", [b"\xff\xfe\x00", bytes(range(256)), b'{"phone":"\xe6"}'])
def test_bytes_that_are_no_text_are_a_problem(
    cloud: BackgroundCloud, path: str, body: bytes
) -> None:
    assert refused(send(cloud, body, path=path)) == (400, "invalid_request")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("size", [17_000, 1_000_000])
def test_a_large_body_is_too_large(cloud: BackgroundCloud, path: str, size: int) -> None:
    body = json.dumps({**GOOD, "phone": "1" * size}).encode()

    assert refused(send(cloud, body, path=path)) == (413, "payload_too_large")


@pytest.mark.parametrize(
    "key", ["", "x", "sk_" + "a" * 43, "clé-" + "a" * 20, "a" * 3000, "two words and more of them"]
)
@pytest.mark.parametrize("path", ["/v1/otp", "/v1/otp/verify"])
def test_a_caller_without_a_known_key_is_told_so(
    cloud: BackgroundCloud, key: str, path: str
) -> None:
    answer = send(cloud, json.dumps(GOOD).encode(), key=key.encode().decode("latin-1"), path=path)

    assert refused(answer) == (401, "unauthenticated")
    assert answer[1]["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_another_media_type_is_refused(cloud: BackgroundCloud, media: str) -> None:
    answer = send(cloud, json.dumps(GOOD).encode(), headers={"Content-Type": media})

    assert refused(answer) == (415, "unsupported_media_type")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", ["/v1/otp", "/v1/otp/verify"])
def test_another_method_is_refused(cloud: BackgroundCloud, method: str, path: str) -> None:
    answer = send(cloud, b"", method=method, path=path)

    assert refused(answer) == (405, "method_not_allowed")
    assert answer[1]["allow"] == "POST"


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/otp/", "/v1/otp/x", "/v1/../v1/x", "/v2/otp"])
def test_an_unknown_path_is_not_found(cloud: BackgroundCloud, path: str) -> None:
    assert refused(send(cloud, b"{}", path=path)) == (404, "not_found")


@pytest.mark.parametrize(
    "key", ["short", '""', '"a b"', '"unterminated', "ünïcode-key-0123456789", "a" * 256]
)
def test_a_malformed_idempotency_key_is_named(cloud: BackgroundCloud, key: str) -> None:
    answer = send(
        cloud,
        json.dumps(GOOD).encode(),
        headers={"Idempotency-Key": key.encode().decode("latin-1")},
    )

    assert refused(answer) == (400, "idempotency_key_invalid")


@pytest.mark.parametrize(
    "headers",
    [
        {f"X-Storm-{n}": "x" * 40 for n in range(900)},
        {"X-Storm": "x" * 9_000},
        {"X-Storm": "x" * 200_000},
    ],
    ids=["many", "long", "huge"],
)
def test_a_header_storm_is_refused(cloud: BackgroundCloud, headers: dict[str, str]) -> None:
    status, code = refused(send(cloud, json.dumps(GOOD).encode(), headers=headers))

    assert (400 <= status < 500, bool(code)) == (True, True)


def test_a_bad_field_is_named_by_its_path(cloud: BackgroundCloud) -> None:
    bad = {**GOOD, "client": {"ip": "x"}, "context": {"amount": None}, "colour": 1}

    problem = json.loads(send(cloud, json.dumps(bad).encode())[2])

    fields = [each["field"] for each in problem["errors"]]
    assert sorted(fields) == ["client.ip", "colour", "context.amount"]


@pytest.mark.parametrize("path", ["/v1/otp", "/v1/otp/verify"])
def test_an_asynchronous_call_is_refused_by_the_function(cloud: BackgroundCloud, path: str) -> None:
    name = {"/v1/otp": "request_otp", "/v1/otp/verify": "verify_otp"}[path]
    status, _, _ = send(
        cloud,
        json.dumps(GOOD).encode(),
        headers={"X-Fc-Invocation-Type": "Async"},
        path=path,
    )
    assert status == 202

    def asynchronous() -> list[dict[str, object]]:
        listed = cloud.control("GET", "/invocations")
        return [
            each
            for each in listed
            if (each["function"], each["invocation_type"]) == (name, "async")
        ]

    wait_until(asynchronous)
    last = asynchronous()[-1]
    assert last["outcome"] == "ok"
    assert any('"error_code": "forbidden"' in line for line in last["log"])
    assert cloud.messages(GOOD["phone"]) == []


VERIFY_BODIES = [
    ({"challenge_id": "x"}, 400, "invalid_request"),
    ({"challenge_id": "x", "code": 123456}, 400, "invalid_request"),
    ({"challenge_id": "x", "code": "1" * 33}, 400, "invalid_request"),
    ({"challenge_id": "x" * 201, "code": "123456"}, 400, "invalid_request"),
    ({"challenge_id": "x", "code": "123456", "y": 1}, 400, "invalid_request"),
    ({"challenge_id": "x", "code": "123456"}, 422, "otp_invalid"),
    ({"challenge_id": "é☃\x00", "code": "１２３４５６"}, 422, "otp_invalid"),
    ({"challenge_id": "A" * 80, "code": "abc"}, 422, "otp_invalid"),
]


@pytest.mark.parametrize(("body", "status", "code"), VERIFY_BODIES)
def test_a_bad_verify_is_a_problem(
    cloud: BackgroundCloud, body: object, status: int, code: str
) -> None:
    answer = send(cloud, json.dumps(body).encode(), path="/v1/otp/verify")

    assert refused(answer) == (status, code)
