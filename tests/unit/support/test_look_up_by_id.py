"""Look-ups by the id of a message, a challenge or a request, and what they say of messages."""

from __future__ import annotations

import pytest

from shared.errors import Forbidden
from shared.notifications.message_rows import VOID, MessageRef
from shared.observability.logs import bind
from shared.support.asking import nonce_of
from shared.timeline import event
from tests.fakes.service import OTHER, PHONE
from tests.unit.support.conftest import Desk, events


def test_a_request_is_found_by_its_id(desk: Desk) -> None:
    bind(request_id="1-67ab12cd-15a9c2fb-7a9c1234abcd")
    try:
        desk.otp.request()
    finally:
        bind()
    desk.clock.advance(61)
    desk.otp.request()

    found = desk.asks("1-67ab12cd-15a9c2fb-7a9c1234abcd")

    assert [each.is_asked for each in found.codes] == [False, True]
    assert found.latest is found.codes[1]
    assert desk.asks("1-00000000-15a9c2fb-7a9c1234abcd").latest is None


def test_an_id_whose_attempt_is_gone_finds_nothing(desk: Desk) -> None:
    first = desk.otp.request()
    desk.clock.advance(61)
    desk.otp.request()
    gone = next(
        key for key in desk.store.rows if key.item == f"challenge_{nonce_of(first.challenge_id)}"
    )
    del desk.store.rows[gone]

    assert desk.asks(first.challenge_id).latest is None


def test_a_message_is_found_by_its_id(desk: Desk) -> None:
    message_id = desk.notices.accept_one()
    desk.notices.dispatch()
    desk.notices.report(is_delivered=False, err_code="NO_ROUTE")

    found = desk.latest(message_id)

    assert events(found) == ["accepted", "claimed", "sent", "undelivered"]
    assert found.verdict.because[0].name == "NO_ROUTE"
    assert found.to == "+86******8000"
    assert desk.asks(f"msg_{'0' * 48}").latest is None


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        ("waiting", "quiet_hours", "message_waiting"),
        ("failed", "exhausted:isv.OUT_OF_SERVICE", "refused"),
        ("failed", "budget_exhausted", "refused"),
        ("suppressed", "opted_out", "suppressed"),
        ("cancelled", "-", "message_cancelled"),
        ("unknown", "answer_lost", "message_unknown"),
        ("unconfirmed", "answer_lost", "message_unconfirmed"),
        ("delivered", "sandbox", "sandbox"),
        ("scheduled", "-", "message_waiting"),
        ("queued", "-", "message_waiting"),
    ],
)
def test_every_end_of_a_message_has_a_verdict(
    desk: Desk, status: str, reason: str, kind: str
) -> None:
    message_id = desk.notices.accept_one()
    ref = MessageRef.parse(message_id)
    assert ref is not None
    row = desk.store.rows[ref.key]
    now_ms = desk.clock.now_ms()
    row.update({"status": status, "reason": reason, **event(now_ms + 1, status, reason)})

    found = desk.latest(message_id)

    assert found.verdict.kind == kind
    assert found.verdict.say.en
    if kind in ("refused", "suppressed"):
        assert found.verdict.because[0].name == reason


def test_messages_to_a_phone_stand_beside_its_codes(desk: Desk) -> None:
    desk.notices.accept_one()
    desk.clock.advance(8 * 86_400)
    latest = desk.notices.accept_one()
    desk.otp.request()

    found = desk.asks(PHONE)

    assert [each.name for each in found.messages] == [latest]
    assert found.latest is found.codes[0]
    assert desk.asks(PHONE, tenant="bank").messages == ()


def test_a_message_that_never_came_to_be_is_not_there(desk: Desk) -> None:
    message_id = desk.notices.accept_one()
    ref = MessageRef.parse(message_id)
    assert ref is not None
    desk.store.rows[ref.key]["phase"] = VOID

    assert desk.asks(PHONE).latest is None
    assert desk.asks(message_id).latest is None


def test_no_value_of_a_message_is_in_what_is_shown(desk: Desk) -> None:
    message_id = desk.notices.accept_one(params={"order_no": "SECRET-1", "status": "<script>"})
    desk.notices.dispatch()

    assert "SECRET" not in repr(desk.latest(message_id))
    assert "<script>" not in repr(desk.latest(message_id))


def test_messages_are_found_by_the_request_that_asked_for_them(desk: Desk) -> None:
    bind(request_id="1-67ab12cd-15a9c2fb-7a9c1234abce")
    try:
        desk.notices.accept(PHONE, OTHER)
    finally:
        bind()
    desk.notices.dispatch()

    found = desk.asks("1-67ab12cd-15a9c2fb-7a9c1234abce")

    assert found.latest is not None
    assert {each.to for each in found.messages} == {"+86******8000", "+86******9000"}
    with pytest.raises(Forbidden):
        desk.asks("1-67ab12cd-15a9c2fb-7a9c1234abce", tenant="bank")
