"""SendSms and SendBatchSms through the unmodified SDK: what is delivered and what is refused."""

from __future__ import annotations

import json

import pytest
from alibabacloud_dysmsapi20170525 import models

from tests.localcloud.dysmsapi.running import ABROAD, CODE, NOTICE, SIGN


def notice(name: str, note: str = "A1") -> dict[str, str]:
    params = json.dumps({"name": name, "note": note}, ensure_ascii=False)
    return {"template_code": NOTICE, "template_param": params}


def test_send_sms_delivers_the_text_as_a_phone_shows_it(dysmsapi, send):
    answer = send(out_id="o-1")

    (message,) = dysmsapi.inbox.messages("+8613800000000")
    assert answer.code == "OK"
    assert message.text == f"【{SIGN}】您的验证码为123456，请勿告知他人。"
    assert message.as_json().keys() == {
        *("phone", "sign_name", "text", "template_code", "params", "out_id", "biz_id"),
        *("sent_at", "id", "request_id"),
    }
    assert (message.biz_id, message.out_id) == (answer.biz_id, "o-1")
    assert message.params == {"code": "123456"}
    assert abs(message.sent_at - dysmsapi.cloud.clock.now_s()) < 30


@pytest.mark.parametrize("name", ["张 三", "a*b~c", "100%+1&x=y", "é中'\"<>", "换\n行"])
def test_send_sms_carries_any_text(dysmsapi, send, name):
    assert send(**notice(name)).code == "OK"

    assert dysmsapi.inbox.messages()[0].params["name"] == name


@pytest.mark.parametrize(
    "number", ["13800000000", "+13800000000", "+8613800000000", "008613800000000", "8613800000000"]
)
def test_send_sms_knows_every_form_of_a_mainland_number(dysmsapi, send, number):
    assert send(phone_numbers=number).code == "OK"

    assert dysmsapi.inbox.messages()[0].phone == "+8613800000000"


def test_send_sms_delivers_abroad_without_a_sign_in_the_text(dysmsapi, send):
    assert send(phone_numbers="85251234567", template_code=ABROAD).code == "OK"

    message = dysmsapi.inbox.messages()[0]
    assert (message.phone, message.text) == ("+85251234567", "Your code is 123456.")


def test_send_sms_gives_all_numbers_of_a_call_one_biz_id(dysmsapi, send):
    numbers = [f"138{n:08d}" for n in range(1000)]

    answer = send(phone_numbers=",".join(numbers))

    messages = dysmsapi.inbox.messages()
    assert {message.phone for message in messages} == {"+86" + number for number in numbers}
    assert {message.biz_id for message in messages} == {answer.biz_id}


REFUSALS = [
    ("isv.SMS_SIGNATURE_ILLEGAL", {"sign_name": "无此签名"}),
    ("isv.SMS_TEMPLATE_ILLEGAL", {"template_code": "SMS_0"}),
    ("isv.DOMESTIC_NUMBER_NOT_SUPPORTED", {"template_code": ABROAD}),
    ("isv.DOMESTIC_NUMBER_NOT_SUPPORTED", {"phone_numbers": "85251234567"}),
    ("isv.MOBILE_NUMBER_ILLEGAL", {"phone_numbers": "12800000000000000"}),
    ("isv.MOBILE_NUMBER_ILLEGAL", {"phone_numbers": "1380000000"}),
    ("isv.MOBILE_NUMBER_ILLEGAL", {"phone_numbers": "8612800000000"}),
    ("isv.MOBILE_NUMBER_ILLEGAL", {"phone_numbers": "13800000000,"}),
    ("isv.MOBILE_NUMBER_ILLEGAL", {"phone_numbers": "+85251234567", "template_code": ABROAD}),
    ("isv.MOBILE_NUMBER_ILLEGAL", {"phone_numbers": "１３８００００００００"}),
    ("isv.MOBILE_COUNT_OVER_LIMIT", {"phone_numbers": ",".join(["13800000000"] * 1001)}),
    ("isv.INVALID_JSON_PARAM", {"template_param": '{"code":123456}'}),
    ("isv.INVALID_JSON_PARAM", {"template_param": '["123456"]'}),
    ("isv.INVALID_JSON_PARAM", {"template_param": "{code"}),
    ("isv.INVALID_JSON_PARAM", {"template_param": "[" * 10_000}),
    ("isv.INVALID_JSON_PARAM", {"template_param": '{"code":"\\ud800123"}'}),
    ("isv.TEMPLATE_MISSING_PARAMETERS", {"template_param": '{"kode":"123456"}'}),
    ("isv.PARAM_LENGTH_LIMIT", {"template_param": '{"code":"12345678"}'}),
    ("isv.PARAM_LENGTH_LIMIT", {"template_param": '{"code":"123"}'}),
    ("isv.PARAM_LENGTH_LIMIT", notice("长" * 36)),
    ("isv.PARAM_NOT_SUPPORT_URL", notice("见 https://a.example")),
    ("isv.PARAM_NOT_SUPPORT_URL", notice("见 sesame.com")),
    ("isv.UNSUPPORTED_CONTENT", notice("好😀")),
    ("isv.TEMPLATE_PARAMS_ILLEGAL", {"template_param": '{"code":"12 34"}'}),
    ("isv.INVALID_PARAMETERS", {"out_id": "o" * 256}),
]


