"""What becomes of an accepted message: by default a phone has it and its carrier says so a moment
later; an order makes the next messages to a phone end otherwise, and without one the phone's state
does.

The end is written into the record at once, dated ahead: whoever reads it looks at the clock, and
nothing has to run for a message to settle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from infra.localcloud.dysmsapi.phone_states import FATES, PhoneState
from infra.localcloud.dysmsapi.records import DELIVERED, FAILED, WAITING, SendRecord

ANY_PHONE = "*"
NO_RECEIPT = "NONE"
"""An `err_code` of our own: the carrier never tells, and the message waits for ever."""
DELIVERED_CODE = "DELIVERED"
DELIVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class DeliveryOrder:
    """How the next `times` messages to `phone` (E.164 with its plus, or `*`) end.

    err_code: `DELIVERED`, any code of a carrier's for a failure, or `NONE`. delay_s: on the
    cloud's clock; None for the plan's own.
    """

    phone: str
    err_code: str
    delay_s: float | None = None
    times: int = 1


@dataclass(frozen=True, slots=True)
class Ending:
    """What a message comes to. arrives_at: when the phone has it, UTC epoch s; None if it never
    does. One whose receipt is lost arrives too: it is the carrier that never tells.
    """

    record: SendRecord
    arrives_at: float | None


class DeliveryPlan:
    """The orders that wait, oldest first. They do not survive a restart.

    state_of: how it is with a phone.
    """

    def __init__(
        self,
        *,
        delivery_s: float = DELIVERY_S,
        state_of: Callable[[str], PhoneState] = lambda phone: "normal",
    ) -> None:
        self._delivery_s = delivery_s
        self._state_of = state_of
        self._orders: list[DeliveryOrder] = []

    def add(self, order: DeliveryOrder) -> None:
        """Queue an order."""
        self._orders.append(order)

    def waiting(self) -> list[DeliveryOrder]:
        """The orders that still have messages to decide on, oldest first."""
        return list(self._orders)

    def clear(self) -> None:
        """Forget every order."""
        self._orders.clear()

    def decide(self, record: SendRecord) -> Ending:
        """The end of an accepted message; spends an order that fits."""
        order = self._take(record.phone)
        state = self._state_of(record.phone) if order is None else "normal"
        fate = order or FATES.get(state)
        err_code = fate.err_code if fate else DELIVERED_CODE
        delay_s = fate.delay_s if fate else None
        ended = _ended(record, err_code, self._delivery_s if delay_s is None else delay_s)
        if ended.status == FAILED:
            return Ending(ended, None)
        # An order delays the receipt alone; a slow carrier, the message too.
        return Ending(ended, ended.settles_at if state == "slow" else record.sent_at)

    def _take(self, phone: str) -> DeliveryOrder | None:
        for index, order in enumerate(self._orders):
            if order.phone in (phone, ANY_PHONE):
                if order.times > 1:
                    self._orders[index] = replace(order, times=order.times - 1)
                else:
                    del self._orders[index]
                return order
        return None


def _ended(record: SendRecord, err_code: str, delay_s: float) -> SendRecord:
    if err_code == NO_RECEIPT:
        return replace(record, status=WAITING, err_code="", settles_at=None)
    return replace(
        record,
        status=DELIVERED if err_code == DELIVERED_CODE else FAILED,
        err_code=err_code,
        settles_at=record.sent_at + delay_s,
    )
