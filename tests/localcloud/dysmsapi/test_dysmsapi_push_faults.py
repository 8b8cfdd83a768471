"""Receipts that are lost, late and doubled because a fault says so."""

from __future__ import annotations

import json

import pytest

from infra.localcloud.core.faults import Fault
from tests.localcloud.dysmsapi.customer import Customer

PHONE = "+8613800000000"


@pytest.fixture
def customer():
    running = Customer()
    yield running
    running.close()


@pytest.fixture
def pushing(dysmsapi, customer):
    dysmsapi.start_pushing(customer.callbacks)
    return dysmsapi


def strike(pushing, operation: str, kind: str, times: int = 1) -> None:
    pushing.cloud.faults.add(Fault("dysmsapi", operation, kind, times))


def reports(customer) -> list[dict[str, object]]:
    return json.loads(customer.next_push()[2])


def test_dropped_receipt_is_lost_for_good(pushing, send, customer):
    strike(pushing, "SmsReport", "drop_before")
    send()

    pushing.cloud.clock.advance(2)
    assert customer.has_silence()
    pushing.cloud.clock.advance(3600)

    assert customer.has_silence()
    assert pushing.cloud.faults.waiting() == []


def test_receipt_whose_answer_is_lost_comes_twice(pushing, send, customer):
    strike(pushing, "SmsReport", "drop_after")
    send()

    pushing.cloud.clock.advance(2)
    first = reports(customer)
    assert customer.has_silence()
    pushing.cloud.clock.advance(60)

    assert reports(customer) == first
    assert customer.has_silence()


@pytest.mark.parametrize("kind", ["error:isp.SYSTEM_ERROR", "html_503", "hang"])
def test_push_that_fails_before_the_customer_is_tried_again(pushing, send, customer, kind):
    strike(pushing, "SmsReport", kind)
    send()

    pushing.cloud.clock.advance(2)
    assert customer.has_silence()
    pushing.cloud.clock.advance(60)

    assert len(reports(customer)) == 1


def test_fault_of_replies_leaves_receipts_alone(pushing, send, customer):
    strike(pushing, "SmsUp", "drop_before")
    send()
    pushing.cloud.clock.advance(2)
    assert len(reports(customer)) == 1

    pushing.reply(PHONE, "hello")

    assert customer.has_silence()


def test_fault_for_any_operation_means_calls_alone(pushing, send, customer):
    send()
    strike(pushing, "*", "error:isp.SYSTEM_ERROR")
    pushing.cloud.clock.advance(2)

    assert len(reports(customer)) == 1
    assert send(phone_numbers="13900000000").code == "isp.SYSTEM_ERROR"
