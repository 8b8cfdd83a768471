"""Notifications through gateway, queue, triggers, packaged functions and real SDKs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from infra.background_cloud import BackgroundCloud
from tests.waiting import wait_until

NewPhone = Callable[[], str]
EVENTS = Path(__file__).resolve().parents[2] / "events"
PARAMS = {"order_no": "A1", "status": "已发货"}


@pytest.fixture(scope="module")
def _own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackgroundCloud]:
    """A cloud of its own: what a queue still holds must not take the faults of other tests."""
    own = BackgroundCloud(tmp_path_factory.mktemp("notifications"))
    own.start()
    yield own
    own.stop()


@pytest.fixture
def cloud(_own: BackgroundCloud) -> BackgroundCloud:
    _own.control("DELETE", "/faults")
    _own.control("DELETE", "/meter")
    return _own


def send(cloud: BackgroundCloud, phone: object, **more: object) -> Any:
    body = {"to": phone, "template": "ship_update", "params": PARAMS, **more}
    answer = cloud.post("/v1/notifications", body)
    assert answer.status_code == 202, answer.text
    return answer.json()


def ask(cloud: BackgroundCloud, method: str, message_id: str, tenant: str = "default") -> Any:
    return requests.request(
        method,
        f"{cloud.ready['gateway']}/v1/messages/{message_id}",
        headers={"Authorization": f"Bearer {cloud.ready['api_keys'][tenant]}"},
        timeout=30,
    )


def found(cloud: BackgroundCloud, phone: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = cloud.post("/v1/messages/search", {"phone": phone}).json()[
        "messages"
    ]
    return listed


def status(cloud: BackgroundCloud, message_id: str) -> str:
    return str(ask(cloud, "GET", message_id).json()["status"])


def trips(cloud: BackgroundCloud, *functions: str) -> int:
    counts: Counter[str] = Counter()
    for each in cloud.control("GET", "/meter")["operations"]:
        if each["service"] == "tablestore":
            counts[each["function"]] += each["count"]
    return sum(counts[name] for name in functions)


def test_a_notification_arrives_and_its_receipt_is_known(
    cloud: BackgroundCloud, new_phone: NewPhone
) -> None:
    phone = new_phone()
    message_id = send(cloud, phone)["message_id"]

    wait_until(lambda: status(cloud, message_id) == "delivered", timeout_s=30)

    (message,) = cloud.messages(phone)
    assert message["params"] == PARAMS
    assert trips(cloud, "send_notification", "dispatch_notification") == 3
    assert trips(cloud, "receive_receipt") == 1


def test_a_dedupe_key_arrives_once(cloud: BackgroundCloud, new_phone: NewPhone) -> None:
    phone = new_phone()
    ids = {send(cloud, phone, dedupe_key=f"order-{phone}")["message_id"] for _ in range(3)}
    (message_id,) = ids
    wait_until(lambda: status(cloud, message_id) == "delivered", timeout_s=30)

    assert len(cloud.messages(phone)) == 1


def test_many_recipients_share_calls_and_have_their_own_records(
    cloud: BackgroundCloud, new_phone: NewPhone
) -> None:
    phones = [new_phone() for _ in range(30)]
    answer = send(cloud, [*phones, "not a phone"])
    ids = [each["message_id"] for each in answer["messages"]]
    assert [each["index"] for each in answer["rejected"]] == [30]

    wait_until(lambda: all(status(cloud, each) == "delivered" for each in ids), timeout_s=30)

    biz_ids = {cloud.messages(phone)[0]["biz_id"] for phone in phones}
    assert len(biz_ids) == 1, "one SendBatchSms for all"
    assert len(set(ids)) == 30


def test_a_scheduled_message_comes_in_its_time_unless_called_off(
    cloud: BackgroundCloud, new_phone: NewPhone
) -> None:
    now_s = cloud.control("GET", "/clock")["now_s"]
    phone, other = new_phone(), new_phone()
    kept = send(cloud, phone, send_at=int(now_s) + 3600)["message_id"]
    dropped = send(cloud, other, send_at=int(now_s) + 3600)["message_id"]
    assert status(cloud, kept) == "scheduled"
    assert ask(cloud, "DELETE", dropped).json()["status"] == "cancelled"
    assert ask(cloud, "DELETE", dropped, tenant="second").status_code == 404

    cloud.advance(3601)
    wait_until(lambda: status(cloud, kept) == "delivered", timeout_s=30)

    assert cloud.messages(other) == []


def test_a_lost_answer_is_reconciled_and_never_a_second_message(
    cloud: BackgroundCloud, new_phone: NewPhone
) -> None:
    phone = new_phone()
    cloud.control(
        "POST",
        "/faults",
        {"service": "dysmsapi", "operation": "SendSms", "kind": "drop_after", "times": 1},
    )
    message_id = send(cloud, phone)["message_id"]
    wait_until(lambda: status(cloud, message_id) in ("unknown", "delivered"), timeout_s=30)

    cloud.advance(400)
    wait_until(lambda: status(cloud, message_id) == "delivered", timeout_s=30)

    assert len(cloud.messages(phone)) == 1


def test_an_event_of_another_system_becomes_a_notification(
    cloud: BackgroundCloud, new_phone: NewPhone
) -> None:
    phone = new_phone()
    text = (EVENTS / "order_shipped.cloudevent.json").read_text(encoding="utf-8")
    event = json.loads(text.replace("+8613800138000", phone))
    event["id"] = f"event-{phone}"

    assert cloud.control("POST", "/events", event)["matched"] == 1
    wait_until(lambda: [each["status"] for each in found(cloud, phone)] == ["delivered"])
    assert len(cloud.messages(phone)) == 1


def test_an_opt_out_reply_stops_promotions_and_not_notices(
    cloud: BackgroundCloud, new_phone: NewPhone
) -> None:
    phone = new_phone()
    granted = cloud.post("/v1/consents/grant", {"phone": phone, "source": "signup_form"})
    assert granted.json() == {"recorded": True}
    first = send(cloud, phone)["message_id"]
    wait_until(lambda: status(cloud, first) == "delivered", timeout_s=30)
    cloud.control("POST", "/inbox/reply", {"phone": phone, "content": "TD"})
    wait_until(
        lambda: any(
            "replies_received" in line
            for each in cloud.control("GET", "/invocations")
            for line in each["log"]
        ),
        timeout_s=30,
    )
    body = json.loads((EVENTS / "seasonal_offer.notification.json").read_text(encoding="utf-8"))
    offer = cloud.post("/v1/notifications", {**body, "to": phone}).json()["message_id"]
    again = send(cloud, phone)["message_id"]
    # Past the quiet hours, wherever the day stands.
    cloud.advance(43_200)
    wait_until(lambda: status(cloud, again) == "delivered", timeout_s=30)
    wait_until(lambda: status(cloud, offer) in ("suppressed", "waiting"), timeout_s=30)

    assert len(cloud.messages(phone)) == 2


@pytest.mark.parametrize("path", sorted(EVENTS.glob("*.notification.json")), ids=lambda p: p.name)
def test_every_example_is_accepted(cloud: BackgroundCloud, new_phone: NewPhone, path: Path) -> None:
    body = json.loads(path.read_text(encoding="utf-8"))

    answer = cloud.post("/v1/notifications", {**body, "to": new_phone()})

    assert answer.status_code == 202, answer.text
    message_id = answer.json()["message_id"]
    ends = ("delivered", "suppressed", "waiting")
    wait_until(lambda: status(cloud, message_id) in ends, timeout_s=30)


@pytest.mark.parametrize("secret", ["", "x" * 43, "../v1"])
def test_a_callback_without_the_secret_is_nowhere(cloud: BackgroundCloud, secret: str) -> None:
    answer = requests.post(
        f"{cloud.ready['gateway']}/v1/callbacks/{secret}/sms-report",
        data="[]",
        headers={"Content-Type": "application/json"},
        timeout=30,
    )

    assert answer.status_code == 404


def test_a_queue_that_fails_is_a_503_and_nothing_goes_out(
    cloud: BackgroundCloud, new_phone: NewPhone
) -> None:
    phone = new_phone()
    cloud.control(
        "POST",
        "/faults",
        {"service": "smq", "operation": "*", "kind": "error:InternalError", "times": 50},
    )
    answer = cloud.post(
        "/v1/notifications", {"to": phone, "template": "ship_update", "params": PARAMS}
    )
    cloud.control("DELETE", "/faults")

    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
    assert cloud.messages(phone) == []
