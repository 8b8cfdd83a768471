"""What becomes of a message after it was sent: receipts, other channels, consent, look-ups."""

from __future__ import annotations

import dataclasses
import logging

import pytest

from shared.errors import (
    NotFound,
)
from shared.notifications.message_rows import MessageRef
from shared.notifications.receipts import DeliveryReport
from shared.phone import PhoneNumber
from shared.send_outcome import SendAccepted
from shared.sms.gateway import SentDetail
from tests.fakes.notifications import (
    OTHER,
    PHONE,
    SHIP,
    TENANT,
    NotificationService,
    WorkerDied,
)


def test_a_receipt_is_one_round_trip_and_settles_the_message(
    service: NotificationService,
) -> None:
    message_id = service.accept_one()
    service.dispatch()
    before = service.store.trips

    assert service.report() == 1
    assert service.store.trips == before + 1
    assert service.status(message_id) == "delivered"


def test_receipts_may_repeat_and_contradict(service: NotificationService) -> None:
    message_id = service.accept_one()
    service.dispatch()

    assert service.report(is_delivered=False, err_code="UNDELIV") == 1
    assert service.report(is_delivered=False, err_code="UNDELIV") == 0
    assert service.report() == 1
    assert service.report(is_delivered=False, err_code="UNDELIV") == 0
    assert service.status(message_id) == "delivered"


@pytest.mark.parametrize(
    "forged",
    [{"biz_id": "biz-other"}, {"out_id": "n" + "0" * 32}, {"out_id": ""}, {"phone": OTHER}],
)
def test_a_forged_receipt_changes_nothing(
    service: NotificationService, forged: dict[str, str]
) -> None:
    message_id = service.accept_one()
    service.dispatch()

    assert service.report(**forged) == 0  # type: ignore[arg-type]
    assert service.status(message_id) == "sent"


def test_a_receipt_may_come_before_the_worker_has_written_the_send_down(
    service: NotificationService,
) -> None:
    message_id = service.accept_one()
    bodies = service.work.take()
    service.sms.dies_after = 1
    with pytest.raises(WorkerDied):
        service.dispatch(bodies)

    assert service.report() == 1
    assert service.status(message_id) == "delivered"


def test_a_failed_receipt_falls_back_to_the_next_channel_once() -> None:
    both = dataclasses.replace(SHIP, channels=("sms", "email"))
    service = NotificationService(templates={SHIP.name: both})
    message_id = service.accept_one(email="a@example.com")
    service.dispatch()
    service.report(is_delivered=False, err_code="MOBILE_NOT_ON_SERVICE")

    service.follow()
    service.dispatch()
    service.follow()
    service.dispatch()

    assert [message.email for message in service.email.sent] == ["a@example.com"]
    assert len(service.sms.sent) == 1
    assert service.show(message_id)["channel"] == "email"


def test_a_secret_has_no_second_way_while_the_first_may_have_arrived() -> None:
    secret = dataclasses.replace(
        SHIP, channels=("sms", "email"), is_secret=True, fallback_after_s=60
    )
    service = NotificationService(templates={SHIP.name: secret})
    service.accept_one(email="a@example.com")
    service.dispatch()
    for _ in range(5):
        service.clock.advance(3600)
        service.sweep()
        service.dispatch()

    assert service.email.sent == []


def test_a_message_without_a_receipt_in_time_falls_back() -> None:
    both = dataclasses.replace(SHIP, channels=("sms", "email"), fallback_after_s=60)
    service = NotificationService(templates={SHIP.name: both})
    service.accept_one(email="a@example.com")
    service.dispatch()
    service.records.details = [SentDetail("waiting", "", 1, 0, "*")]

    for _ in range(3):
        service.clock.advance(1201)
        service.sweep()
        service.dispatch()

    assert len(service.email.sent) == 1


