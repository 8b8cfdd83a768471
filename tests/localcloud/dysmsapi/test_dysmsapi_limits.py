"""The platform's flow control per phone, with time moved by the cloud's clock."""

from __future__ import annotations

import json

import pytest
from alibabacloud_dysmsapi20170525 import models

from tests.localcloud.dysmsapi.running import ABROAD, CODE, NOTICE, SIGN

LIMITED = "isv.BUSINESS_LIMIT_CONTROL"


@pytest.fixture
def send_after(dysmsapi, send):
    """Move the clock, send, and tell the answer's code and message."""

    def call(seconds: float, **fields: str) -> tuple[str, str]:
        dysmsapi.cloud.clock.advance(seconds)
        answer = send(**fields)
        return answer.code, answer.message

    return call


def test_code_is_limited_to_one_a_minute(send_after):
    assert send_after(0)[0] == "OK"
    assert send_after(55) == (LIMITED, "触发分钟级流控Permits:1")
    assert send_after(6)[0] == "OK"


def test_code_is_limited_to_five_an_hour(send_after):
    assert [send_after(61)[0] for _ in range(5)] == ["OK"] * 5
    assert send_after(61) == (LIMITED, "触发小时级流控Permits:5")
    assert send_after(3600 - 5 * 61)[0] == "OK"


def test_code_is_limited_to_ten_a_rolling_day(send_after):
    assert [send_after(1000)[0] for _ in range(10)] == ["OK"] * 10
    assert send_after(1000) == (LIMITED, "触发天级流控Permits:10")
    assert send_after(86_400 - 10_000 + 1)[0] == "OK"


def test_refused_sends_do_not_count(send_after):
    send_after(0)
    assert [send_after(10)[0] for _ in range(5)] == [LIMITED] * 5
    assert send_after(11)[0] == "OK"


def test_code_limit_counts_every_form_of_a_number_as_one_phone(send_after):
    send_after(0, phone_numbers="13800000000")
    assert send_after(1, phone_numbers="+8613800000000")[0] == LIMITED


def test_code_limit_counts_the_numbers_of_one_call_among_each_other(dysmsapi, send_after):
    assert send_after(0, phone_numbers="13800000000,8613800000000")[0] == LIMITED
    assert dysmsapi.inbox.messages() == []


def test_code_limit_is_per_phone_and_per_sign(dysmsapi, send_after):
    dysmsapi.service.catalogue.ensure_sign("另一签名")
    send_after(0)
    assert send_after(0, phone_numbers="13800000001")[0] == "OK"
    assert send_after(0, sign_name="另一签名")[0] == "OK"


def test_code_is_limited_to_forty_a_day_over_all_signs(dysmsapi, send_after):
    for n in range(5):
        dysmsapi.service.catalogue.ensure_sign(f"签名{n}")
    for n in range(4):
        for _ in range(10):
            assert send_after(1000, sign_name=f"签名{n}")[0] == "OK"
    assert send_after(0, sign_name="签名4") == (LIMITED, "触发天级流控Permits:40")


def test_notice_is_limited_to_fifty_a_day_per_template(dysmsapi, send_after):
    dysmsapi.service.catalogue.ensure_template("SMS_2", name="b", kind="notice", content="到了")
    params = json.dumps({"name": "a", "note": "b"})
    for _ in range(50):
        assert send_after(1, template_code=NOTICE, template_param=params)[0] == "OK"
    assert send_after(1, template_code=NOTICE, template_param=params) == (
        LIMITED,
        "触发天级流控Permits:50",
    )
    assert send_after(0, template_code="SMS_2")[0] == "OK"


def test_numbers_abroad_are_not_limited(send_after):
    for _ in range(3):
        assert send_after(0, phone_numbers="85251234567", template_code=ABROAD)[0] == "OK"


def test_a_future_that_the_clock_left_again_does_not_count(dysmsapi, send_after):
    send_after(7200)
    assert send_after(-7200)[0] == "OK"


def test_limits_and_inbox_outlive_a_restart(start, tmp_path):
    request = models.SendSmsRequest(
        phone_numbers="13800000000",
        sign_name=SIGN,
        template_code=CODE,
        template_param='{"code":"123456"}',
    )
    first = start(tmp_path)
    first.client().send_sms(request)
    version = first.inbox.version

    second = start(tmp_path)  # the first still holds its files: nothing was closed in order

    assert second.client().send_sms(request).body.code == LIMITED
    assert [message.params for message in second.inbox.messages()] == [{"code": "123456"}]
    assert second.inbox.version >= version
