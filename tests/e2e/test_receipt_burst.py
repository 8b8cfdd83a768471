"""A flood of receipts in one push: one invocation takes them all, and they share round trips."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
import requests

from infra.background_cloud import BackgroundCloud
from tests.waiting import wait_until

BURST = 1000


@pytest.fixture
def silent(cloud: BackgroundCloud) -> Iterator[BackgroundCloud]:
    """The cloud, with a provider that sends no receipts of its own."""
    order = {"phone": "*", "err_code": "NONE", "times": 2 * BURST}
    cloud.control("POST", "/deliveries", order)
    yield cloud
    cloud.control("DELETE", "/deliveries")


def invocations(cloud: BackgroundCloud) -> list[dict[str, object]]:
    listed = cloud.control("GET", "/invocations")
    return [each for each in listed if each["function"] == "receive_receipt"]


def trips(cloud: BackgroundCloud) -> int:
    return sum(
        int(each["count"])
        for each in cloud.control("GET", "/meter")["operations"]
        if (each["service"], each["function"]) == ("tablestore", "receive_receipt")
    )


def test_a_thousand_receipts_in_one_push_are_one_invocation(
    silent: BackgroundCloud, new_phone: Callable[[], str]
) -> None:
    cloud, phones = silent, [new_phone() for _ in range(BURST)]
    body = {"to": phones, "template": "ship_update", "params": {"order_no": "A1", "status": "ok"}}
    accepted = cloud.post("/v1/notifications", body)
    assert accepted.status_code == 202, accepted.text
    ours = set(phones)

    def arrived() -> list[dict[str, str]]:
        return [each for each in cloud.control("GET", "/inbox") if each["phone"] in ours]

    wait_until(lambda: len(arrived()) == BURST, timeout_s=120)
    push = [
        {
            "phone_number": each["phone"].removeprefix("+86"),
            "send_time": "2026-11-23 10:00:00",
            "report_time": "2026-11-23 10:00:03",
            "success": True,
            "err_code": "DELIVERED",
            "err_msg": "DELIVERED",
            "sms_size": "1",
            "biz_id": each["biz_id"],
            "out_id": each["out_id"],
        }
        for each in arrived()
    ]
    secret = json.loads((cloud.data / "secrets.json").read_text())["callback_secret"]
    before = len(invocations(cloud))

    def give() -> None:
        answer = requests.post(
            f"{cloud.ready['gateway']}/v1/callbacks/{secret}/sms-report", json=push, timeout=60
        )
        assert (answer.status_code, answer.json()["code"]) == (200, 0)

    cloud.control("DELETE", "/meter")
    give()
    (invocation,) = invocations(cloud)[before:]
    assert invocation["outcome"] == "ok", "ended within the function's own timeout"
    assert 0 < trips(cloud) <= BURST // 100

    give()  # once more, as the provider does: nothing changes
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {cloud.ready['api_key']}"
    statuses = {
        session.get(f"{cloud.ready['gateway']}/v1/messages/{each['message_id']}").json()["status"]
        for each in accepted.json()["messages"][::50]
    }
    assert statuses == {"delivered"}