def test_a_promotion_stops_at_a_closed_consent_and_a_notice_does_not() -> None:
    offer = dataclasses.replace(SHIP, name="offer", kind="promotion", consent="opt_out")
    service = NotificationService(templates={SHIP.name: SHIP, "offer": offer})
    from shared.phone_parser import parse_phone

    service.store.apply(
        [service.consents.close(phone=parse_phone(PHONE), sign_name=None, source="t", at_ms=1)]
    )
    promotion = service.accept_one(template="offer")
    notice = service.accept_one()
    service.dispatch()

    assert service.show(promotion)["reason"] == "opted_out"
    assert (service.status(promotion), service.status(notice)) == ("suppressed", "sent")


def test_a_promotion_waits_for_the_morning() -> None:
    offer = dataclasses.replace(SHIP, kind="promotion", quiet_hours=(21 * 60, 9 * 60))
    service = NotificationService(templates={SHIP.name: offer})
    midnight_in_china_ms = 1_800_028_800_000 - 1_800_028_800_000 % 86_400_000 + 16 * 3_600_000
    service.clock.advance((midnight_in_china_ms - service.clock.now_ms()) / 1000)
    message_id = service.accept_one()
    service.dispatch()
    assert service.show(message_id)["reason"] == "quiet_hours"

    service.clock.advance(9 * 3600 + 1)
    service.dispatch()

    assert service.status(message_id) == "sent"


def test_messages_are_their_tenants_own(service: NotificationService) -> None:
    message_id = service.accept_one()

    with pytest.raises(NotFound):
        service.messages.one("other", message_id)
    with pytest.raises(NotFound):
        service.messages.cancel("other", message_id)
    with pytest.raises(NotFound):
        service.messages.one(TENANT, "msg_" + "0" * 48)


def test_a_phones_messages_are_listed_newest_first(service: NotificationService) -> None:
    first = service.accept_one()
    service.clock.advance(1)
    second = service.accept_one()
    from shared.phone_parser import parse_phone

    found = service.messages.of_phone(TENANT, parse_phone(PHONE), 10)

    assert [each["message_id"] for each in found] == [second, first]
    assert service.messages.of_phone("other", parse_phone(PHONE), 10) == []


def test_the_store_tells_neither_number_nor_values(service: NotificationService) -> None:
    service.accept_one(email="someone@example.com")
    service.dispatch()

    held = repr(service.store.rows)
    assert "13800138000" not in held
    assert "someone@example.com" not in held
    assert "shipped" not in held


def test_every_agenda_entry_goes_in_the_end(service: NotificationService) -> None:
    service.accept_one()
    service.dispatch()
    service.report()
    service.clock.advance(601)
    service.sweep()

    assert not [key for key in service.store.rows if key.subject.startswith("agenda")]


def test_an_id_names_its_row_and_nothing_else_does() -> None:
    ref = MessageRef("0" * 32, "f" * 16)

    assert MessageRef.parse(ref.message_id) == ref
    assert MessageRef.parse(ref.message_id + "0") is None
    assert MessageRef.parse("msg_") is None
    assert isinstance(SendAccepted("x").biz_id, str)


def test_a_number_that_reads_two_ways_is_counted_once(
    service: NotificationService, caplog: pytest.LogCaptureFixture
) -> None:
    mainland, abroad = "+8618412345678", "+18412345678"
    service.accept(mainland)
    service.dispatch()
    out_id = service.sms.sent[-1].out_id
    reports = [
        DeliveryReport("biz-1", PhoneNumber(number, "ZZ", code), out_id, True, "DELIVERED", 0)
        for number, code in ((mainland, 86), (abroad, 1))
    ]

    with caplog.at_level(logging.INFO, logger="sesame"):
        assert service.receive(reports) == 1
        assert service.receive(reports) == 0  # the push comes again

    counted = [each.fields for each in caplog.records if each.msg == "receipts_counted"]  # type: ignore[attr-defined]
    assert [(each["destination"], each["count"]) for each in counted] == [("domestic", 1)]
