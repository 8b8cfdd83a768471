"""The whole table of codes: each can be had by a fault, and most by breaking the rule they mean."""

from __future__ import annotations

import json
from datetime import datetime

import httpx
import pytest
from alibabacloud_dysmsapi20170525 import models
from alibabacloud_tea_openapi.exceptions import (
    ClientException,
    ServerException,
    ThrottlingException,
)

from infra.localcloud.core.faults import Fault
from infra.localcloud.dysmsapi.account import AccountState
from infra.localcloud.dysmsapi.codes import SERVICE_CODES
from tests.localcloud.dysmsapi.running import CODE, NOTICE, PROMOTION, SIGN, RunningDysmsapi

PHONE = "13800138000"
_SERVICE = (
    "isv.BUSINESS_LIMIT_CONTROL isp.SYSTEM_ERROR isp.GATEWAY_ERROR isv.DAY_LIMIT_CONTROL "
    "isv.MONTH_LIMIT_CONTROL isv.AMOUNT_NOT_ENOUGH isv.OUT_OF_SERVICE isv.PRODUCT_UN_SUBSCRIPT "
    "isv.PRODUCT_UNSUBSCRIBE isv.ACCOUNT_NOT_EXISTS isv.ACCOUNT_ABNORMAL "
    "isv.SECURITY_FROZEN_ACCOUNT isp.RAM_PERMISSION_DENY isv.DENY_IP_RANGE "
    "isv.SMS_TEMPLATE_ILLEGAL isv.SMS_SIGNATURE_ILLEGAL isv.SMS_SIGN_ILLEGAL "
    "isv.SIGN_STATE_ILLEGAL isv.SMS_SIGNATURE_SCENE_ILLEGAL isv.EXTEND_CODE_ERROR "
    "isv.SMS_TEST_SIGN_TEMPLATE_LIMIT isv.SMS_TEST_NUMBER_LIMIT isv.TEMPLATE_MISSING_PARAMETERS "
    "isv.INVALID_JSON_PARAM isv.INVALID_PARAMETERS isv.PARAM_LENGTH_LIMIT "
    "isv.PARAM_NOT_SUPPORT_URL isv.TEMPLATE_PARAMS_ILLEGAL isv.UNSUPPORTED_CONTENT "
    "isv.SMS_CONTENT_ILLEGAL isv.SMS_CONTENT_MISMATCH_TEMPLATE_TYPE isv.MOBILE_COUNT_OVER_LIMIT "
    "template_parameter_count_illegal isv.DOMESTIC_NUMBER_NOT_SUPPORTED isv.MOBILE_NUMBER_ILLEGAL "
    "isv.BLACK_KEY_CONTROL_LIMIT isv.CUSTOMER_REFUSED QPS_LIMIT_CONTROL"
)
SERVICE = _SERVICE.split()
GATEWAY = {
    "Throttling": 400,
    "Throttling.User": 400,
    "Throttling.Api": 400,
    "ServiceUnavailable": 503,
    "InternalError": 500,
    "InvalidSecurityToken.Expired": 400,
    "InvalidSecurityToken.Malformed": 400,
    "InvalidTimeStamp.Expired": 400,
    "SignatureNonceUsed": 400,
    "Forbidden": 403,
    "Forbidden.RAM": 403,
    "InvalidAccessKeyId.NotFound": 404,
    "InvalidAccessKeyId.Inactive": 403,
    "SignatureDoesNotMatch": 400,
}


@pytest.fixture
def sms(dysmsapi: RunningDysmsapi) -> RunningDysmsapi:
    return dysmsapi


def send(sms: RunningDysmsapi, **changes: str) -> str:
    request = {
        "phone_numbers": PHONE,
        "sign_name": SIGN,
        "template_code": CODE,
        "template_param": '{"code":"123456"}',
        **changes,
    }
    return str(sms.client().send_sms(models.SendSmsRequest(**request)).body.code)


