"""What becomes of an accepted message: by default a phone has it and its carrier says so a moment
later; an order makes the next messages to a phone end otherwise.

The end is written into the record at once, dated ahead: whoever reads it looks at the clock, and
nothing has to run for a message to settle.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

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


class DeliveryPlan:
    """The orders that wait, oldest first. They do not survive a restart."""

    def __init__(self, *, delivery_s: float = DELIVERY_S) -> None:
        self._delivery_s = delivery_s
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

    def decide(self, record: SendRecord) -> SendRecord:
        """The record of an accepted message with its end in it; spends an order that fits."""
        order = self._take(record.phone)
        if order is None:
            return _ended(record, DELIVERED_CODE, self._delivery_s)
        delay_s = self._delivery_s if order.delay_s is None else order.delay_s
        return _ended(record, order.err_code, delay_s)

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
