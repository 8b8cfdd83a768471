"""Bad input behind a good signature: the API's own error, and nothing kept of what it refuses."""

from __future__ import annotations

import base64
import io
import json
import logging
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.localcloud.fcapi.account import zip_bytes
from tests.localcloud.fcapi.fuzzed import API, CODE, DOMAIN, FUNCTION, FuzzedFc
from tests.localcloud.sls.spoiled import spoiled

BOUNDED = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
HTTP = {"authType": "anonymous", "methods": ["GET"]}
TIMER = {"cronExpression": "0 0 3 * * *", "enable": True, "payload": "x"}
BRIDGE = {
    "triggerEnable": True,
    "asyncInvocationType": True,
    "eventRuleFilterPattern": '{"source": ["x"]}',
    "eventSourceConfig": {"eventSourceType": "Default"},
}
TRIGGERS: Mapping[str, dict[str, Any]] = {
    kind: {
        "triggerName": "new",
        "triggerType": kind,
        "triggerConfig": config,
        "sourceArn": "acs:mns:cn-hangzhou:1000000000000001:/topics/news",
    }
    for kind, config in (
        ("http", HTTP),
        ("timer", TIMER),
        ("eventbridge", BRIDGE),
        ("mns_topic", {"notifyContentFormat": "JSON", "notifyStrategy": "BACKOFF_RETRY"}),
    )
}
TOLD = {"destination": "acs:mns:cn-hangzhou:1000000000000001:/queues/ends/messages"}
KEPT = f"{API}/functions/kept"
GOOD = (
    ("POST", f"{API}/functions", FUNCTION),
    ("PUT", KEPT, {**FUNCTION, "functionName": "kept"}),
    ("POST", f"{API}/custom-domains", DOMAIN),
    ("PUT", f"{API}/custom-domains/kept.example.com", DOMAIN),
    (
        "PUT",
        f"{KEPT}/async-invoke-config",
        {"maxAsyncRetryAttempts": 1, "destinationConfig": {"onFailure": TOLD}},
    ),
    ("PUT", f"{KEPT}/concurrency", {"reservedConcurrency": 1}),
    ("PUT", f"{KEPT}/provision-config", {"defaultTarget": 1, "scheduledActions": []}),
    ("PUT", f"{KEPT}/scaling-config", {"minInstances": 1}),
    ("POST", f"{KEPT}/vpc-bindings", {"vpcId": "vpc-1"}),
)
READS = (
    *(f"{API}/functions", f"{API}/custom-domains", f"{API}/async-invoke-configs", KEPT),
    *(f"{KEPT}/triggers", f"{KEPT}/async-invoke-config", f"{KEPT}/vpc-bindings"),
    *(f"{API}/functions/new", f"{API}/functions/new/triggers", f"{API}/provision-configs"),
)


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FuzzedFc]:
    running = FuzzedFc(tmp_path_factory.mktemp("fc"))
    yield running
    assert running.call("POST", f"{KEPT}/invocations", b"good")[1] == b"good"
    running.stop()