def fail(sms: RunningDysmsapi, code: str) -> None:
    sms.cloud.faults.add(Fault("dysmsapi", "SendSms", f"error:{code}", times=1))


def test_table_of_texts_has_every_code_of_the_service() -> None:
    assert set(SERVICE) == set(SERVICE_CODES)


@pytest.mark.parametrize("code", SERVICE)
def test_code_of_the_service_comes_by_fault_in_a_200(sms: RunningDysmsapi, code: str) -> None:
    fail(sms, code)

    assert send(sms) == code
    assert send(sms) == "OK", "the refused call was not carried out"


@pytest.mark.parametrize("code", GATEWAY)
def test_code_of_the_gateway_comes_by_fault_as_an_exception(
    sms: RunningDysmsapi, code: str
) -> None:
    fail(sms, code)

    with pytest.raises((ClientException, ServerException, ThrottlingException)) as caught:
        send(sms)

    assert caught.value.code == code
    assert caught.value.status_code == GATEWAY[code]


def test_code_of_a_broken_rule_comes_without_a_fault(sms: RunningDysmsapi) -> None:
    catalogue = sms.service.catalogue
    catalogue.add_sign("待审")
    many = ",".join(f"138{n:08}" for n in range(1001))
    broken = {
        "isv.SMS_SIGNATURE_ILLEGAL": {"sign_name": "没有"},
        "isv.SIGN_STATE_ILLEGAL": {"sign_name": "待审"},
        "isv.SMS_TEMPLATE_ILLEGAL": {"template_code": "SMS_1"},
        "isv.MOBILE_NUMBER_ILLEGAL": {"phone_numbers": "12"},
        "isv.MOBILE_COUNT_OVER_LIMIT": {"phone_numbers": many},
        "isv.TEMPLATE_MISSING_PARAMETERS": {"template_param": "{}"},
        "isv.INVALID_JSON_PARAM": {"template_param": '{"code":123456}'},
        "isv.PARAM_LENGTH_LIMIT": {"template_param": '{"code":"1234567"}'},
        "isv.TEMPLATE_PARAMS_ILLEGAL": {"template_param": '{"code":"12-45"}'},
        "isv.PARAM_NOT_SUPPORT_URL": {
            "template_code": NOTICE,
            "template_param": '{"name":"a","note":"www.example.com"}',
        },
        "isv.UNSUPPORTED_CONTENT": {
            "template_code": NOTICE,
            "template_param": '{"name":"a","note":"\U0001f600"}',
        },
        "isv.EXTEND_CODE_ERROR": {"sms_up_extend_code": "12a"},
        "isv.INVALID_PARAMETERS": {"out_id": "x" * 256},
    }
    assert {code: send(sms, **changes) for code, changes in broken.items()} == {
        code: code for code in broken
    }
    assert send(sms) == "OK", "a refused call counts against no limit"


@pytest.mark.parametrize(
    ("extensions", "code"),
    [
        ('["12","345"]', "OK"),
        ('["","1"]', "OK"),
        ('["12","x"]', "isv.EXTEND_CODE_ERROR"),
        ("[1,2]", "isv.EXTEND_CODE_ERROR"),
        ('["12"]', "isv.INVALID_PARAMETERS"),
        ('"12"', "isv.INVALID_JSON_PARAM"),
    ],
)
def test_batch_has_an_extension_for_each_message(
    sms: RunningDysmsapi, extensions: str, code: str
) -> None:
    request = models.SendBatchSmsRequest(
        phone_number_json='["13800138001","13800138002"]',
        sign_name_json=json.dumps([SIGN, SIGN]),
        template_code=CODE,
        template_param_json='[{"code":"1234"},{"code":"1234"}]',
        sms_up_extend_code_json=extensions,
    )

    assert sms.client().send_batch_sms(request).body.code == code


