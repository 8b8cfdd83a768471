"""When a code is sent again, and when never."""

from __future__ import annotations

import pytest

from shared.phone_parser import parse_phone
from shared.send_outcome import (
    RefusalKind,
    SendAccepted,
    SendOutcome,
    SendRefused,
    SendUnknown,
)
from shared.sms.code_sender import CodeSender
from shared.sms.codes import flow_control_window_s, outcome_of
from tests.fakes.hands import HandClock, ScriptedGateway

MAINLAND, ABROAD = "+8613800138000", "+14155552671"
TEMPLATES = {
    "login": {
        "domestic": "SMS_1",
        "international": "SMS_2",
        "international:zh": "SMS_3",
    }
}
MINUTE = SendRefused(RefusalKind.FLOW_CONTROL, "isv.BUSINESS_LIMIT_CONTROL", 60)
HOUR = SendRefused(RefusalKind.FLOW_CONTROL, "isv.BUSINESS_LIMIT_CONTROL", 3600)
THROTTLED = SendRefused(RefusalKind.UNAVAILABLE, "Throttling.User")
NOT_SENT = SendRefused(RefusalKind.UNAVAILABLE, "not_sent")
BALANCE = SendRefused(RefusalKind.UNAVAILABLE, "isv.AMOUNT_NOT_ENOUGH")
LOST = SendUnknown("answer_lost")
OK = SendAccepted("biz-1")


def send(
    script: list[SendOutcome], *, phone: str = MAINLAND, locale: str | None = None
) -> tuple[SendOutcome, ScriptedGateway]:
    gateway, clock = ScriptedGateway(list(script)), HandClock()
    sender = CodeSender(gateway, "Sesame", TEMPLATES, clock, sleep=clock.advance)
    outcome = sender.send_code(
        phone=parse_phone(phone), purpose="login", code="123456", locale=locale, out_id="o"
    )
    return outcome, gateway


@pytest.mark.parametrize(
    ("script", "expected", "tries"),
    [
        ([OK], OK, 1),
        ([BALANCE], BALANCE, 1),
        ([MINUTE], MINUTE, 1),
        ([THROTTLED, OK], OK, 2),
        ([NOT_SENT, NOT_SENT, NOT_SENT], NOT_SENT, 3),
        ([LOST, OK], OK, 2),
        ([LOST, MINUTE], SendAccepted(""), 2),
        ([LOST, LOST], LOST, 2),
        ([LOST, HOUR], LOST, 2),
        ([LOST, NOT_SENT], LOST, 2),
        ([NOT_SENT, LOST, MINUTE], SendAccepted(""), 3),
    ],
)
def test_mainland_sends_end_as_the_table_says(
    script: list[SendOutcome], expected: SendOutcome, tries: int
) -> None:
    outcome, gateway = send(script)

    assert outcome == expected
    assert len(gateway.sent) == tries


def test_an_unclear_send_abroad_is_never_repeated() -> None:
    outcome, gateway = send([LOST, OK], phone=ABROAD)

    assert (outcome, len(gateway.sent)) == (LOST, 1)


@pytest.mark.parametrize(
    ("phone", "locale", "template"),
    [
        (MAINLAND, None, "SMS_1"),
        (MAINLAND, "en-US", "SMS_1"),
        (ABROAD, None, "SMS_2"),
        (ABROAD, "zh-CN", "SMS_3"),
    ],
)
def test_the_template_follows_destination_and_locale(
    phone: str, locale: str | None, template: str
) -> None:
    _, gateway = send([OK], phone=phone, locale=locale)

    assert gateway.sent[0].template_code == template


@pytest.mark.parametrize(
    ("message", "window_s"),
    [
        ("触发分钟级流控Permits:1", 60),
        ("触发小时级流控Permits:5", 3600),
        ("触发天级流控Permits:10", 86_400),
        ("something new", 3600),
    ],
)
def test_flow_control_tells_its_window(message: str, window_s: int) -> None:
    assert flow_control_window_s(message) == window_s


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("isp.SYSTEM_ERROR", SendUnknown("isp.SYSTEM_ERROR")),
        (
            "isv.MOBILE_NUMBER_ILLEGAL",
            SendRefused(RefusalKind.NUMBER, "isv.MOBILE_NUMBER_ILLEGAL"),
        ),
        ("isv.NEW_CODE", SendRefused(RefusalKind.UNAVAILABLE, "isv.NEW_CODE")),
    ],
)
def test_codes_mean_what_the_table_says(code: str, expected: SendOutcome) -> None:
    assert outcome_of(code, "") == expected
