"""Receipts and replies as they reach the customer: once taken, never again; not taken, later."""

from __future__ import annotations

import json
import re

import pytest

from infra.localcloud.dysmsapi.deliveries import DeliveryOrder
from tests.localcloud.dysmsapi.customer import Customer
from tests.localcloud.dysmsapi.running import ABROAD, SIGN

PHONE = "+8613800000000"
BEIJING_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


@pytest.fixture
def customer():
    running = Customer()
    yield running
    running.close()


@pytest.fixture
def pushing(dysmsapi, customer):
    """The service, pushing to the customer."""
    dysmsapi.start_pushing(customer.callbacks)
    return dysmsapi


def received(customer) -> list[dict[str, object]]:
    return json.loads(customer.next_push()[2])


def test_receipt_of_a_delivered_message_has_the_documented_fields(pushing, send, customer):
    biz_id = send(out_id="o-1").biz_id
    pushing.cloud.clock.advance(2)

    path, content_type, body = customer.next_push()

    (report,) = json.loads(body)
    times = report.pop("send_time"), report.pop("report_time")
    assert (path, content_type.partition(";")[0]) == ("/report", "application/json")
    assert all(BEIJING_TIME.fullmatch(time) for time in times)
    assert times[0] < times[1]
    assert report == {
        "phone_number": "13800000000",
        "success": True,
        "err_code": "DELIVERED",
        "err_msg": "用户接收成功",
        "sms_size": "1",
        "biz_id": biz_id,
        "out_id": "o-1",
    }
    assert customer.has_silence()


def test_receipt_of_a_failed_message_says_why(pushing, send, customer):
    pushing.service.deliveries.add(DeliveryOrder("*", "MOBILE_NOT_ON_SERVICE", 0.0))

    send(phone_numbers="85251234567", template_code=ABROAD)

    (report,) = received(customer)
    assert (report["phone_number"], report["success"]) == ("85251234567", False)
    assert report["err_code"] == "MOBILE_NOT_ON_SERVICE"


def test_receipt_that_never_comes_is_never_pushed(pushing, send, customer):
    pushing.service.deliveries.add(DeliveryOrder("*", "NONE"))
    send()

    pushing.cloud.clock.advance(3600)

    assert customer.has_silence()


def test_receipts_are_pushed_a_hundred_at_a_time(pushing, send, customer):
    send(phone_numbers=",".join(f"138{n:08d}" for n in range(250)))
    pushing.cloud.clock.advance(2)

    batches = [received(customer) for _ in range(3)]

    assert [len(batch) for batch in batches] == [100, 100, 50]
    assert len({report["phone_number"] for batch in batches for report in batch}) == 250


@pytest.mark.parametrize(
    "answer",
    [
        (503, b'{"code":0}'),
        (200, b'{"code":1}'),
        (200, b'{"code":"0"}'),
        (200, b'{"code":false}'),
        (200, b"[]"),
        (200, b"thanks"),
    ],
)
def test_receipt_not_taken_comes_again_after_a_minute(pushing, send, customer, answer):
    customer.answers = [answer]
    send()
    pushing.cloud.clock.advance(2)
    first = received(customer)
    assert customer.has_silence()

    pushing.cloud.clock.advance(60)

    assert received(customer) == first
    pushing.cloud.clock.advance(3600)
    assert customer.has_silence()


def test_receipt_never_taken_is_dropped_after_the_fourth_try(pushing, send, customer):
    customer.answers = [(500, b"")] * 9
    send()

    for wait_s in (2, 60, 300, 600):
        pushing.cloud.clock.advance(wait_s)
        assert len(received(customer)) == 1
        assert customer.has_silence()

    pushing.cloud.clock.advance(86400)
    assert customer.has_silence()


def test_pushes_go_on_after_a_restart(start, tmp_path, customer):
    customer.answers = [(500, b"")]
    first = start(tmp_path)
    first.start_pushing(customer.callbacks)
    first.reply(PHONE, "你好")
    before = received(customer)
    assert customer.has_silence()
    first.halt_pushing()

    second = start(tmp_path)
    second.start_pushing(customer.callbacks)
    assert customer.has_silence()
    second.cloud.clock.advance(60)

    assert received(customer) == before


def test_reply_is_pushed_with_the_sign_it_answers(pushing, send, customer):
    send()

    pushing.reply(PHONE, "R")

    path, _, body = customer.next_push()
    (up,) = json.loads(body)
    assert path == "/up"
    assert (up["phone_number"], up["content"], up["sign_name"]) == ("13800000000", "R", SIGN)
    assert up.keys() == {
        *("phone_number", "content", "send_time", "dest_code", "sequence_id", "sign_name")
    }
    assert isinstance(up["sequence_id"], str)


def test_pushes_are_made_twice_where_duplicates_are_asked_for(pushing, customer):
    pushing.service.receipts.duplicate = True

    pushing.reply(PHONE, "你好")

    assert received(customer) == received(customer)
    assert customer.has_silence()


def test_reset_forgets_what_waits_and_pushes_on(pushing, send, customer):
    send()
    pushing.service.reset()
    pushing.cloud.clock.advance(3600)
    assert customer.has_silence()

    pushing.reply(PHONE, "你好")

    assert received(customer)[0]["content"] == "你好"


def test_pushes_wait_for_nobody_where_there_is_no_address(dysmsapi, send, customer):
    send()
    dysmsapi.cloud.clock.advance(2)

    dysmsapi.start_pushing(customer.callbacks)

    assert customer.has_silence()