def test_opt_out_refuses_the_next_promotion(sms: RunningDysmsapi) -> None:
    sms.add_promotion()
    promotion = {"template_code": PROMOTION, "template_param": "{}"}
    assert send(sms, **promotion) == "OK"
    sms.reply(f"+86{PHONE}", "R")

    assert send(sms, **promotion) == "isv.CUSTOMER_REFUSED"
    assert send(sms) == "OK"


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (AccountState(state="out_of_service"), "isv.OUT_OF_SERVICE"),
        (AccountState(state="frozen"), "isv.SECURITY_FROZEN_ACCOUNT"),
        (AccountState(balance_segments=0), "isv.AMOUNT_NOT_ENOUGH"),
        (AccountState(daily_limit=0), "isv.DAY_LIMIT_CONTROL"),
        (AccountState(monthly_limit=0), "isv.MONTH_LIMIT_CONTROL"),
    ],
)
def test_account_refuses_what_its_state_forbids(
    sms: RunningDysmsapi, state: AccountState, code: str
) -> None:
    sms.service.account.set(state)
    assert send(sms) == code

    sms.service.account.clear()
    assert send(sms) == "OK"


def test_account_pays_by_the_segment(sms: RunningDysmsapi) -> None:
    sms.service.account.set(AccountState(balance_segments=3))
    long_notice = {
        "template_code": NOTICE,
        "template_param": json.dumps({"name": "长" * 35, "note": "长" * 35}),
    }

    assert send(sms, **long_notice) == "OK"
    assert sms.service.account.state().balance_segments == 1
    assert send(sms, **long_notice) == "isv.AMOUNT_NOT_ENOUGH"
    assert send(sms) == "OK"
    assert sms.service.account.state().balance_segments == 0


def set_clock(sms: RunningDysmsapi, beijing: str) -> None:
    wanted = datetime.fromisoformat(f"{beijing}+08:00").timestamp()
    sms.cloud.clock.advance(wanted - sms.cloud.clock.now_s())


def test_account_limits_count_by_the_beijing_day_and_month(sms: RunningDysmsapi) -> None:
    sms.service.account.set(AccountState(daily_limit=1, monthly_limit=2))

    told = []
    for at in ("30T12:00", "30T23:00", "31T00:01", "31T12:00"):
        set_clock(sms, f"2031-03-{at}")
        told.append(send(sms, phone_numbers=f"139000000{at[:2]}"))
    set_clock(sms, "2031-04-01T00:01")
    told.append(send(sms))

    assert told == ["OK", "isv.DAY_LIMIT_CONTROL", "OK", "isv.DAY_LIMIT_CONTROL", "OK"]


def test_account_limit_of_the_month_holds_over_its_days(sms: RunningDysmsapi) -> None:
    sms.service.account.set(AccountState(monthly_limit=1))
    set_clock(sms, "2031-03-30T12:00")
    assert send(sms) == "OK"
    set_clock(sms, "2031-03-31T23:59")
    assert send(sms) == "isv.MONTH_LIMIT_CONTROL"
    set_clock(sms, "2031-04-01T00:01")
    assert send(sms) == "OK"


def test_whole_call_is_refused_when_a_total_would_break(sms: RunningDysmsapi) -> None:
    sms.service.account.set(AccountState(daily_limit=2))

    assert send(sms, phone_numbers="13900000001,13900000002,13900000003") == (
        "isv.DAY_LIMIT_CONTROL"
    )
    assert send(sms, phone_numbers="13900000001,13900000002") == "OK"


def test_account_outlives_a_restart(tmp_path) -> None:
    running = RunningDysmsapi(tmp_path)
    running.service.account.set(AccountState(state="frozen"))
    running.stop()

    again = RunningDysmsapi(tmp_path)
    assert again.service.account.state().state == "frozen"
    again.stop()


def test_error_answers_have_the_providers_shape(sms: RunningDysmsapi) -> None:
    fail(sms, "Throttling.User")
    body = httpx.post(
        f"http://{sms.address}/", headers={"x-acs-action": "SendSms"}, trust_env=False
    ).json()

    assert set(body) == {"RequestId", "Message", "HostId", "Code", "Recommend"}
