"""Codes and messages over one store in memory, and the fold that counts them."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from shared.notifications.message_rows import recipient_of
from shared.phone import PhoneNumber
from shared.rollup.fold import FoldFigures
from shared.rollup.model import Figures
from shared.rollup.views import EVERYONE, View, Views
from shared.rows import Row
from tests.fakes.hands import HandClock
from tests.fakes.memory_rows import MemoryRows
from tests.fakes.notifications import NotificationService
from tests.fakes.service import OtpService

PRICE_MILLI = 45


@dataclass
class Desk:
    """Everything that is counted, and the totals of it."""

    store: MemoryRows = field(default_factory=MemoryRows)
    clock: HandClock = field(default_factory=HandClock)

    def __post_init__(self) -> None:
        self.otp = OtpService(store=self.store, clock=self.clock)
        self.notices = NotificationService(store=self.store, clock=self.clock)

    def fold(self) -> None:
        FoldFigures(
            store=self.store,
            clock=self.clock,
            open_phone=self.phone_of,
            price_milli=lambda country: PRICE_MILLI,
        )()

    def days(self, tenant: str = EVERYONE, *, back: int = 40) -> list[View]:
        now_ms = self.clock.now_ms()
        return Views(self.store).read(
            tenant=tenant, span="day", start_ms=now_ms - back * 86_400_000, end_ms=now_ms
        )

    def total(self, tenant: str = EVERYONE) -> Figures:
        total = Figures()
        for view in self.days(tenant):
            total = total.plus(view.total)
        return total

    def figures(self, tenant: str = EVERYONE) -> dict[str, int]:
        """Every metric that is not zero, but for how long deliveries took."""
        counts = self.total(tenant).counts
        return {
            metric: count
            for metric, count in sorted(counts.items())
            if count and not metric.startswith("latency")
        }

    def phone_of(self, row: Row) -> PhoneNumber | None:
        recipient = recipient_of(self.notices.sealer.open(str(row.get("sealed", ""))))
        return recipient.phone if recipient else None


@pytest.fixture
def desk() -> Desk:
    return Desk()
