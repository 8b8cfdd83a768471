"""The switch that each phone has, as the control plane and the inbox page are told and tell it."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from infra.localcloud.control.orders import Order, e164
from infra.localcloud.dysmsapi.phone_states import FATES, PhoneState, PhoneStates


class PhoneOrder(Order):
    """Have a phone be so until it is told otherwise."""

    phone: Annotated[str, AfterValidator(e164)]
    state: PhoneState


def told_phones(phones: PhoneStates) -> dict[str, object]:
    """The phones that are not as usual, and what the carrier says of a message to each."""
    return {
        "phones": [
            {"phone": phone, "state": state, "err_code": FATES[state].err_code}
            for phone, state in phones.all().items()
        ]
    }
