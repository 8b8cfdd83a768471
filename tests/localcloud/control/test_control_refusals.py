"""Every call that cannot be carried out says which field is wrong, and changes nothing."""

from __future__ import annotations

import json

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.localcloud.control.controlled import Controlled

FAULT = {"service": "sts", "operation": "AssumeRole", "kind": "hang", "times": 1}


def assert_blames(answer: httpx.Response, field: str) -> None:
    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    problem = answer.json()
    assert problem["status"] == 400
    assert [error["field"] for error in problem["errors"]] == [field]
    assert problem["detail"].startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("service", "tablestor"),
        ("service", 1),
        ("operation", "PutRow"),
        ("operation", None),
        ("kind", "explode"),
        ("kind", "delay:soon"),
        ("times", 0),
        ("times", "1"),
        ("times", True),
        ("times", 1.5),
        ("extra", 1),
    ],
)
def test_fault_with_a_wrong_field_is_refused(
    controlled: Controlled, field: str, value: object
) -> None:
    assert_blames(controlled.http.post("/faults", json={**FAULT, field: value}), field)
    assert controlled.cloud.faults.waiting() == []


@pytest.mark.parametrize("field", sorted(FAULT))
def test_fault_without_a_field_is_refused(controlled: Controlled, field: str) -> None:
    body = {name: value for name, value in FAULT.items() if name != field}
    assert_blames(controlled.http.post("/faults", json=body), field)


@pytest.mark.parametrize("advance_s", ["60", None, True, 1e300, [1], -4e9, 3e9])
def test_clock_refuses_what_is_no_sane_number_of_seconds(
    controlled: Controlled, advance_s: object
) -> None:
    assert_blames(controlled.http.post("/clock", json={"advance_s": advance_s}), "advance_s")
    assert controlled.cloud.clock.offset_s == 0


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff", b'{"advance_s": NaN}'])
def test_clock_refuses_a_body_that_is_no_order(controlled: Controlled, body: bytes) -> None:
    answer = controlled.http.post("/clock", content=body)
    assert answer.status_code == 400
    assert answer.json()["errors"]


@pytest.mark.parametrize("phone", ["", "alice", "+0123456", "+86138001380001234"])
def test_inbox_refuses_what_is_no_number(controlled: Controlled, phone: str) -> None:
    assert_blames(controlled.http.get("/inbox", params={"phone": phone}), "phone")


def test_reply_without_words_is_refused(controlled: Controlled) -> None:
    reply = {"phone": "+8613800138000", "content": ""}
    assert_blames(controlled.http.post("/inbox/reply", json=reply), "content")
    assert controlled.inbox.replies() == []


def test_unknown_path_and_method_are_problems(controlled: Controlled) -> None:
    assert controlled.http.get("/nowhere").json()["status"] == 404
    answer = controlled.http.put("/meter")
    assert (answer.status_code, answer.json()["status"]) == (405, 405)
    assert "GET" in answer.headers["Allow"]


def test_rebound_name_is_refused(controlled: Controlled) -> None:
    port = controlled.http.base_url.port
    answer = controlled.http.get("/inbox", headers={"Host": f"evil.example:{port}"})
    assert answer.status_code == 403


def test_wrong_port_in_host_is_refused(controlled: Controlled) -> None:
    assert controlled.http.get("/inbox", headers={"Host": "127.0.0.1:1"}).status_code == 403


def test_localhost_is_our_name_too(controlled: Controlled) -> None:
    port = controlled.http.base_url.port
    assert controlled.http.get("/inbox", headers={"Host": f"localhost:{port}"}).is_success


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_page_of_another_site_cannot_reset_the_cloud(
    controlled: Controlled, headers: dict[str, str]
) -> None:
    assert controlled.http.post("/reset", headers=headers).status_code == 403
    assert controlled.resets == []


def test_reset_that_fails_says_so(controlled: Controlled, caplog: pytest.LogCaptureFixture) -> None:
    controlled.reset_error = ConnectionError("key-of-the-account")
    answer = controlled.http.post("/reset")
    assert answer.status_code == 500
    assert answer.json()["title"].startswith("ConnectionError")
    assert "key-of-the-account" not in answer.text
    assert "POST /reset failed" in caplog.text


@given(
    path=st.sampled_from(["/clock", "/faults", "/inbox/reply"]),
    body=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["advance_s", "service", "times", "phone", "content"]), inner
            )
        ),
        max_leaves=6,
    ),
)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_json_is_carried_out_or_refused_with_a_field(
    controlled: Controlled, path: str, body: object
) -> None:
    answer = controlled.http.post(path, content=json.dumps(body).encode())
    assert answer.is_success or (answer.status_code == 400 and answer.json()["errors"])
