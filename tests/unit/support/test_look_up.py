"""Why no code: from the rows that the service really writes to what support reads."""

from __future__ import annotations

import json
import logging
from contextlib import suppress

import pytest

from shared.errors import Forbidden, SesameError, StoreUnavailable
from shared.observability.logs import JsonLines
from shared.otp.challenge_rows import challenge_row, index_row, phone_row
from shared.rows import RowKey
from shared.send_outcome import RefusalKind, SendRefused, SendUnknown
from shared.support.asking import Asked
from shared.support.codes import challenge_key, phone_key
from shared.support.look_up import CODES_READ, CODES_SHOWN
from shared.timeline import event
from tests.fakes.service import PHONE
from tests.unit.support.conftest import TWO_MINUTES, Desk, events

# --- what became of a code -------------------------------------------------------------------


def test_a_code_that_was_typed_in_is_told_from_request_to_end(desk: Desk) -> None:
    issued = desk.otp.request()
    desk.clock.advance(3)
    desk.reports(issued.challenge_id)
    desk.clock.advance(9)
    assert desk.otp.refuses(issued.challenge_id, desk.otp.wrong_code())
    desk.otp.verify(issued.challenge_id)

    found = desk.latest()

    assert events(found) == ["requested", "accepted", "delivered", "verified"]
    assert found.verdict.kind == "verified"
    assert found.verdict.is_good
    assert (found.wrong_guesses, found.guess_limit) == (1, 3)
    assert (found.topic, found.tenant, found.kind) == ("login", "shop", "code")


def test_a_code_that_did_not_arrive_is_told_with_the_carriers_reason(desk: Desk) -> None:
    issued = desk.otp.request()
    desk.clock.advance(3)
    desk.reports(issued.challenge_id, "MK:0010")

    verdict = desk.latest().verdict

    assert verdict.kind == "undelivered"
    assert [each.name for each in verdict.because] == ["MK:0010"]
    assert "off" in verdict.because[0].cause.en
    assert verdict.say == verdict.because[0].say
    assert not verdict.is_good


def test_a_held_back_code_names_the_limit_and_the_one_that_went_out_before(desk: Desk) -> None:
    issued = desk.otp.request()
    desk.clock.advance(3)
    desk.reports(issued.challenge_id, "MOBILE_IN_BLACK")
    desk.clock.advance(10)
    with suppress(SesameError):
        desk.otp.request()

    found = desk.asks(PHONE)

    assert found.latest is not None
    assert found.latest.verdict.kind == "throttled"
    assert [each.name for each in found.latest.verdict.because] == ["phone_minute"]
    assert found.last_sent is not None
    assert found.last_sent.verdict.because[0].name == "MOBILE_IN_BLACK"


def test_a_refused_code_names_the_providers_code(desk: Desk) -> None:
    desk.otp.sender.outcomes = [SendRefused(RefusalKind.ACCOUNT, "isv.AMOUNT_NOT_ENOUGH")]
    with suppress(SesameError):
        desk.otp.request()

    found = desk.latest()

    assert events(found) == ["requested", "refused"]
    assert found.verdict.because[0].name == "isv.AMOUNT_NOT_ENOUGH"


def test_a_code_whose_answer_was_lost_is_unclear(desk: Desk) -> None:
    desk.otp.sender.outcomes = [SendUnknown("answer_lost")]
    desk.otp.request()

    assert desk.latest().verdict.kind == "unclear"


@pytest.mark.parametrize(("after_s", "kind"), [(5, "under_way"), (TWO_MINUTES + 1, "no_receipt")])
def test_a_code_without_a_receipt_is_first_waited_for(desk: Desk, after_s: int, kind: str) -> None:
    desk.otp.request()
    desk.clock.advance(after_s)

    assert desk.latest().verdict.kind == kind


def test_a_code_that_arrived_and_was_not_typed_in_time(desk: Desk) -> None:
    issued = desk.otp.request()
    desk.reports(issued.challenge_id)
    assert desk.latest().verdict.kind == "delivered"
    desk.clock.advance(301)

    found = desk.latest()

    assert found.verdict.kind == "delivered_expired"
    assert events(found)[-1] == "expired"


def test_a_newer_code_is_said_to_have_taken_the_place(desk: Desk) -> None:
    first = desk.otp.request()
    desk.reports(first.challenge_id)
    desk.clock.advance(61)
    desk.otp.request()

    older = desk.latest(first.challenge_id)

    assert older.verdict.kind == "replaced"
    assert events(older)[-1] == "replaced"
    assert desk.latest().verdict.kind == "under_way"


def test_guesses_that_are_used_up_are_said(desk: Desk) -> None:
    issued = desk.otp.request()
    desk.reports(issued.challenge_id)
    for _ in range(4):
        assert desk.otp.refuses(issued.challenge_id, desk.otp.wrong_code())

    found = desk.latest()

    assert found.verdict.kind == "spent"
    assert found.wrong_guesses == 3


