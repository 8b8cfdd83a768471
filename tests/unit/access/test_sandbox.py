"""Test numbers: the ordinary way through limits and rows, a fixed code, and never a message."""

from __future__ import annotations

import pytest

from shared.access.sandbox import Sandbox
from shared.errors import OtpInvalid, Throttled
from shared.otp.policy_file import load_policies
from tests.fakes.notifications import NotificationService
from tests.fakes.service import PHONE, OtpService
from tests.unit.access.acceptance import accept

TEST, CODE = "+8613800000001", "424242"
SANDBOX = Sandbox({"shop": {TEST: CODE}})


@pytest.fixture
def otp() -> OtpService:
    return OtpService(sandbox=SANDBOX)


def test_a_test_number_is_never_sent_to_and_its_code_verifies_once(otp: OtpService) -> None:
    issued = otp.request(TEST)

    assert otp.sender.sent == []
    assert (issued.is_confirmed, issued.code_length) == (True, 6)
    with pytest.raises(OtpInvalid):
        otp.verify(issued.challenge_id, "000000")
    assert otp.verify(issued.challenge_id, CODE).purpose == "login"
    with pytest.raises(OtpInvalid):
        otp.verify(issued.challenge_id, CODE)


def test_limits_hold_for_a_test_number(otp: OtpService) -> None:
    issued = otp.request(TEST)
    with pytest.raises(Throttled):
        otp.request(TEST)

    for _ in range(3):
        with pytest.raises(OtpInvalid):
            otp.verify(issued.challenge_id, "000000")
    with pytest.raises(OtpInvalid):
        otp.verify(issued.challenge_id, CODE)


def test_a_test_number_costs_the_trips_of_any_other(otp: OtpService) -> None:
    otp.request(TEST)

    assert otp.memory.trips == 2


@pytest.mark.parametrize("purpose", ["login", "payment"])
@pytest.mark.parametrize("resend", ["same", "new"])
def test_a_resend_of_a_test_number_keeps_its_code(purpose: str, resend: str) -> None:
    policies = load_policies(f'{{"{purpose}": {{"resend": "{resend}"}}}}')
    otp = OtpService(sandbox=SANDBOX, policies=policies)
    context = dict.fromkeys(policies[purpose].context, "x")
    issued = otp.request(TEST, purpose=purpose, context=context)
    otp.clock.advance(600 if policies[purpose].ttl_s > 600 else 61)

    otp.request(TEST, purpose=purpose, context=context, challenge_id=issued.challenge_id)

    otp.verify(issued.challenge_id, CODE, context=context)
    assert otp.sender.sent == []


def test_another_tenants_test_number_is_a_number_like_any(otp: OtpService) -> None:
    otp.request(TEST, tenant="other")

    assert [phone.e164 for phone, _ in otp.sender.sent] == [TEST]


def test_a_real_number_of_the_tenant_is_sent_to_and_has_no_fixed_code(otp: OtpService) -> None:
    issued = otp.request(PHONE)

    assert len(otp.sender.sent) == 1
    if otp.sender.last_code != CODE:
        with pytest.raises(OtpInvalid):
            otp.verify(issued.challenge_id, CODE)


def test_a_replay_of_a_test_number_sends_nothing_either(otp: OtpService) -> None:
    first = otp.request(TEST, key="k" * 20)

    assert otp.request(TEST, key="k" * 20).challenge_id == first.challenge_id
    assert otp.sender.sent == []


def test_a_code_of_a_test_number_may_be_longer() -> None:
    otp = OtpService(sandbox=Sandbox({"shop": {TEST: "12345678"}}))
    issued = otp.request(TEST)

    assert issued.code_length == 8
    otp.verify(issued.challenge_id, "12345678")


def test_a_notification_to_a_test_number_is_on_record_and_never_queued() -> None:
    """Delivered rather than refused, so that a tenant can try the whole of its journey."""
    service = NotificationService()
    accepted = accept(service, TEST, PHONE, sandbox=SANDBOX)
    test, real = (message.message_id for message in accepted.messages)

    shown = service.show(test)
    assert (shown["status"], shown["reason"]) == ("delivered", "sandbox")
    for _ in range(3):
        service.dispatch()
        service.clock.advance(3600)
        service.sweep()

    assert [message.message_id for message in service.sms.sent] == [real]
    assert service.status(test) == "delivered"


def test_a_repetition_for_a_test_number_is_known() -> None:
    service = NotificationService()
    first = accept(service, TEST, sandbox=SANDBOX, dedupe_key="order-1")
    again = accept(service, TEST, sandbox=SANDBOX, dedupe_key="order-1")

    assert again.is_replay
    assert again.messages[0].message_id == first.messages[0].message_id
    assert service.work.items == []


def test_another_tenants_notification_to_that_number_goes_out() -> None:
    service = NotificationService()
    accept(service, TEST, sandbox=SANDBOX, tenant="other")
    service.dispatch()

    assert len(service.sms.sent) == 1
