"""Looking at the clock and the faults and moving them, the same for the control plane and for the
inbox page.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timezone

from infra.localcloud.control.operations import why_unknown
from infra.localcloud.control.orders import ClockOrder, FaultOrder
from infra.localcloud.control.watched import Watched
from infra.localcloud.core.clock import CloudClock
from infra.localcloud.core.faults import Fault, FaultInvalid, FaultPlan
from infra.localcloud.core.problems import RequestRefused

EARLIEST_S = datetime(2000, 1, 1, tzinfo=timezone.utc).timestamp()
LATEST_S = datetime(2100, 1, 1, tzinfo=timezone.utc).timestamp()


def told_clock(clock: CloudClock) -> dict[str, object]:
    """The cloud's time and how far it is from the host's."""
    now = datetime.fromtimestamp(clock.now_s(), timezone.utc)
    return {
        "now_s": clock.now_s(),
        "now": now.isoformat(timespec="seconds"),
        "offset_s": clock.offset_s,
    }


CATCH_UP_S = 5.0


async def advance_clock(watched: Watched, order: ClockOrder) -> None:
    """Move the clock. What its timers call by that has ended then, but for what takes longer than
    some seconds: whoever counts or looks next meets none of it half done. Raises RequestRefused if
    the clock would leave the years 2000 to 2099.
    """
    clock = watched.cloud.clock
    if not EARLIEST_S <= clock.now_s() + order.advance_s < LATEST_S:
        raise RequestRefused.for_field("advance_s", "would leave the years 2000 to 2099")
    clock.advance(order.advance_s)
    if watched.publisher is not None:
        await watched.publisher.catch_up(limit_s=CATCH_UP_S)


def told_faults(plan: FaultPlan) -> list[dict[str, object]]:
    """The faults that wait, oldest first."""
    return [asdict(fault) for fault in plan.waiting()]


def add_fault(plan: FaultPlan, order: FaultOrder) -> None:
    """Queue a fault. Raises RequestRefused for a name or kind that is not known."""
    unknown = why_unknown(order.service, order.operation)
    if unknown is not None:
        raise RequestRefused.for_field(*unknown)
    try:
        plan.add(Fault(**order.model_dump()))
    except FaultInvalid as error:
        field, _, reason = str(error).partition(": ")
        raise RequestRefused.for_field(field, reason) from error
