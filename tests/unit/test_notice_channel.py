"""Notices by SMS: what is sent together, what is sent again, and what never."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from shared.outgoing import Outgoing
from shared.phone_parser import parse_phone
from shared.send_outcome import (
    RefusalKind,
    SendAccepted,
    SendOutcome,
    SendRefused,
    SendUnknown,
)
from shared.sms.gateway import SmsMessage
from shared.sms.notice_channel import DEADLINE_MS, SmsChannel
from shared.template import Content, Template
from tests.fakes.hands import HandClock

BUSY = SendRefused(RefusalKind.BUSY, "Throttling.User")
BALANCE = SendRefused(RefusalKind.ACCOUNT, "isv.AMOUNT_NOT_ENOUGH")
BAD_NUMBER = SendRefused(RefusalKind.NUMBER, "isv.MOBILE_NUMBER_ILLEGAL")
LOST = SendUnknown("answer_lost")
OK = SendAccepted("biz-1")
TEMPLATE = Template(
    name="ship_update",
    kind="notice",
    owner="shop",
    sign_name="Sesame",
    variables=(),
    contents={"zh": Content("x")},
    codes={"domestic": "SMS_1", "international": "SMS_2"},
)


@dataclass
class Provider:
    """Implements BatchGateway: answers from a script, then accepts all but `bad` numbers."""

    clock: HandClock
    script: list[SendOutcome] = field(default_factory=list)
    bad: frozenset[str] = frozenset()
    takes_s: float = 0
    calls: list[list[SmsMessage]] = field(default_factory=list)

    def send(self, message: SmsMessage) -> SendOutcome:
        return self.send_batch([message])

    def send_batch(self, messages: Sequence[SmsMessage]) -> SendOutcome:
        self.calls.append(list(messages))
        self.clock.advance(self.takes_s)
        if self.script:
            return self.script.pop(0)
        return BAD_NUMBER if self.bad & {each.phone.e164 for each in messages} else OK

    @property
    def sizes(self) -> list[int]:
        return [len(call) for call in self.calls]


class Desk:
    """A channel over a scripted provider; it notes how long it slept."""

    def __init__(self, *script: SendOutcome, bad: str = "", takes_s: float = 0) -> None:
        self.clock = HandClock()
        self.provider = Provider(self.clock, list(script), frozenset(bad.split()), takes_s)
        self.slept: list[float] = []
        self.channel = SmsChannel(self.provider, self.clock, self.sleep, chance=lambda: 0.5)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.advance(seconds)

    def send(self, *messages: Outgoing) -> list[SendOutcome]:
        return self.channel.send(messages)


def phone(number: int) -> str:
    return f"+86138001380{number:02d}"


def to(number: int | str, *, out_id: str = "ntf-1", template: Template = TEMPLATE) -> Outgoing:
    text = number if isinstance(number, str) else phone(number)
    return Outgoing(
        message_id=f"m-{number}",
        out_id=out_id,
        tenant="shop",
        template=template,
        params={"n": str(number)},
        phone=parse_phone(text),
    )


def test_recipients_of_one_notification_go_out_in_one_call_each_with_its_values() -> None:
    desk = Desk()

    outcomes = desk.send(to(1), to(2), to(3))

    (call,) = desk.provider.calls
    assert outcomes == [OK, OK, OK]
    assert [(each.params["n"], each.out_id, each.sign_name) for each in call] == [
        ("1", "ntf-1", "Sesame"),
        ("2", "ntf-1", "Sesame"),
        ("3", "ntf-1", "Sesame"),
    ]


def test_groups_differ_by_notification_and_by_template_code() -> None:
    first, second, third = SendAccepted("a"), SendAccepted("b"), SendAccepted("c")
    desk = Desk(first, second, third)

    outcomes = desk.send(to(1), to(2, out_id="ntf-2"), to("+14155552671"), to(3))

    assert outcomes == [first, second, third, first]
    assert desk.provider.sizes == [2, 1, 1]


def test_no_call_has_more_than_100_recipients() -> None:
    desk = Desk()

    outcomes = desk.send(*(to(f"+861380013{index:04d}") for index in range(201)))

    assert outcomes == [OK] * 201
    assert desk.provider.sizes == [100, 100, 1]


def test_one_bad_number_does_not_stop_the_others() -> None:
    desk = Desk(bad=phone(2))

    assert desk.send(to(1), to(2), to(3)) == [OK, BAD_NUMBER, OK]
    assert desk.provider.sizes == [3, 1, 1, 1]


def test_an_account_that_may_not_send_is_not_asked_again() -> None:
    desk = Desk(OK, BALANCE)

    outcomes = desk.send(to(1), to(2, out_id="b"), to(3, out_id="b"), to(4, out_id="c"))

    assert outcomes == [OK, BALANCE, BALANCE, BALANCE]
    assert desk.provider.sizes == [1, 2]


def test_an_account_refusal_in_the_middle_of_a_split_batch_stops_the_rest() -> None:
    desk = Desk(BAD_NUMBER, OK, BALANCE)

    assert desk.send(to(1), to(2), to(3)) == [OK, BALANCE, BALANCE]
    assert desk.provider.sizes == [3, 1, 1]


@pytest.mark.parametrize("count", [1, 2])
def test_what_may_have_gone_out_is_never_sent_again(count: int) -> None:
    desk = Desk(LOST)

    assert desk.send(*(to(index) for index in range(count))) == [LOST] * count
    assert desk.provider.sizes == [count]


def test_a_busy_provider_is_tried_three_times_with_growing_waits() -> None:
    desk = Desk(BUSY, BUSY, BUSY, OK)

    assert desk.send(to(1), to(2)) == [BUSY, BUSY]
    assert desk.provider.sizes == [2, 2, 2]
    assert desk.slept == pytest.approx([0.1, 0.2])


def test_a_provider_that_is_busy_once_gets_it_a_moment_later() -> None:
    desk = Desk(BUSY)

    assert desk.send(to(1)) == [OK]


@pytest.mark.parametrize(("told_s", "waited_s"), [(1, 1.1), (2, 2.1), (60, 2.1)])
def test_a_wait_that_the_provider_names_is_kept_up_to_two_seconds(
    told_s: int, waited_s: float
) -> None:
    desk = Desk(SendRefused(RefusalKind.BUSY, "Throttling.User", told_s))

    assert desk.send(to(1)) == [OK]
    assert desk.slept == pytest.approx([waited_s])


def test_nothing_begins_after_the_deadline() -> None:
    desk = Desk(takes_s=DEADLINE_MS / 1000)

    outcomes = desk.send(to(1), to(2, out_id="ntf-2"))

    assert outcomes == [OK, SendRefused(RefusalKind.BUSY, "not_tried")]
    assert desk.provider.sizes == [1]


def test_no_wait_reaches_over_the_deadline() -> None:
    desk = Desk(BUSY, takes_s=DEADLINE_MS / 1000 - 0.05)

    assert desk.send(to(1)) == [BUSY]
    assert desk.slept == []


def test_a_destination_without_a_template_is_refused_without_a_call() -> None:
    without_codes = Template(
        name="x", kind="notice", owner="", sign_name="S", variables=(), contents={}, codes={}
    )
    no_phone = Outgoing("m", "n", "shop", TEMPLATE, {}, None)
    desk = Desk()

    outcomes = desk.send(to(1, template=without_codes), no_phone, to(2))

    assert outcomes == [
        SendRefused(RefusalKind.UNAVAILABLE, "no_template"),
        SendRefused(RefusalKind.NUMBER, "no_phone"),
        OK,
    ]


def test_no_messages_are_no_calls() -> None:
    desk = Desk()

    assert desk.send() == []
    assert desk.provider.calls == []


@pytest.mark.parametrize(
    "code", ["isv.SMS_TEMPLATE_ILLEGAL", "isv.SMS_SIGNATURE_ILLEGAL", "isv.SMS_SIGN_ILLEGAL"]
)
def test_what_is_wrong_with_all_of_a_batch_is_asked_once(code: str) -> None:
    refused = SendRefused(RefusalKind.UNAVAILABLE, code)
    desk = Desk(*[refused] * 10)

    assert desk.send(to(1), to(2), to(3)) == [refused] * 3
    assert desk.provider.sizes == [3]


def test_a_country_that_a_template_does_not_serve_is_refused_without_a_call() -> None:
    desk = Desk()
    at_home = dataclasses.replace(TEMPLATE, sms_countries=frozenset({"CN"}))

    outcomes = desk.send(to(1, template=at_home), to("+14155552671", template=at_home))

    assert outcomes == [OK, SendRefused(RefusalKind.UNAVAILABLE, "country_not_served")]
    assert desk.provider.sizes == [1]
