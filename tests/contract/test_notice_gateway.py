"""Batches and look-ups over the official SDK, against the provider's wire."""

from __future__ import annotations

import io
import logging
from datetime import date, datetime, timedelta, timezone

import pytest

from infra.localcloud.core.faults import Fault
from shared.errors import ProviderUnavailable
from shared.phone_parser import parse_phone
from shared.send_outcome import (
    RefusalKind,
    SendAccepted,
    SendOutcome,
    SendRefused,
    SendUnknown,
)
from shared.sms.dysmsapi import DysmsapiGateway
from shared.sms.gateway import SmsMessage
from tests.localcloud.dysmsapi.running import NOTICE, SIGN, RunningDysmsapi

FIRST, SECOND = "+8613800138001", "+8613800138002"


@pytest.fixture
def gateway(provider: RunningDysmsapi) -> DysmsapiGateway:
    return DysmsapiGateway(endpoint=f"http://{provider.address}")


def notice(phone: str, *, name: str = "小王", out_id: str = "ntf-1") -> SmsMessage:
    return SmsMessage(parse_phone(phone), SIGN, NOTICE, {"name": name, "note": "书"}, out_id)


def today(provider: RunningDysmsapi) -> date:
    return datetime.fromtimestamp(provider.cloud.clock.now_s(), timezone(timedelta(hours=8))).date()


def test_a_batch_arrives_with_each_recipients_values(
    provider: RunningDysmsapi, gateway: DysmsapiGateway
) -> None:
    outcome = gateway.send_batch([notice(FIRST, name="小王"), notice(SECOND, name="小李")])

    first, second = provider.inbox.messages(FIRST)[0], provider.inbox.messages(SECOND)[0]
    assert outcome == SendAccepted(first.biz_id)
    assert (first.biz_id, first.out_id) == (second.biz_id, "ntf-1")
    assert (first.text, second.text) == (
        f"【{SIGN}】小王，您的包裹书已到。",
        f"【{SIGN}】小李，您的包裹书已到。",
    )


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("error:isv.CUSTOMER_REFUSED", SendRefused(RefusalKind.OPTED_OUT, "isv.CUSTOMER_REFUSED")),
        ("error:Throttling.User", SendRefused(RefusalKind.BUSY, "Throttling.User", 2)),
        ("error:isp.SYSTEM_ERROR", SendUnknown("isp.SYSTEM_ERROR")),
        ("html_503", SendUnknown("answer_lost")),
        ("drop_after", SendUnknown("answer_lost")),
    ],
)
def test_a_batch_ends_as_a_single_message_does(
    provider: RunningDysmsapi, gateway: DysmsapiGateway, fault: str, expected: SendOutcome
) -> None:
    provider.cloud.faults.add(Fault("dysmsapi", "SendBatchSms", fault, 1))

    assert gateway.send_batch([notice(FIRST), notice(SECOND)]) == expected


def test_a_message_is_found_by_its_out_id_alone(
    provider: RunningDysmsapi, gateway: DysmsapiGateway
) -> None:
    gateway.send(notice(FIRST, out_id="ntf-1"))
    gateway.send(notice(FIRST, out_id="ntf-2"))
    day, now_ms = today(provider), provider.cloud.clock.now_s() * 1000
    provider.cloud.clock.advance(60)

    (detail,) = gateway.find(phone=parse_phone(FIRST), day=day, out_id="ntf-2")

    assert (detail.status, detail.err_code, detail.out_id) == ("delivered", "DELIVERED", "ntf-2")
    assert abs(detail.sent_ms - now_ms) < 60_000
    assert abs(detail.received_ms - now_ms) < 60_000


def test_a_message_is_found_behind_a_full_page(
    provider: RunningDysmsapi, gateway: DysmsapiGateway
) -> None:
    """The provider takes 50 a day of one template, and lists 50 on a page."""
    gateway.send(notice(FIRST, out_id="wanted"))
    provider.service.catalogue.ensure_template(
        "SMS_100009", name="二", kind="notice", content="${name}，${note}。"
    )
    other = SmsMessage(parse_phone(FIRST), SIGN, "SMS_100009", {"name": "a", "note": "b"}, "other")
    for message in [notice(FIRST, out_id="other")] * 25 + [other] * 25:
        assert isinstance(gateway.send(message), SendAccepted)
    gateway.send(SmsMessage(other.phone, SIGN, NOTICE, other.params, "wanted"))

    found = gateway.find(phone=parse_phone(FIRST), day=today(provider), out_id="wanted")

    assert len(found) == 2


def test_nothing_sent_is_nothing_found(provider: RunningDysmsapi, gateway: DysmsapiGateway) -> None:
    assert gateway.find(phone=parse_phone(FIRST), day=today(provider), out_id="ntf-1") == []


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("error:Throttling.User", "Throttling.User"),
        ("error:isv.INVALID_PARAMETERS", "isv.INVALID_PARAMETERS"),
        ("html_503", "answer_lost"),
        ("drop_before", "answer_lost"),
    ],
)
def test_a_look_up_that_fails_tells_a_code_and_no_number(
    provider: RunningDysmsapi, gateway: DysmsapiGateway, fault: str, reason: str
) -> None:
    provider.cloud.faults.add(Fault("dysmsapi", "QuerySendDetails", fault, 1))
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    logging.getLogger().addHandler(handler)

    with pytest.raises(ProviderUnavailable) as raised:
        gateway.find(phone=parse_phone(FIRST), day=today(provider), out_id="ntf-1")

    logging.getLogger().removeHandler(handler)
    assert raised.value.reason == reason
    assert raised.value.__cause__ is None
    assert "13800138001" not in heard.getvalue() + str(raised.value)
