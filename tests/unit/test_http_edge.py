"""From the platform's events to an endpoint and back: the shapes in events/, and what is not
one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.aliyun.credentials import current_credentials
from shared.errors import RequestInvalid, SettingsInvalid
from shared.fc.events import HttpRequest, parse_http_event
from shared.fc.handler import Endpoint, HttpFunction
from shared.fc.responses import HttpResponse

EVENTS = Path(__file__).resolve().parents[2] / "events"


@dataclass
class Credentials:
    access_key_id: str = "STS.id"
    access_key_secret: str = "secret"
    security_token: str = "token"


@dataclass
class Context310:
    request_id: str = "r-1"
    credentials: Credentials = field(default_factory=Credentials)


@dataclass
class Context312:
    request_id: str = "r-1"


def event(name: str) -> bytes:
    return (EVENTS / name).read_bytes()


@pytest.mark.parametrize("path", sorted(EVENTS.glob("*_otp.*.json")), ids=lambda path: path.name)
def test_every_shape_becomes_the_same_request(path: Path) -> None:
    request = parse_http_event(path.read_bytes())

    assert request.method == "POST"
    assert request.path == ("/v1/otp" if path.name.startswith("request") else "/v1/otp/verify")
    assert request.headers["content-type"] == "application/json"
    assert request.source_ip == "198.51.100.4"
    assert json.loads(request.body)


@pytest.mark.parametrize(
    "raw", [b"", b"{}", b"[]", b"null", b'{"version":"v1"}', b"\xff", b'{"a":']
)
def test_what_is_no_http_event_is_said_to_be_none(raw: bytes) -> None:
    with pytest.raises(RequestInvalid):
        parse_http_event(raw)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_make_the_parser_fail_in_another_way(raw: bytes) -> None:
    with pytest.raises(RequestInvalid):
        parse_http_event(raw)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: st.dictionaries(
            st.sampled_from(
                ["version", "requestContext", "http", "method", "path", "headers", "body"]
            ),
            inner,
        ),
    )
)
def test_no_json_makes_the_handler_fail_in_another_way(data: object) -> None:
    function = HttpFunction("f", lambda: lambda request: HttpResponse(200, {}))

    answer = function.handler(json.dumps(data).encode(), Context312())

    assert answer["statusCode"] in (200, 400)


def test_a_bad_base64_body_is_the_callers_fault() -> None:
    broken = json.loads(event("request_otp.http.base64.json")) | {"body": "not base64!"}

    with pytest.raises(RequestInvalid):
        parse_http_event(json.dumps(broken).encode())


def test_the_credentials_of_one_invocation_are_gone_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[str] = []

    def endpoint(_: HttpRequest) -> HttpResponse:
        seen.append(current_credentials().access_key_id)
        return HttpResponse(200, {})

    function = HttpFunction("f", lambda: endpoint)
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "STS.env-1")
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "secret")
    function.handler(event("verify_otp.http.json"), Context310(credentials=Credentials("STS.a")))
    function.handler(event("verify_otp.http.json"), Context310(credentials=Credentials("STS.b")))
    function.handler(event("verify_otp.http.json"), Context312())
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "STS.env-2")
    function.handler(event("verify_otp.http.json"), Context312())

    assert seen == ["STS.a", "STS.b", "STS.env-1", "STS.env-2"]
    function.handler(event("verify_otp.http.json"), Context310(credentials=Credentials("STS.c")))
    assert current_credentials().access_key_id == "STS.env-2"


def test_a_bug_is_a_500_that_tells_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    def endpoint(_: HttpRequest) -> HttpResponse:
        raise RuntimeError("code=918273 phone=13800138000")

    function = HttpFunction("f", lambda: endpoint)
    answer = function.handler(event("verify_otp.http.json"), Context312())

    assert answer["statusCode"] == 500
    shown = json.dumps(answer) + capsys.readouterr().out
    for secret in ("918273", "13800138000"):
        assert secret not in shown
    assert '"error_type": "RuntimeError"' in shown


def test_the_answer_has_exactly_the_shape_that_both_gateways_take() -> None:
    function = HttpFunction("f", lambda: lambda request: HttpResponse(200, {"ok": True}))

    answer: Mapping[str, object] = function.handler(event("verify_otp.http.json"), Context312())

    assert set(answer) == {"isBase64Encoded", "statusCode", "headers", "body"}
    assert answer["isBase64Encoded"] is False


def test_a_wrong_environment_is_told_to_the_operator_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def make() -> Endpoint:
        raise SettingsInvalid("OTP_KEYS: not base64; API_KEYS: missing")

    answer = HttpFunction("f", make).handler(event("verify_otp.http.json"), Context312())

    assert answer["statusCode"] == 500
    assert "OTP_KEYS" not in json.dumps(answer)
    assert "OTP_KEYS: not base64; API_KEYS: missing" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("header", "is_asynchronous"),
    [
        ("Async", True),
        ("async", True),
        ("Async,Async", True),
        ("Sync, Async", True),
        ("Sync", False),
    ],
)
def test_an_asynchronous_call_is_known_however_often_it_is_said(
    header: str, is_asynchronous: bool
) -> None:
    said = json.loads(event("verify_otp.http.json"))
    said["headers"]["x-fc-Invocation-type"] = header

    assert parse_http_event(json.dumps(said).encode()).is_asynchronous == is_asynchronous