def test_a_second_message_of_one_code_is_told_in_order(desk: Desk) -> None:
    issued = desk.otp.request()
    desk.clock.advance(61)
    desk.otp.request(challenge_id=issued.challenge_id)
    desk.clock.advance(5)
    row = desk.row(issued.challenge_id)
    row.update(event(desk.clock.now_ms(), "resend_throttled", "phone_minute"))

    found = desk.latest()

    assert events(found) == ["requested", "accepted", "resent", "accepted", "resend_throttled"]
    assert found.lines[-1].because[0].name == "phone_minute"
    assert found.verdict.kind == "under_way"


def test_a_send_that_broke_off_is_said_to_have(desk: Desk) -> None:
    issued = desk.otp.request()
    row = desk.row(issued.challenge_id)
    for column in [each for each in row if each.endswith("_accepted")]:
        del row[column]

    assert desk.latest().verdict.kind == "under_way"
    desk.clock.advance(31)
    assert desk.latest().verdict.kind == "broken_off"


def test_nothing_found_says_what_leaves_no_trace(desk: Desk) -> None:
    found = desk.asks("+8613900139000")

    assert found.latest is None
    assert "two days" in found.nothing.cause.en


# --- whose it is -----------------------------------------------------------------------------


def test_another_tenants_attempts_are_not_there(desk: Desk) -> None:
    desk.otp.request(tenant="bank")
    desk.clock.advance(61)
    desk.otp.request(tenant="shop")

    assert {each.tenant for each in desk.asks(PHONE).codes} == {"shop"}
    everyone = desk.asks(PHONE, tenant="ops", sees=lambda tenant: True)
    assert {each.tenant for each in everyone.codes} == {"shop", "bank"}
    assert desk.asks(PHONE, tenant="third").latest is None


def test_another_tenants_id_is_forbidden(desk: Desk) -> None:
    issued = desk.otp.request()
    message_id = desk.notices.accept_one()

    for asked in (issued.challenge_id, message_id):
        with pytest.raises(Forbidden):
            desk.asks(asked, tenant="bank")
        assert desk.asks(asked, tenant="bank", sees=lambda tenant: True).latest is not None


# --- much of it ------------------------------------------------------------------------------


def test_a_flooded_phone_still_shows_what_its_own_row_names(desk: Desk) -> None:
    issued = desk.otp.request()
    desk.reports(issued.challenge_id, "MK:0010")
    subject = desk.otp.pseudonyms.of("phone", PHONE).hex()
    now_ms = desk.clock.now_ms()
    for number in range(CODES_READ + 50):
        # Before the nonce of the real one, whatever it is.
        key = challenge_key(subject, f"{number:032x}")
        desk.store.rows[key] = {
            "tenant": "shop",
            "purpose": "login",
            "state": "void",
            "created_ms": now_ms - 1000 - number,
            **event(now_ms - 1000 - number, "throttled", "phone_minute"),
        }

    found = desk.asks(PHONE)

    assert found.is_partial
    assert len(found.codes) == CODES_SHOWN
    assert found.codes[0].verdict.because[0].name == "MK:0010"
    by_id = desk.asks(issued.challenge_id)
    assert by_id.latest is not None
    assert by_id.latest.verdict.because[0].name == "MK:0010"


def test_a_store_that_fails_is_said_and_still_audited(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.store.fail_next = 1

    with caplog.at_level(logging.INFO, "sesame"), pytest.raises(StoreUnavailable):
        desk.asks(PHONE)

    assert audited(caplog)[-1]["outcome"] == "store_unavailable"


# --- the audit -------------------------------------------------------------------------------


def audited(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    lines = [json.loads(JsonLines().format(record)) for record in caplog.records]
    return [line for line in lines if line["event"] == "support_looked_up"]


def test_every_look_up_is_in_the_log_with_who_and_why_and_without_the_number(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    issued = desk.otp.request()

    with caplog.at_level(logging.INFO, "sesame"):
        desk.asks(PHONE)
        with pytest.raises(Forbidden):
            desk.asks(issued.challenge_id, tenant="bank")

    first, second = audited(caplog)
    assert first["phone"] == "+86******8000"
    assert (first["who"], first["why"], first["key_id"]) == ("Li Lei", "ticket T48213", "12345678")
    assert (first["tenant"], first["kind"], first["attempts"]) == ("shop", "phone", 1)
    assert first["outcome"] == "found"
    assert (second["kind"], second["outcome"], second["phone"]) == ("challenge", "forbidden", None)
    assert "1380" not in json.dumps([first, second])
    assert issued.challenge_id not in json.dumps([first, second])


# --- what is agreed with other rooms ---------------------------------------------------------


def test_the_rows_are_where_the_otp_room_puts_them() -> None:
    assert challenge_key("ab", "cd") == challenge_row("ab", "cd")
    assert phone_key("ab") == phone_row(bytes.fromhex("ab"))
    assert index_row("x", "challenge") == RowKey("index:x", "challenge")
    assert Asked("request", id="x").kind == index_row("x", "request").item
