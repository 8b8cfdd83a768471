"""Hostile HTTP against every service: the service's own error or a closed connection, never a bug
answered as 500, and the service goes on.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from alibabacloud_tea_openapi import utils_models as um
from alibabacloud_tea_openapi.client import Client
from alibabacloud_tea_openapi.exceptions import ClientException, ServerException
from darabonba.exceptions import DaraException
from darabonba.runtime import RuntimeOptions
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.localcloud.control.operations import OPERATIONS
from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.wire import BODY_LIMIT_BYTES, WireServer
from infra.localcloud.sts.service import StsService
from infra.localcloud.testing import DEFAULT_SERVICES, LocalCloud, mock_aliyun
from tests.background import Background
from tests.localcloud.testing.clients import send

ALL = (*DEFAULT_SERVICES, "fc")
RPC_VERSIONS = {
    "dysmsapi": "2017-05-25",
    "sts": "2015-04-01",
    "ram": "2015-05-01",
    "kms": "2016-01-20",
    "directmail": "2015-11-23",
}
FUZZ = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    with mock_aliyun(ALL, sets_environment=False) as running:
        yield running


@pytest.fixture(autouse=True)
def _no_bug(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No service may come to the last resort of the server, which logs."""
    with caplog.at_level(logging.ERROR):
        yield
    bugs = [each for each in caplog.records if each.name.startswith("localcloud")]
    assert [bug.getMessage() for bug in bugs] == []


def exchange(endpoint: str, data: bytes, timeout_s: float = 5) -> bytes:
    """What comes back to these bytes until the server closes, or says nothing for the time."""
    host, _, port = endpoint.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=timeout_s) as connection:
        with suppress(OSError):
            connection.sendall(data)
        received = b""
        with suppress(OSError):
            while chunk := connection.recv(65_536):
                received += chunk
    return received


