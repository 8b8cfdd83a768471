"""The switch of a phone: what becomes of messages to it, as queries and the inbox tell."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from alibabacloud_dysmsapi20170525 import models

from infra.localcloud.dysmsapi.deliveries import DeliveryOrder
from infra.localcloud.dysmsapi.phone_states import SLOW_S
from tests.localcloud.dysmsapi.running import PROMOTION

PHONE = "+8613800000000"
FAILURES = [
    ("off", "MOBILE_NOT_ON_SERVICE"),
    ("full", "MOBLLE_TERMINAL_ERROR"),
    ("unknown", "INVALID_NUMBER"),
    ("opted_out", "USER_REJECT"),
]


def told(dysmsapi) -> tuple[int, str]:
    """SendStatus and ErrCode of the newest message to the phone."""
    beijing = timezone(timedelta(hours=8))
    today = datetime.fromtimestamp(dysmsapi.cloud.clock.now_s(), beijing).strftime("%Y%m%d")
    request = models.QuerySendDetailsRequest(
        phone_number="13800000000", send_date=today, page_size=10, current_page=1
    )
    dto = dysmsapi.client().query_send_details(request).body.sms_send_detail_dtos
    return dto.sms_send_detail_dto[0].send_status, dto.sms_send_detail_dto[0].err_code


@pytest.fixture(autouse=True)
def _noon(dysmsapi) -> None:
    """Midday in Beijing by the cloud's clock, so that no test meets a change of day."""
    clock = dysmsapi.cloud.clock
    clock.advance((4 * 3600 - clock.now_s()) % 86400)


@pytest.mark.parametrize(("state", "err_code"), FAILURES)
def test_phone_that_cannot_receive_has_a_loss_and_no_message(dysmsapi, send, state, err_code):
    dysmsapi.service.phones.set(PHONE, state)

    assert send().code == "OK"
    dysmsapi.cloud.clock.advance(2)

    assert told(dysmsapi) == (2, err_code)
    assert dysmsapi.inbox.messages() == []
    (loss,) = dysmsapi.inbox.losses()
    assert (loss.phone, loss.err_code) == (PHONE, err_code)


def test_slow_carrier_brings_message_and_receipt_late(dysmsapi, send):
    dysmsapi.service.phones.set(PHONE, "slow")
    send()
    before = dysmsapi.inbox.version

    dysmsapi.cloud.clock.advance(SLOW_S - 5)
    assert (told(dysmsapi), dysmsapi.inbox.messages()) == ((1, ""), [])
    assert [message.phone for message, _ in dysmsapi.inbox.expected()] == [PHONE]
    dysmsapi.cloud.clock.advance(6)

    assert dysmsapi.inbox.version > before
    assert told(dysmsapi) == (3, "DELIVERED")
    assert [message.phone for message in dysmsapi.inbox.messages()] == [PHONE]
    assert dysmsapi.inbox.expected() == []


def test_opted_out_phone_has_its_promotions_refused_in_the_call(dysmsapi, send):
    dysmsapi.add_promotion()
    dysmsapi.service.phones.set(PHONE, "opted_out")

    assert send(template_code=PROMOTION).code == "isv.CUSTOMER_REFUSED"
    assert dysmsapi.inbox.losses() == []


def test_switch_is_for_one_phone_until_it_is_set_back(dysmsapi, send):
    phones = dysmsapi.service.phones
    phones.set("+8613900000000", "off")
    assert send().code == "OK"
    phones.set("+8613900000000", "normal")
    assert send(phone_numbers="13900000000").code == "OK"

    assert {message.phone for message in dysmsapi.inbox.messages()} == {PHONE, "+8613900000000"}
    assert phones.all() == {}


def test_scripted_delivery_goes_before_the_switch(dysmsapi, send):
    dysmsapi.service.phones.set(PHONE, "off")
    dysmsapi.service.deliveries.add(DeliveryOrder(PHONE, "DELIVERED"))

    send()

    assert len(dysmsapi.inbox.messages()) == 1


def test_switches_and_late_messages_outlive_a_restart(start, tmp_path, dysmsapi):
    first = start(tmp_path)
    first.service.phones.set(PHONE, "slow")
    request = models.SendSmsRequest(
        phone_numbers="13800000000",
        sign_name="芝麻开门",
        template_code="SMS_100001",
        template_param='{"code":"123456"}',
    )
    assert first.client().send_sms(request).body.code == "OK"

    second = start(tmp_path)

    assert second.service.phones.all() == {PHONE: "slow"}
    second.cloud.clock.advance(SLOW_S + 1)
    assert len(second.inbox.messages()) == 1


def test_reset_sets_every_switch_back(dysmsapi):
    dysmsapi.service.phones.set(PHONE, "full")
    version = dysmsapi.service.phones.version

    dysmsapi.service.reset()

    assert dysmsapi.service.phones.of(PHONE) == "normal"
    assert dysmsapi.service.phones.version > version


def test_message_names_the_invocation_whose_session_sent_it(dysmsapi):
    session = dysmsapi.cloud.identities.issue_session(
        role="", session_name="f", duration_s=60, function="f", request_id="1-2-3-4"
    )
    dysmsapi.client(session).send_sms(
        models.SendSmsRequest(
            phone_numbers="13800000000",
            sign_name="芝麻开门",
            template_code="SMS_100001",
            template_param='{"code":"123456"}',
        )
    )

    (message,) = dysmsapi.inbox.messages()
    assert message.request_id == "1-2-3-4"
