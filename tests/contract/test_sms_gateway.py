"""The gateway over the official SDK, against the provider's wire: every kind of answer."""

from __future__ import annotations

import io
import logging

import pytest

from infra.localcloud.core.faults import Fault
from shared.aliyun.credentials import RoleCredentials, bind_credentials
from shared.phone_parser import parse_phone
from shared.send_outcome import (
    RefusalKind,
    SendAccepted,
    SendOutcome,
    SendRefused,
    SendUnknown,
)
from shared.sms.dysmsapi import DysmsapiGateway, provider_number
from shared.sms.gateway import SmsMessage
from tests.fakes.row_stores import credentials_of
from tests.localcloud.dysmsapi.running import CODE, SIGN, RunningDysmsapi

PHONE, OTP = "+8613800138000", "918273"


def send(provider: RunningDysmsapi, *, template: str = CODE, phone: str = PHONE) -> SendOutcome:
    gateway = DysmsapiGateway(endpoint=f"http://{provider.address}")
    return gateway.send(SmsMessage(parse_phone(phone), SIGN, template, {"code": OTP}, "otp-1"))


def test_an_accepted_message_arrives_on_the_phone(provider: RunningDysmsapi) -> None:
    outcome = send(provider)

    message = provider.inbox.messages(PHONE)[0]
    assert isinstance(outcome, SendAccepted)
    assert outcome.biz_id == message.biz_id
    assert (message.text, message.out_id) == (
        f"【{SIGN}】您的验证码为{OTP}，请勿告知他人。",
        "otp-1",
    )


def test_a_second_message_in_the_minute_is_flow_control(provider: RunningDysmsapi) -> None:
    send(provider)

    assert send(provider) == SendRefused(RefusalKind.FLOW_CONTROL, "isv.BUSINESS_LIMIT_CONTROL", 60)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (
            "error:isv.AMOUNT_NOT_ENOUGH",
            SendRefused(RefusalKind.ACCOUNT, "isv.AMOUNT_NOT_ENOUGH"),
        ),
        (
            "error:isv.MOBILE_NUMBER_ILLEGAL",
            SendRefused(RefusalKind.NUMBER, "isv.MOBILE_NUMBER_ILLEGAL"),
        ),
        ("error:Throttling.User", SendRefused(RefusalKind.BUSY, "Throttling.User", 2)),
        ("error:isp.SYSTEM_ERROR", SendUnknown("isp.SYSTEM_ERROR")),
        ("error:InternalError", SendUnknown("InternalError")),
        ("error:ServiceUnavailable", SendRefused(RefusalKind.BUSY, "ServiceUnavailable")),
        ("html_503", SendUnknown("answer_lost")),
        ("drop_before", SendUnknown("answer_lost")),
        ("drop_after", SendUnknown("answer_lost")),
        ("hang", SendUnknown("answer_lost")),
    ],
)
def test_every_failure_has_its_outcome(
    provider: RunningDysmsapi, fault: str, expected: SendOutcome
) -> None:
    provider.cloud.faults.add(Fault("dysmsapi", "SendSms", fault, 1))

    assert send(provider) == expected
    assert len(provider.inbox.messages(PHONE)) == (1 if fault == "drop_after" else 0)


def test_a_refused_connection_is_certainly_not_sent(provider: RunningDysmsapi) -> None:
    gateway = DysmsapiGateway(endpoint="http://127.0.0.1:9")
    message = SmsMessage(parse_phone(PHONE), SIGN, CODE, {"code": OTP}, "otp-1")

    assert gateway.send(message) == SendRefused(RefusalKind.BUSY, "not_sent")


def test_an_unknown_template_is_the_operators_matter(provider: RunningDysmsapi) -> None:
    outcome = send(provider, template="SMS_404")

    assert isinstance(outcome, SendRefused)
    assert (outcome.kind, outcome.code) == (
        RefusalKind.UNAVAILABLE,
        "isv.SMS_TEMPLATE_ILLEGAL",
    )


def test_expired_credentials_are_refused_and_replaced_without_a_new_client(
    provider: RunningDysmsapi,
) -> None:
    gateway = DysmsapiGateway(endpoint=f"http://{provider.address}")
    message = SmsMessage(parse_phone(PHONE), SIGN, CODE, {"code": OTP}, "otp-1")
    session = provider.cloud.identities.issue_session(role="r", session_name="s", duration_s=60)
    bind_credentials(credentials_of(session))
    provider.cloud.clock.advance(61)
    refused = gateway.send(message)

    fresh = provider.cloud.identities.issue_session(role="r", session_name="s", duration_s=60)
    bind_credentials(credentials_of(fresh))

    assert isinstance(refused, SendRefused)
    assert refused.code == "InvalidSecurityToken.Expired"
    assert isinstance(gateway.send(message), SendAccepted)


@pytest.mark.parametrize("fault", ["drop_before", "html_503", "error:InternalError", "hang"])
def test_no_failure_puts_code_or_number_into_a_log(
    provider: RunningDysmsapi, fault: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """The SDKs put both into URLs, and URLs into errors and debug lines."""
    provider.cloud.faults.add(Fault("dysmsapi", "*", fault, 1))
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        send(provider)
        bind_credentials(RoleCredentials("unknown", "secret-of-unknown", ""))
        send(provider)
    finally:
        root.removeHandler(handler)

    out, err = capfd.readouterr()
    for secret in (OTP, "13800138000", "secret-of-unknown"):
        assert secret not in heard.getvalue() + out + err


@pytest.mark.parametrize(
    ("phone", "sent_as"),
    [("+8613800138000", "13800138000"), ("+85251234567", "85251234567")],
)
def test_numbers_go_out_in_the_providers_form(phone: str, sent_as: str) -> None:
    assert provider_number(parse_phone(phone)) == sent_as


def test_without_credentials_nothing_is_sent(
    provider: RunningDysmsapi, monkeypatch: pytest.MonkeyPatch
) -> None:
    bind_credentials(None)
    monkeypatch.delenv("ALIBABA_CLOUD_ACCESS_KEY_ID", raising=False)

    assert send(provider) == SendRefused(RefusalKind.ACCOUNT, "no_credentials")
