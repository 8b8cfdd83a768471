"""Everything goes wrong at random, and still each message goes out once and comes to an end."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

import pytest

from shared.errors import SesameError, StoreUnavailable
from shared.outgoing import Outgoing
from shared.phone import PhoneNumber
from shared.rows import Row, RowChange, RowKey
from shared.send_outcome import RefusalKind, SendAccepted, SendOutcome, SendRefused, SendUnknown
from shared.sms.gateway import SentDetail
from tests.fakes.memory_rows import MemoryRows
from tests.fakes.notifications import NotificationService, WorkerDied

COUNT = 600
ENDS = {"delivered", "undelivered", "failed", "suppressed", "cancelled"}


class BadStore(MemoryRows):
    """One call in a hundred fails, and its rows were carried out or not, each for itself."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self.chance, self.is_bad = chance, True

    def apply(self, changes: Sequence[RowChange]) -> list[bool]:
        if self.is_bad and self.chance.random() < 0.01:
            # Carried out whole, in part, or not at all.
            super().apply([each for each in changes if self.chance.random() < 0.5])
            raise StoreUnavailable("in_part")
        return super().apply(changes)

    def read(self, keys: Sequence[RowKey]) -> list[Row | None]:
        if self.is_bad and self.chance.random() < 0.01:
            raise StoreUnavailable("read", maybe_applied=False)
        return super().read(keys)


class BadProvider:
    """A channel, and its own books: what really went out, whatever was answered."""

    def __init__(self, chance: random.Random) -> None:
        self.chance, self.is_bad = chance, True
        self.books: Counter[tuple[str, str]] = Counter()

    def send(self, messages: Sequence[Outgoing]) -> list[SendOutcome]:
        outcomes = [self._send(message) for message in messages]
        if self.is_bad and self.chance.random() < 0.03:
            raise WorkerDied
        return outcomes

    def _send(self, message: Outgoing) -> SendOutcome:
        dice = self.chance.random() if self.is_bad else 1
        if dice < 0.01:
            return SendRefused(RefusalKind.BUSY, "Throttling")
        if dice < 0.015:
            return SendUnknown("answer_lost")
        assert message.phone is not None
        self.books[message.out_id, message.phone.e164] += 1
        return SendUnknown("answer_lost") if dice < 0.02 else SendAccepted("biz-1")

    def find(self, *, phone: PhoneNumber, at_ms: int, out_id: str) -> list[SentDetail]:
        count = self.books[out_id, phone.e164]
        return [SentDetail("delivered", "DELIVERED", 1, 2, out_id)] * count


@pytest.mark.parametrize("seed", range(4))
def test_each_message_goes_out_once_and_ends_whatever_fails(seed: int) -> None:
    chance = random.Random(seed)
    store, provider = BadStore(chance), BadProvider(chance)
    service = NotificationService(store=store)
    service.sms = provider  # type: ignore[assignment]
    service.records = provider  # type: ignore[assignment]
    accepted: list[str] = []
    for start in range(0, COUNT, 20):
        phones = [f"+86138{n:08d}" for n in range(start, start + 20)]
        try:
            taken = service.accept(*phones, dedupe_key=f"order-{start}")
        except SesameError:
            taken = service.accept(*phones, dedupe_key=f"order-{start}")
        accepted += [message.message_id for message in taken.messages]
    held: list[bytes] = []
    for turn in range(60):
        if turn == 40:
            store.is_bad = provider.is_bad = False
        held += service.work.take()
        batches = [held[at : at + 10] for at in range(0, len(held), 10)]
        held = []
        for batch in batches:
            try:
                service.dispatch(batch)
                if chance.random() < 0.05:
                    held += batch  # delivered at least once
            except (SesameError, WorkerDied):
                held += batch  # the batch comes again
        service.clock.advance(400)
        with suppress(SesameError):
            service.sweep()
    statuses = Counter(service.status(message_id) for message_id in accepted)

    assert len(set(accepted)) == COUNT
    assert set(statuses) <= ENDS, statuses
    assert statuses["delivered"] == COUNT
    assert max(provider.books.values()) == 1
    assert sum(provider.books.values()) == COUNT