@pytest.mark.parametrize(("code", "fields"), REFUSALS, ids=lambda value: str(value)[:48])
def test_send_sms_refuses_with_the_documented_code(dysmsapi, send, code, fields):
    answer = send(**fields)

    assert answer.code == code
    assert answer.request_id
    assert dysmsapi.inbox.messages() == []


def test_send_sms_refuses_the_whole_call_for_one_bad_number(dysmsapi, send):
    assert send(phone_numbers="13800000001,138").code == "isv.MOBILE_NUMBER_ILLEGAL"

    assert dysmsapi.inbox.messages() == []


@pytest.mark.parametrize("state", ["reviewing", "rejected", "cancelled"])
def test_send_sms_refuses_what_is_not_approved(dysmsapi, send, state):
    dysmsapi.service.catalogue.set_sign_state(SIGN, state)
    assert send().code == "isv.SIGN_STATE_ILLEGAL"

    dysmsapi.service.catalogue.set_sign_state(SIGN, "approved")
    dysmsapi.service.catalogue.set_template_state(CODE, state)
    assert send().code == "isv.SMS_TEMPLATE_ILLEGAL"


def batch(**fields: object) -> models.SendBatchSmsRequest:
    good = {
        "phone_number_json": ["13800000001", "8613800000002"],
        "sign_name_json": [SIGN, SIGN],
        "template_param_json": [{"code": "1111"}, {"code": "2222"}],
    }
    texts = {name: json.dumps(value) for name, value in {**good, **fields}.items()}
    return models.SendBatchSmsRequest(template_code=CODE, **texts)


def test_send_batch_sms_delivers_to_each_number_its_own_text(dysmsapi):
    answer = dysmsapi.client().send_batch_sms(batch()).body

    codes = {message.phone: message.params["code"] for message in dysmsapi.inbox.messages()}
    assert answer.code == "OK"
    assert codes == {"+8613800000001": "1111", "+8613800000002": "2222"}


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        ("isv.INVALID_PARAMETERS", {"sign_name_json": [SIGN]}),
        ("isv.INVALID_PARAMETERS", {"phone_number_json": []}),
        ("isv.INVALID_JSON_PARAM", {"phone_number_json": "13800000001"}),
        ("isv.MOBILE_NUMBER_ILLEGAL", {"phone_number_json": [13800000001, None]}),
        ("isv.SMS_SIGNATURE_ILLEGAL", {"sign_name_json": [SIGN, {}]}),
        ("isv.INVALID_JSON_PARAM", {"template_param_json": ["x", 1]}),
        ("isv.MOBILE_COUNT_OVER_LIMIT", {"phone_number_json": ["13800000001"] * 101}),
    ],
)
def test_send_batch_sms_refuses_with_the_documented_code(dysmsapi, code, fields):
    assert dysmsapi.client().send_batch_sms(batch(**fields)).body.code == code

    assert dysmsapi.inbox.messages() == []
