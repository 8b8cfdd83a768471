"""What the control plane may be told of deliveries."""

from __future__ import annotations

import sqlite3

import pytest
from pydantic import ValidationError

from infra.localcloud.control.deliveries import (
    DeliveryCall,
    PushCall,
    script_delivery,
    scripted_deliveries,
    switch_pushes,
)
from infra.localcloud.core.clock import CloudClock
from infra.localcloud.dysmsapi.deliveries import DeliveryPlan
from infra.localcloud.dysmsapi.push import ReceiptPusher


def test_delivery_call_becomes_an_order_of_the_plan():
    plan = DeliveryPlan()
    call = DeliveryCall.model_validate_json('{"phone": "8613800138000", "err_code": "MB:1041"}')

    understood = script_delivery(plan, call)

    assert understood == {
        "phone": "+8613800138000",
        "err_code": "MB:1041",
        "delay_s": None,
        "times": 1,
    }
    assert scripted_deliveries(plan) == {"deliveries": [understood]}


@pytest.mark.parametrize(
    "body",
    [
        '{"phone": "nobody", "err_code": "NONE"}',
        '{"phone": "*", "err_code": ""}',
        '{"phone": "*", "err_code": "NONE", "delay_s": -1}',
        '{"phone": "*", "err_code": "NONE", "times": 0}',
        '{"phone": "*"}',
        '{"phone": "*", "err_code": "NONE", "until": 1}',
    ],
)
def test_delivery_call_refuses_what_it_cannot_carry_out(body):
    with pytest.raises(ValidationError):
        DeliveryCall.model_validate_json(body)


def test_push_call_switches_duplicates():
    database = sqlite3.connect(":memory:")
    receipts = ReceiptPusher(database, CloudClock())

    assert switch_pushes(receipts, PushCall(duplicate=True)) == {"duplicate": True}

    assert receipts.duplicate
    database.close()
