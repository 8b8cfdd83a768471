"""What becomes of messages, as the control plane is told and tells it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from pydantic import AfterValidator, Field

from infra.localcloud.control.orders import Order, e164
from infra.localcloud.dysmsapi.deliveries import ANY_PHONE, DeliveryOrder, DeliveryPlan
from infra.localcloud.dysmsapi.push import ReceiptPusher

DELAY_LIMIT_S = 30 * 86400.0


def _any_or_e164(phone: str) -> str:
    return phone if phone == ANY_PHONE else e164(phone)


class DeliveryCall(Order):
    """Let the next `times` messages to a phone, or to any (`*`), end so: `err_code` is DELIVERED,
    a carrier's code for a failure, or NONE for no receipt at all.
    """

    phone: Annotated[str, AfterValidator(_any_or_e164)]
    err_code: str = Field(pattern=r"^[A-Za-z0-9_:.\-]{1,64}$")
    delay_s: float | None = Field(default=None, ge=0, le=DELAY_LIMIT_S, allow_inf_nan=False)
    times: int = Field(default=1, ge=1, le=1_000_000)


class PushCall(Order):
    """Make each push of receipts and replies twice, or once again."""

    duplicate: bool


def script_delivery(plan: DeliveryPlan, call: DeliveryCall) -> dict[str, object]:
    """Queue the order; tells it as it was understood."""
    plan.add(DeliveryOrder(**call.model_dump()))
    return call.model_dump()


def scripted_deliveries(plan: DeliveryPlan) -> dict[str, object]:
    """The orders that wait, oldest first."""
    return {"deliveries": [asdict(order) for order in plan.waiting()]}


def switch_pushes(receipts: ReceiptPusher, call: PushCall) -> dict[str, object]:
    """Set the switch; tells how it stands."""
    receipts.duplicate = call.duplicate
    return {"duplicate": receipts.duplicate}
