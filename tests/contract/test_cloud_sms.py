"""What the SMS service answers on either cloud. All but one of these tests cost nothing; that one
sends a message, if the live run was told to whom.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from alibabacloud_dysmsapi20170525 import models
from alibabacloud_dysmsapi20170525.client import Client

from shared.aliyun.openapi import openapi_config
from shared.errors import ProviderUnavailable
from shared.phone import PhoneNumber
from shared.phone_parser import parse_phone
from shared.send_outcome import RefusalKind, SendAccepted, SendOutcome, SendRefused
from shared.sms.beijing import BEIJING
from shared.sms.codes import OF_SIGN_OR_TEMPLATE
from shared.sms.dysmsapi import DysmsapiGateway, provider_number
from shared.sms.gateway import SentDetail, SmsMessage
from tests.contract.live import Sending
from tests.contract.places import SmsPlace, openapi_code

NO_SIGN, NO_TEMPLATE = "芝麻没有这个签名", "SMS_100000000000001"
EXAMPLE = parse_phone("+8613800138000")
"""A carrier's own number. It is only told what nobody can send, and asked after."""
SOON_MS = 120_000


def gateway(sms: SmsPlace) -> DysmsapiGateway:
    return DysmsapiGateway(endpoint=sms.service.endpoint)


def client(sms: SmsPlace) -> Any:  # the SDK is untyped
    config = openapi_config(
        endpoint=sms.service.endpoint, region="cn-hangzhou", read_timeout_ms=5_000
    )
    return Client(config)


def whose(sms: SmsPlace) -> PhoneNumber:
    return sms.service.sending.phone if sms.service.sending else EXAMPLE


def send(
    sms: SmsPlace, *, sign: str, template: str, phone: PhoneNumber, out_id: str = ""
) -> SendOutcome:
    return gateway(sms).send(SmsMessage(phone, sign, template, {"code": "000000"}, out_id))


def known(sms: SmsPlace) -> Sending:
    """The sign and template that there are, or a loud skip."""
    if sms.service.sending is None:
        pytest.skip("LEFT OUT of the live run: set LIVE_SMS_PHONE, LIVE_SMS_SIGN, ..._TEMPLATE")
    return sms.service.sending


def refusal(outcome: SendOutcome) -> tuple[RefusalKind, str] | None:
    return (outcome.kind, outcome.code) if isinstance(outcome, SendRefused) else None


def test_nothing_goes_out_without_a_sign_and_a_template(sms: SmsPlace) -> None:
    outcome = send(sms, sign=NO_SIGN, template=NO_TEMPLATE, phone=EXAMPLE)

    assert isinstance(outcome, SendRefused)
    assert outcome.kind is RefusalKind.UNAVAILABLE
    assert outcome.code in OF_SIGN_OR_TEMPLATE


def test_a_wrong_template_is_the_operators_matter(sms: SmsPlace) -> None:
    ours = known(sms)

    outcome = send(sms, sign=ours.sign, template=NO_TEMPLATE, phone=ours.phone)

    assert refusal(outcome) == (RefusalKind.UNAVAILABLE, "isv.SMS_TEMPLATE_ILLEGAL")


def test_a_wrong_sign_is_the_operators_matter(sms: SmsPlace) -> None:
    ours = known(sms)

    outcome = send(sms, sign=NO_SIGN, template=ours.template, phone=ours.phone)

    assert refusal(outcome) == (RefusalKind.UNAVAILABLE, "isv.SMS_SIGNATURE_ILLEGAL")


def test_a_malformed_number_is_refused_before_sign_and_template_are_read(sms: SmsPlace) -> None:
    """Inferred: the order."""
    malformed = PhoneNumber("+86123", "CN", 86)

    outcome = send(sms, sign=NO_SIGN, template=NO_TEMPLATE, phone=malformed)

    assert refusal(outcome) == (RefusalKind.NUMBER, "isv.MOBILE_NUMBER_ILLEGAL")


def test_nothing_was_sent_under_an_id_that_nobody_used(sms: SmsPlace) -> None:
    today = datetime.now(BEIJING).date()

    assert gateway(sms).find(phone=whose(sms), day=today, out_id=secrets.token_hex(8)) == []


def test_a_day_that_is_too_long_ago_is_refused(sms: SmsPlace) -> None:
    """Inferred: the code."""
    day = (datetime.now(BEIJING) - timedelta(days=40)).date()

    with pytest.raises(ProviderUnavailable) as caught:
        gateway(sms).find(phone=whose(sms), day=day, out_id="none")

    assert caught.value.reason == "isv.INVALID_PARAMETERS"


def test_a_page_is_of_fifty_at_most(sms: SmsPlace) -> None:
    """Inferred: the code."""
    request = models.QuerySendDetailsRequest(
        phone_number=provider_number(whose(sms)),
        send_date=datetime.now(BEIJING).strftime("%Y%m%d"),
        page_size=51,
        current_page=1,
    )

    code = openapi_code(lambda: client(sms).query_send_details(request))

    assert code == "isv.INVALID_PARAMETERS"


def test_a_parameter_that_is_missing_is_named(sms: SmsPlace) -> None:
    """Inferred: that the code is `Missing` and the name."""
    request = models.QuerySendDetailsRequest(
        phone_number=provider_number(whose(sms)), page_size=1, current_page=1
    )

    assert openapi_code(lambda: client(sms).query_send_details(request)) == "MissingSendDate"


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (
            lambda sdk: sdk.get_sms_sign(models.GetSmsSignRequest(sign_name=NO_SIGN)),
            "isv.SMS_SIGNATURE_ILLEGAL",
        ),
        (
            lambda sdk: sdk.get_sms_template(
                models.GetSmsTemplateRequest(template_code=NO_TEMPLATE)
            ),
            "isv.SMS_TEMPLATE_ILLEGAL",
        ),
    ],
    ids=["sign", "template"],
)
def test_what_is_not_there_cannot_be_looked_up(
    sms: SmsPlace, ask: Callable[[Any], Any], code: str
) -> None:
    """Inferred: the codes."""
    assert openapi_code(lambda: ask(client(sms))) == code


def test_a_message_is_accepted_and_recorded(sms: SmsPlace) -> None:
    """Costs one message. Inferred: that the record's times are Beijing's, and that a message which
    nothing is known of yet has no error code.
    """
    ours, out_id = known(sms), secrets.token_hex(8)
    before_ms = time.time_ns() // 1_000_000
    outcome = send(sms, sign=ours.sign, template=ours.template, phone=ours.phone, out_id=out_id)

    def look() -> list[SentDetail]:
        day = datetime.fromtimestamp(before_ms / 1000, BEIJING).date()
        return gateway(sms).find(phone=ours.phone, day=day, out_id=out_id)

    assert isinstance(outcome, SendAccepted)
    assert outcome.biz_id
    details = sms.until(look, bool)
    assert [detail.out_id for detail in details] == [out_id]
    assert details[0].status != "waiting" or details[0].err_code == ""
    assert abs(details[0].sent_ms - before_ms) < SOON_MS
