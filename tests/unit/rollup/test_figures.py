"""What codes and messages are counted as, from the round trips that they make anyway."""

from __future__ import annotations

import pytest

from shared.access.sandbox import Sandbox
from shared.errors import OtpInvalid, SesameError, Throttled
from shared.send_outcome import RefusalKind, SendRefused, SendUnknown
from tests.fakes.service import OTHER, PHONE
from tests.unit.rollup.conftest import PRICE_MILLI, Desk

OVER_S = 361


def out_id(desk: Desk) -> str:
    (row,) = [row for key, row in desk.store.rows.items() if key.item.startswith("challenge_")]
    return str(row["out_id"])


def test_a_code_that_is_typed_counts_as_sent_and_verified(desk: Desk) -> None:
    issued = desk.otp.request()
    desk.otp.verify(issued.challenge_id)
    desk.fold()

    assert desk.figures() == {
        "accepted": 1,
        "codes": 1,
        "cost_milli": PRICE_MILLI,
        "segments": 1,
    }
    desk.clock.advance(OVER_S)
    desk.fold()
    assert desk.figures() == {
        "accepted": 1,
        "codes": 1,
        "cost_milli": PRICE_MILLI,
        "segments": 1,
        "verified": 1,
    }


def test_a_code_that_is_not_typed_counts_as_unverified_once(desk: Desk) -> None:
    issued = desk.otp.request()
    with pytest.raises(OtpInvalid):
        desk.otp.verify(issued.challenge_id, desk.otp.wrong_code())
    desk.clock.advance(61)
    desk.otp.request(challenge_id=issued.challenge_id)  # the same code again
    desk.clock.advance(OVER_S)
    for _ in range(3):
        desk.fold()

    assert desk.figures()["accepted"] == 2
    assert desk.figures()["unverified"] == 1
    assert "verified" not in desk.figures()


def test_what_was_held_back_counts_by_its_reason(desk: Desk) -> None:
    desk.otp.request()
    with pytest.raises(Throttled):
        desk.otp.request()
    desk.otp.sender.outcomes.append(
        SendRefused(RefusalKind.UNAVAILABLE, "isv.SMS_TEMPLATE_ILLEGAL")
    )
    with pytest.raises(SesameError):
        desk.otp.request(OTHER)
    desk.fold()

    figures = desk.figures()
    assert figures["throttled.phone_minute"] == 1
    assert figures["refused.isv.SMS_TEMPLATE_ILLEGAL"] == 1
    assert figures["accepted"] == 1


def test_a_send_without_an_answer_counts_as_unknown(desk: Desk) -> None:
    desk.otp.sender.outcomes.append(SendUnknown("answer_lost"))
    desk.otp.request()
    desk.fold()

    assert desk.figures()["unknown"] == 1


@pytest.mark.parametrize("reports", [("no", "yes"), ("yes", "no"), ("no", "no", "yes", "yes")])
def test_delivered_beats_undelivered_in_any_order_and_number(
    desk: Desk, reports: tuple[str, ...]
) -> None:
    desk.otp.request()
    desk.notices.accept(OTHER)
    desk.notices.dispatch()
    for word in reports:
        for phone, echoed in ((PHONE, out_id(desk)), (OTHER, None)):
            desk.clock.advance(2)
            desk.notices.report(
                phone=phone,
                out_id=echoed,
                is_delivered=word == "yes",
                err_code="DELIVERED" if word == "yes" else "MOBILE_NOT_ON_SERVICE",
            )
        desk.fold()

    figures = desk.figures()
    assert (figures["accepted"], figures["delivered"]) == (2, 2)
    assert not [metric for metric in figures if metric.startswith("undelivered")]
    assert desk.total().latency_s(50) is not None


def test_an_undelivered_message_counts_by_the_carriers_word(desk: Desk) -> None:
    desk.notices.accept(OTHER)
    desk.notices.dispatch()
    desk.notices.report(phone=OTHER, is_delivered=False, err_code="MK:0013")
    desk.fold()

    assert desk.figures()["undelivered.MK:0013"] == 1


def test_messages_count_where_they_belong(desk: Desk) -> None:
    desk.otp.request(PHONE, tenant="shop")
    desk.otp.request("+14155550123", tenant="bank")
    desk.notices.accept(OTHER)
    desk.notices.dispatch()
    desk.fold()

    today = desk.days()[-1]
    assert {name: each.sent for name, each in today.by("country").items()} == {"CN": 2, "US": 1}
    assert {name: each.sent for name, each in today.by("prefix").items()} == {
        "+86138": 1,
        "+86139": 1,
        "+141": 1,
    }
    assert {name: each.sent for name, each in today.by("template").items()} == {
        "login": 2,
        "ship_update": 1,
    }
    assert {name: each.sent for name, each in today.by("tenant").items()} == {"shop": 2, "bank": 1}
    assert desk.total("bank").sent == 1


def test_a_receipt_counts_in_the_hour_of_its_message(desk: Desk) -> None:
    desk.notices.accept(OTHER)
    desk.notices.dispatch()
    desk.fold()
    before = [view.total.sent for view in desk.days()]
    desk.clock.advance(30 * 3600)
    desk.notices.report(phone=OTHER)
    desk.fold()

    delivered = [view.total.delivered for view in desk.days(back=40)]
    assert sum(delivered) == 1
    assert desk.days()[delivered.index(1)].total.sent == 1
    assert sum(before) == 1


def test_a_test_number_counts_for_nothing(desk: Desk) -> None:
    desk.otp.sandbox = Sandbox({"shop": {PHONE: "246810"}})
    desk.otp.request()
    desk.clock.advance(OVER_S)
    desk.fold()

    assert desk.figures() == {}