def status_of(answer: bytes) -> int:
    """The status of the first answer; 0 for a closed connection."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else 0


def is_alive(cloud: LocalCloud, service: str) -> bool:
    return (
        status_of(exchange(cloud.endpoint(service), b"GET / HTTP/1.0\r\nConnection: close\r\n\r\n"))
        != 0
    )


@pytest.mark.parametrize("service", ALL)
def test_garbage_in_the_place_of_http_is_refused(cloud: LocalCloud, service: str) -> None:
    @FUZZ
    @given(data=st.binary(max_size=400))
    def feed(data: bytes) -> None:
        answer = exchange(cloud.endpoint(service), data + b"\r\n\r\n", timeout_s=0.1)
        assert status_of(answer) in (0, *range(400, 500))

    feed()
    assert is_alive(cloud, service)


TEXT = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\n\0"), max_size=40
)
HEADER_NAMES = (
    "Authorization Date Content-MD5 Content-Type x-acs-action x-acs-version x-acs-date "
    "x-acs-content-sha256 x-acs-signature-nonce x-acs-security-token x-mns-version "
    "x-ots-date x-ots-accesskeyid x-ots-apiversion x-ots-signature x-log-apiversion "
    "x-log-bodyrawsize x-log-signaturemethod x-fc-invocation-type"
)
HEADERS = st.dictionaries(st.sampled_from(HEADER_NAMES.split()), TEXT, max_size=8)


@pytest.mark.parametrize("service", ALL)
def test_any_request_is_answered_with_an_error_of_the_service(
    cloud: LocalCloud, service: str
) -> None:
    paths = ["/", "/GetRow", "/BatchWriteRow", "/queues/q/messages", "/topics/t", "/logstores"]
    paths += ["/2023-03-30/functions", "/2023-03-30/functions/f/invocations", "/?Action=AssumeRole"]

    @FUZZ
    @given(
        method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"]),
        path=st.sampled_from(paths) | TEXT.map(lambda text: "/" + text),
        headers=HEADERS,
        body=st.binary(max_size=300),
    )
    def ask(method: str, path: str, headers: dict[str, str], body: bytes) -> None:
        lines = [f"{method} {path.replace(' ', '%20')} HTTP/1.1", "Host: localhost"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += [f"Content-Length: {len(body)}", "Connection: close", "", ""]
        status = status_of(exchange(cloud.endpoint(service), "\r\n".join(lines).encode() + body))
        assert status in (0, *range(400, 500)), f"{status} for an unsigned request"

    ask()
    assert is_alive(cloud, service)


@pytest.mark.parametrize("service", RPC_VERSIONS)
def test_signed_calls_with_any_parameters_are_never_a_bug(cloud: LocalCloud, service: str) -> None:
    client = Client(um.Config(**cloud.openapi_config(service)))
    all_names = (
        "PhoneNumbers PhoneNumber SignName TemplateCode TemplateParam PhoneNumberJson "
        "SignNameJson TemplateParamJson SendDate PageSize CurrentPage StartDate EndDate IsGlobe "
        "PageIndex TemplateName TemplateContent TemplateType RoleArn RoleSessionName Policy "
        "DurationSeconds OIDCProviderArn OIDCToken RoleName AssumeRolePolicyDocument PolicyName "
        "PolicyDocument PolicyType VersionId SecretName AccountName ToAddress Subject HtmlBody "
        "AddressType ReplyToAddress OutId SmsUpExtendCode MaxItems Marker"
    )
    names = all_names.split()
    values = TEXT | st.sampled_from(
        ["阿里云短信测试", "SMS_154950909", "13800000000", "1", "0", "-1", "9" * 30, "20261123"]
        + ["null", "{}", "[]", '{"code":"1234"}', '[{"a":1}]', "[" * 5000, '"\\ud800"', "1e999"]
    )

    @FUZZ
    @given(
        action=st.sampled_from(OPERATIONS[service]),
        query=st.dictionaries(st.sampled_from(names), values, max_size=10),
        is_form=st.booleans(),
    )
    def call(action: str, query: dict[str, str], is_form: bool) -> None:
        params = um.Params(
            action=action,
            version=RPC_VERSIONS[service],
            protocol="HTTP",
            pathname="/",
            method="POST",
            auth_type="AK",
            style="RPC",
            req_body_type="formData",
            body_type="json",
        )
        request = um.OpenApiRequest(**{"body" if is_form else "query": query})
        try:
            client.call_api(params, request, RuntimeOptions())
        except ServerException as error:
            raise AssertionError(f"{action}: {error.code}") from error
        except ClientException:
            pass
        except DaraException as error:
            raise AssertionError(f"{action}: no answer of the service") from error

    call()
    assert is_alive(cloud, service)


@pytest.mark.parametrize(
    "date",
    ["", "yesterday", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-13-45T99:99:99Z", "0"],
)
@pytest.mark.parametrize("service", ALL)
def test_wrong_date_is_the_callers_mistake(cloud: LocalCloud, service: str, date: str) -> None:
    head = (
        f"POST /GetRow HTTP/1.1\r\nHost: x\r\nDate: {date}\r\nx-acs-date: {date}\r\n"
        f"x-ots-date: {date}\r\nx-acs-action: SendSms\r\nx-acs-version: 2017-05-25\r\n"
        f"x-acs-signature-nonce: n\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
    assert 400 <= status_of(exchange(cloud.endpoint(service), head.encode())) < 500


@pytest.mark.parametrize("service", ALL)
def test_giant_body_is_refused_and_not_kept(cloud: LocalCloud, service: str) -> None:
    host = cloud.endpoint(service).removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=20)
    piece = b"x" * (1024 * 1024)
    status = 0
    with suppress(OSError, http.client.HTTPException):
        connection.putrequest("POST", "/")
        connection.putheader("Content-Length", str(2 * BODY_LIMIT_BYTES))
        connection.endheaders()
        for _ in range(2 * BODY_LIMIT_BYTES // len(piece)):
            connection.send(piece)
        status = connection.getresponse().status
    connection.close()

    assert status in (0, 413)
    assert is_alive(cloud, service)


@pytest.mark.parametrize(
    "request_",
    [
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: 1e3\r\n\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"Content-Length: 100\r\n\r\ntoo short",
        b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
        b"Content-Encoding: deflate\r\nContent-Length: 5\r\n\r\nhello",
        b"X: " + b"y" * 300_000 + b"\r\n\r\n",
        b"X: y\r\n" * 20_000 + b"\r\n",
        b"Expect: 200-nothing\r\nContent-Length: 0\r\n\r\n",
    ],
)
@pytest.mark.parametrize("service", ["dysmsapi", "tablestore", "smq"])
def test_broken_framing_is_refused(cloud: LocalCloud, service: str, request_: bytes) -> None:
    data = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + request_
    answer = exchange(cloud.endpoint(service), data, timeout_s=0.5)
    assert status_of(answer) in (0, *range(400, 500))
    assert is_alive(cloud, service)


def test_slow_callers_do_not_hold_up_the_others(cloud: LocalCloud) -> None:
    host, _, port = cloud.endpoint("dysmsapi").removeprefix("http://").partition(":")
    slow = [socket.create_connection((host, int(port))) for _ in range(100)]
    try:
        for number, connection in enumerate(slow):
            head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n"
            connection.sendall(head + (b"\r\nab" if number % 2 else b""))
        began_s = time.monotonic()

        assert send(cloud) == "OK"

        assert time.monotonic() - began_s < 5
    finally:
        for connection in slow:
            connection.close()


@pytest.mark.parametrize(
    "sent", [b"", b"POST / HT", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1"]
)
def test_caller_that_never_ends_its_request_is_cut_off(sent: bytes) -> None:
    background = Background()
    cloud = Cloud()

    async def start() -> WireServer:
        return await WireServer(StsService(cloud), cloud, idle_limit_s=0.2).start()

    server = background.run(start())
    assert exchange_open(server.endpoint, sent) == b""
    background.run(server.stop())
    background.run(asyncio.sleep(0))
    background.close()


def exchange_open(endpoint: str, data: bytes) -> bytes:
    """What comes until the server closes, while this side keeps its end open."""
    host, _, port = endpoint.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(data)
        with suppress(ConnectionResetError):
            return connection.recv(65_536)
    return b""


def test_fault_kinds_and_garbage_together_leave_a_working_control_plane(cloud: LocalCloud) -> None:
    for body in (b"", b"[]", b"null", b'{"service":1}', b"\xff\xfe", b"[" * 50_000, b"{" * 50_000):
        for path in (
            "/faults",
            "/clock",
            "/snapshots",
            "/oidc-providers",
            "/deliveries",
            "/topics",
        ):
            host = cloud.control.removeprefix("http://")
            connection = http.client.HTTPConnection(host, timeout=10)
            connection.request("POST", path, body=body)
            answer = connection.getresponse()
            told = answer.read()
            connection.close()
            is_taken = path == "/snapshots" and body == b""
            assert answer.status == (200 if is_taken else 400), (path, body[:20], told)
            assert is_taken or json.loads(told)["code"] == "invalid_request"