@pytest.fixture(autouse=True)
def _goes_on(fuzzed: FuzzedFc, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A function and a domain before; the next can be made after, and no bug was logged."""
    fuzzed.begin()
    with caplog.at_level(logging.ERROR):
        yield
    assert [record.getMessage() for record in caplog.records] == []
    fuzzed.begin()


@settings(BOUNDED, max_examples=80)
@given(data=st.data(), request=st.sampled_from(GOOD))
def test_spoiled_json_is_answered_by_the_protocol(
    fuzzed: FuzzedFc, data: st.DataObject, request: tuple[str, str, object]
) -> None:
    method, target, good = request
    if fuzzed.ask(method, target, data.draw(spoiled(good))) < 300:
        for read in READS:
            fuzzed.ask("GET", read)
        fuzzed.begin()


@BOUNDED
@given(data=st.data(), kind=st.sampled_from(sorted(TRIGGERS)), is_inside=st.booleans())
def test_spoiled_trigger_is_answered_by_the_protocol(
    fuzzed: FuzzedFc, data: st.DataObject, kind: str, is_inside: bool
) -> None:
    good = TRIGGERS[kind]
    if is_inside:
        config = data.draw(spoiled(good["triggerConfig"])).decode("utf-8", "replace")
        body = json.dumps({**good, "triggerConfig": config}).encode()
    else:
        text = json.dumps(good["triggerConfig"])
        body = data.draw(spoiled({**good, "triggerConfig": text}))
    if fuzzed.ask("POST", f"{KEPT}/triggers", body) < 300:
        fuzzed.ask("GET", f"{KEPT}/triggers")
        fuzzed.begin()


QUEUE = {
    "eventSourceType": "MNS",
    "eventSourceParameters": {"sourceMNSParameters": {"QueueName": "a\ud800"}},
}


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("http", {"methods": [{}]}),
        ("http", {"methods": ["GET", ["POST"]]}),
        ("eventbridge", {"eventSourceConfig": QUEUE}),
        ("eventbridge", {"eventRuleFilterPattern": '{"a":' * 450 + '["x"]' + "}" * 450}),
        ("eventbridge", {"eventRuleFilterPattern": "[" * 100_000}),
        ("timer", {"payload": float("nan")}),
    ],
)
def test_trigger_that_cannot_be_run_is_refused(
    fuzzed: FuzzedFc, kind: str, wrong: dict[str, object]
) -> None:
    config = json.dumps({**TRIGGERS[kind]["triggerConfig"], **wrong})
    body = json.dumps({**TRIGGERS[kind], "triggerConfig": config}).encode()
    assert fuzzed.ask("POST", f"{KEPT}/triggers", body) == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"description": "\ud800"},
        {"description": float("inf")},
        {"description": json.loads("[" * 300 + "]" * 300)},
        {"environmentVariables": {"WORD": "a\0b"}},
        {"layers": "abc"},
        {"layers": [{}]},
    ],
)
def test_function_that_cannot_be_kept_is_refused(
    fuzzed: FuzzedFc, wrong: dict[str, object]
) -> None:
    assert fuzzed.ask("PUT", KEPT, json.dumps(wrong).encode()) == 400
    assert fuzzed.ask("POST", f"{API}/functions", json.dumps({**FUNCTION, **wrong}).encode()) == 400


def packed(compression: int, name: str) -> bytes:
    """A zip with one file."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as archive:
        archive.writestr(zipfile.ZipInfo(name), CODE, compression)
    return content.getvalue()


PACKAGES = (
    zip_bytes(CODE),
    packed(zipfile.ZIP_DEFLATED, "index.py"),
    packed(zipfile.ZIP_BZIP2, "index.py"),
    packed(zipfile.ZIP_LZMA, "index.py"),
    packed(zipfile.ZIP_STORED, "x" * 300),
    packed(zipfile.ZIP_STORED, "中/../../x"),
)


@settings(BOUNDED, max_examples=40)
@given(
    package=st.sampled_from(PACKAGES),
    changes=st.lists(st.tuples(st.integers(0, 400), st.integers(1, 255)), max_size=3),
    end=st.none() | st.integers(0, 200),
)
def test_spoiled_package_is_answered_by_the_protocol(
    fuzzed: FuzzedFc, package: bytes, changes: list[tuple[int, int]], end: int | None
) -> None:
    content = bytearray(package)
    for at, byte in changes:
        content[at % len(content)] ^= byte
    code = {"zipFile": base64.b64encode(bytes(content[:end])).decode()}
    body = json.dumps({**FUNCTION, "code": code}).encode()
    if fuzzed.ask("POST", f"{API}/functions", body) < 300:
        fuzzed.begin()


SEGMENTS = st.sampled_from(
    ["functions", "kept", "triggers", "custom-domains", "kept.example.com", "invocations", "%00"]
    + ["%ff", "%", "..", "%2e%2e%2fx", "%ed%a0%80", "x" * 3000, quote("ｋept"), "*", "versions"]
    + ["async-invoke-config", "concurrency", "provision-config", "vpc-bindings", "aliases"]
)
PARAMETERS = st.dictionaries(
    st.sampled_from(["limit", "nextToken", "prefix", "qualifier", "functionName", "runtime"]),
    st.sampled_from(["", "0", "-1", "1", "101", "9" * 5000, "%D9%A1", "%C2%B2", "LATEST", "x"])
    | st.sampled_from(["%00", "%ff", "%", "*", "%ed%a0%80", "1e1", "%0d%0a"]),
    max_size=3,
).map(lambda fields: "&".join(f"{name}={value}" for name, value in fields.items()))


@BOUNDED
@given(
    method=st.sampled_from(["GET", "GET", "PUT", "POST", "DELETE", "PATCH"]),
    segments=st.sampled_from(
        [
            ["functions"],
            ["functions", "kept"],
            ["functions", "kept", "triggers"],
            ["custom-domains"],
        ]
    )
    | st.lists(SEGMENTS, max_size=5),
    query=PARAMETERS,
    kind=st.sampled_from(["Bad", "sync", "\u0661"]),
)
def test_any_target_is_answered_by_the_protocol(
    fuzzed: FuzzedFc, method: str, segments: list[str], query: str, kind: str
) -> None:
    target = f"{'/'.join([API, *segments])}?{query}"
    status = fuzzed.ask(method, target, b"{}", x_fc_invocation_type=kind)
    if status < 300 and method != "GET":
        fuzzed.begin()


def test_number_too_long_to_read_is_refused(fuzzed: FuzzedFc) -> None:
    assert fuzzed.ask("GET", f"{API}/functions?limit={'9' * 5000}") == 400
