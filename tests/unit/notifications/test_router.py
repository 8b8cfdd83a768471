"""Which way a message goes first."""

from __future__ import annotations

import dataclasses

import pytest

from shared.notifications.model import Recipient
from shared.notifications.router import first_channel
from shared.phone_parser import parse_phone
from shared.template import ChannelName
from tests.fakes.notifications import OTHER, PHONE, SHIP, NotificationService

ABROAD = "+14155552671"
BOTH = dataclasses.replace(SHIP, channels=("sms", "email"))
AT_HOME = dataclasses.replace(BOTH, sms_countries=frozenset({"CN"}))
CHEAP = dataclasses.replace(BOTH, sms_cost_limit_milli=100)


def to(phone: str, email: str | None = "a@example.com") -> Recipient:
    return Recipient(parse_phone(phone), email=email)


@pytest.mark.parametrize(
    ("template", "recipient", "asked", "sms_milli", "expected"),
    [
        (BOTH, to(PHONE), None, 45, "sms"),
        (BOTH, to(PHONE), ("email",), 45, "email"),
        (BOTH, to(PHONE, email=None), ("email", "sms"), 45, "sms"),
        (AT_HOME, to(PHONE), None, 45, "sms"),
        (AT_HOME, to(ABROAD), None, 45, "email"),
        (CHEAP, to(ABROAD), None, 100, "sms"),
        (CHEAP, to(ABROAD), None, 101, "email"),
        # No other way: the dear SMS is better than none.
        (CHEAP, to(ABROAD, email=None), None, 900, "sms"),
        (CHEAP, to(ABROAD), ("sms",), 900, "sms"),
    ],
)
def test_route_weighs_wish_country_and_cost(
    template: object, recipient: Recipient, asked: object, sms_milli: int, expected: ChannelName
) -> None:
    chosen = first_channel(template, recipient, asked=asked, sms_milli=sms_milli)  # type: ignore[arg-type]

    assert chosen == expected


def test_recipients_of_one_notification_go_their_own_ways() -> None:
    service = NotificationService(templates={AT_HOME.name: AT_HOME})
    accepted = service.accept(PHONE, OTHER, ABROAD, email="a@example.com")

    service.dispatch()

    assert [each.phone.e164 for each in service.sms.sent if each.phone] == [PHONE, OTHER]
    assert [each.phone.e164 for each in service.email.sent if each.phone] == [ABROAD]
    assert {service.status(each.message_id) for each in accepted.messages} == {"sent"}


def test_a_dear_sms_leaves_for_the_other_channel() -> None:
    service = NotificationService(
        templates={CHEAP.name: dataclasses.replace(CHEAP, sms_cost_limit_milli=1)}
    )
    service.accept(PHONE, email="a@example.com")

    service.dispatch()

    assert (len(service.sms.sent), len(service.email.sent)) == (0, 1)
