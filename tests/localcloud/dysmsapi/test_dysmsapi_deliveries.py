"""What becomes of accepted messages, as the SDK's queries and the phones tell it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from alibabacloud_dysmsapi20170525 import models

from infra.localcloud.dysmsapi.deliveries import DeliveryOrder
from tests.localcloud.dysmsapi.running import PROMOTION, SIGN

PHONE = "+8613800000000"


def today(dysmsapi) -> str:
    beijing = timezone(timedelta(hours=8))
    return datetime.fromtimestamp(dysmsapi.cloud.clock.now_s(), beijing).strftime("%Y%m%d")


def state(dysmsapi) -> tuple[int, str, bool]:
    """SendStatus, ErrCode, and whether there is a ReceiveDate."""
    request = models.QuerySendDetailsRequest(
        phone_number="13800000000", send_date=today(dysmsapi), page_size=10, current_page=1
    )
    dto = dysmsapi.client().query_send_details(request).body.sms_send_detail_dtos
    newest = dto.sms_send_detail_dto[0]
    return newest.send_status, newest.err_code, bool(newest.receive_date)


def counts(dysmsapi) -> tuple[int, int, int]:
    request = models.QuerySendStatisticsRequest(
        start_date=today(dysmsapi), end_date=today(dysmsapi), is_globe=1, page_index=1, page_size=10
    )
    (day,) = dysmsapi.client().query_send_statistics(request).body.data.target_list
    return day.responded_success_count, day.responded_fail_count, day.no_responded_count


@pytest.fixture
def noon(dysmsapi) -> None:
    """Midday in Beijing by the cloud's clock, so that no test meets a change of day."""
    clock = dysmsapi.cloud.clock
    clock.advance((4 * 3600 - clock.now_s()) % 86400)


@pytest.fixture
def order(dysmsapi):
    """Script what becomes of the next messages."""

    def add(err_code: str, *, phone: str = PHONE, delay_s: float = 30.0, times: int = 1) -> None:
        dysmsapi.service.deliveries.add(DeliveryOrder(phone, err_code, delay_s, times))

    return add


@pytest.mark.usefixtures("noon")
def test_delivery_waits_and_then_settles(dysmsapi, send, order):
    order("DELIVERED")
    send()

    assert (state(dysmsapi), counts(dysmsapi)) == ((1, "", False), (0, 0, 1))
    dysmsapi.cloud.clock.advance(31)
    assert (state(dysmsapi), counts(dysmsapi)) == ((3, "DELIVERED", True), (1, 0, 0))


@pytest.mark.usefixtures("noon")
def test_delivery_settles_within_a_second_without_an_order(dysmsapi, send):
    send()
    dysmsapi.cloud.clock.advance(1.1)

    assert state(dysmsapi) == (3, "DELIVERED", True)


@pytest.mark.usefixtures("noon")
def test_delivery_that_fails_never_reaches_the_phone(dysmsapi, send, order):
    order("MOBILE_NOT_ON_SERVICE")

    assert send().code == "OK"

    dysmsapi.cloud.clock.advance(31)
    assert state(dysmsapi) == (2, "MOBILE_NOT_ON_SERVICE", True)
    assert counts(dysmsapi) == (0, 1, 0)
    assert dysmsapi.inbox.messages() == []


@pytest.mark.usefixtures("noon")
def test_delivery_without_a_receipt_waits_for_ever(dysmsapi, send, order):
    order("NONE")
    send()

    dysmsapi.cloud.clock.advance(3600)

    assert state(dysmsapi) == (1, "", False)
    assert [message.phone for message in dysmsapi.inbox.messages()] == [PHONE]


def test_delivery_order_is_for_one_phone_and_so_many_times(dysmsapi, send, order):
    order("MB:1041", phone="+8613900000000")
    order("MB:1041", phone="*", times=2)

    for number in ("13800000001", "13800000002", "13800000003", "13900000000"):
        send(phone_numbers=number)

    shown = [message.phone for message in dysmsapi.inbox.messages()]
    assert shown == ["+8613800000003"]
    assert dysmsapi.service.deliveries.waiting() == []


def test_delivery_order_is_not_spent_by_a_refused_call(dysmsapi, send, order):
    order("MB:1041")

    assert send(template_code="SMS_0").code == "isv.SMS_TEMPLATE_ILLEGAL"

    assert len(dysmsapi.service.deliveries.waiting()) == 1


def test_delivery_survives_a_restart(start, tmp_path):
    first = start(tmp_path)
    request = models.SendSmsRequest(
        phone_numbers="13800000000",
        sign_name=SIGN,
        template_code="SMS_100001",
        template_param='{"code":"123456"}',
    )
    first.cloud.clock.advance((4 * 3600 - first.cloud.clock.now_s()) % 86400)
    first.service.deliveries.add(DeliveryOrder(PHONE, "MB:1041", 30.0))
    assert first.client().send_sms(request).body.code == "OK"

    second = start(tmp_path)

    assert state(second) == (1, "", False)
    second.cloud.clock.advance(31)
    assert state(second) == (2, "MB:1041", True)


@pytest.mark.parametrize("word", ["R", " td ", "退订"])
def test_reply_ends_the_promotions_of_the_sign(dysmsapi, send, word):
    dysmsapi.add_promotion()
    dysmsapi.service.catalogue.ensure_sign("另一个")
    assert send(template_code=PROMOTION).code == "OK"

    dysmsapi.reply(PHONE, word)

    assert send(template_code=PROMOTION).code == "isv.CUSTOMER_REFUSED"
    assert send().code == "OK"
    assert send(template_code=PROMOTION, sign_name="另一个").code == "OK"
    assert send(template_code=PROMOTION, phone_numbers="13900000000").code == "OK"


def test_reply_of_another_text_ends_nothing(dysmsapi, send):
    dysmsapi.add_promotion()
    send(template_code=PROMOTION)

    dysmsapi.reply(PHONE, "请问几点开门")

    assert send(template_code=PROMOTION).code == "OK"


def test_reset_forgets_who_refused_and_what_was_ordered(dysmsapi, send, order):
    dysmsapi.add_promotion()
    send(template_code=PROMOTION)
    dysmsapi.reply(PHONE, "R")
    order("MB:1041")

    dysmsapi.service.reset()

    assert send(template_code=PROMOTION).code == "OK"
    assert dysmsapi.service.deliveries.waiting() == []
