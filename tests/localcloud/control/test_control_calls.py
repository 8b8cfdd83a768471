"""What each call of the control plane shows or moves."""

from __future__ import annotations

import pytest

from infra.localcloud.core.faults import Fault
from tests.localcloud.control.controlled import Controlled

PHONE = "+8613800138000"


def test_inbox_lists_messages_newest_first(controlled: Controlled) -> None:
    controlled.deliver(PHONE, "first")
    controlled.deliver(PHONE, "second")
    listed = controlled.http.get("/inbox").json()
    assert [message["text"] for message in listed] == ["second", "first"]
    assert {"phone", "sign_name", "text", "template_code", "params", "sent_at"} <= set(listed[0])
    assert {"out_id", "biz_id"} <= set(listed[0])


@pytest.mark.parametrize(
    "query", ["+8613800138000", "%2B8613800138000", "%208613800138000", "8613800138000"]
)
def test_inbox_finds_a_phone_however_its_plus_is_written(
    controlled: Controlled, query: str
) -> None:
    controlled.deliver(PHONE, "ours")
    controlled.deliver("+14155550123", "theirs")
    listed = controlled.http.get(f"/inbox?phone={query}").json()
    assert [message["text"] for message in listed] == ["ours"]


def test_meter_shows_counts_until_it_is_cleared(controlled: Controlled) -> None:
    controlled.cloud.meter.count("sts", "AssumeRole", "")
    assert controlled.http.get("/meter").json()["operations"][0]["count"] == 1
    assert controlled.http.delete("/meter").is_success
    assert controlled.http.get("/meter").json() == {"operations": []}


def test_clock_moves_forward_and_back(controlled: Controlled) -> None:
    moved = controlled.http.post("/clock", json={"advance_s": 3600}).json()
    assert moved["offset_s"] == 3600
    assert moved["now_s"] == pytest.approx(controlled.cloud.clock.now_s(), abs=5)
    assert controlled.http.post("/clock", json={"advance_s": -3600.5}).json()["offset_s"] == -0.5
    assert controlled.http.get("/clock").json()["offset_s"] == -0.5


def test_faults_are_queued_shown_and_cleared(controlled: Controlled) -> None:
    fault = {"service": "tablestore", "operation": "PutRow", "kind": "delay:50", "times": 2}
    assert controlled.http.post("/faults", json=fault).is_success
    assert controlled.http.get("/faults").json() == {"faults": [fault]}
    assert controlled.cloud.faults.waiting() == [Fault(**fault)]
    assert controlled.http.delete("/faults").is_success
    assert controlled.cloud.faults.waiting() == []


def test_faults_take_a_star_for_any_operation_of_any_service(controlled: Controlled) -> None:
    fault = {"service": "*", "operation": "*", "kind": "html_503", "times": 1}
    assert controlled.http.post("/faults", json=fault).is_success


def test_reset_resets_the_cloud_and_tells_the_time(controlled: Controlled) -> None:
    answer = controlled.http.post("/reset")
    assert answer.json()["offset_s"] == 0
    assert len(controlled.resets) == 1


def test_invocations_are_listed(controlled: Controlled) -> None:
    controlled.invocations.append({"function": "verify_otp", "outcome": "ok"})
    assert controlled.http.get("/invocations").json() == controlled.invocations


def test_reply_reaches_the_inbox(controlled: Controlled) -> None:
    reply = {"phone": "8613800138000", "content": "TD"}
    assert controlled.http.post("/inbox/reply", json=reply).is_success
    assert [(kept.phone, kept.content) for kept in controlled.inbox.replies()] == [(PHONE, "TD")]


def test_body_is_read_as_json_whatever_curl_calls_it(controlled: Controlled) -> None:
    answer = controlled.http.post(
        "/clock",
        content=b'{"advance_s": 1}',
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.is_success
