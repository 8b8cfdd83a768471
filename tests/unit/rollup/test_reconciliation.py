"""Ten thousand messages while all of it fails in part: figures and records agree to each."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

import pytest

from shared.errors import SesameError, StoreUnavailable
from shared.notifications.receipts import DeliveryReport
from shared.phone import PhoneNumber
from shared.rows import Row, RowChange, RowKey, number_in
from tests.fakes.memory_rows import MemoryRows
from tests.fakes.notifications import WorkerDied
from tests.unit.rollup.conftest import Desk

NOTICES, CODES, PAGE = 9_000, 1_000, 45


class TornStore(MemoryRows):
    """One call in fifty fails, after some of its rows were carried out and others not."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self.chance, self.is_torn = chance, True

    def apply(self, changes: Sequence[RowChange]) -> list[bool]:
        if self.is_torn and self.chance.random() < 0.02:
            super().apply([each for each in changes if self.chance.random() < 0.5])
            raise StoreUnavailable("in_part")
        return super().apply(changes)

    def read(self, keys: Sequence[RowKey]) -> list[Row | None]:
        if self.is_torn and self.chance.random() < 0.02:
            raise StoreUnavailable("read", maybe_applied=False)
        return super().read(keys)


def records(store: MemoryRows) -> Counter[str]:
    """What the records say, counted one by one."""
    found: Counter[str] = Counter()
    for key, row in store.rows.items():
        if key.item.startswith("message:"):
            found["accepted"] += sum(1 for column in row if column.startswith("sent_"))
            found["cost_milli"] += number_in(row, "cost_sms")
            sends = [""] if "sent_sms" in row else []
        elif key.item.startswith("challenge_"):
            sends = [f"_{column[5:]}" for column in row if column.startswith("sent_")]
            found["accepted"] += len(sends)
            if sends:
                found["verified" if row["state"] == "used" else "unverified"] += 1
        else:
            continue
        for tail in sends:
            if f"delivered_ms{tail}" in row:
                found["delivered"] += 1
            elif f"undelivered_ms{tail}" in row:
                found["undelivered"] += 1
    return found


@pytest.mark.parametrize("seed", [1])
def test_figures_agree_with_records_whatever_fails(seed: int) -> None:
    chance = random.Random(seed)
    store = TornStore(chance)
    desk = Desk(store)
    pushes: list[DeliveryReport] = []
    phones: dict[str, str] = {}
    for start in range(0, NOTICES, PAGE):
        people = [f"+86139{n:08d}" for n in range(start, min(start + PAGE, NOTICES))]
        for _ in range(3):
            with suppress(SesameError):
                desk.notices.accept(*people, dedupe_key=f"order-{start}")
                break
    for number in range(CODES):
        phone = f"+86138{number:08d}"
        phones[desk.otp.pseudonyms.of("phone", phone).hex()] = phone
        with suppress(SesameError):
            issued = desk.otp.request(phone)
            if chance.random() < 0.6:
                desk.otp.verify(issued.challenge_id)
    held: list[bytes] = []
    for turn in range(14):
        store.is_torn = turn < 8
        held += desk.notices.work.take()
        batches, held = [held[at : at + 10] for at in range(0, len(held), 10)], []
        for batch in batches:
            try:
                desk.notices.dispatch(batch)
                held += batch if chance.random() < 0.03 else []  # delivered at least once
            except (SesameError, WorkerDied):
                held += batch
        pushes = receive(desk, pushes + (pushed(desk, phones, chance) if turn == 3 else []))
        desk.clock.advance(400)
        for work in (desk.notices.sweep, desk.fold):
            with suppress(SesameError):
                work()
    for _ in range(3):
        desk.clock.advance(700)
        desk.notices.sweep()
        desk.fold()

    said, counted = records(store), desk.total()
    assert said["accepted"] > 0.95 * (NOTICES + CODES)
    assert said["undelivered"] > 500
    assert {
        "accepted": counted.number("accepted"),
        "cost_milli": counted.number("cost_milli") - 45 * counted.number("codes"),
        "delivered": counted.delivered,
        "undelivered": counted.undelivered,
        "verified": counted.number("verified"),
        "unverified": counted.number("unverified"),
    } == said
    assert not [note for row in store.rows.values() for note in row if note.startswith("n_")]


def pushed(desk: Desk, phones: dict[str, str], chance: random.Random) -> list[DeliveryReport]:
    """Receipts of what is on record as sent: some failed, some failed first, some twice."""
    found = []
    for key, row in desk.store.rows.items():
        if key.item.startswith("challenge_") and "out_id" in row:
            sent = [(phones[key.subject], str(row["out_id"]))]
        elif key.item.startswith("message:") and "sent_sms" in row:
            phone = desk.phone_of(row)
            sent = [(phone.e164, f"n{key.subject}")] if phone else []
        else:
            continue
        dice = chance.random()
        words = [False] if dice < 0.08 else [True] if dice < 0.9 else [False, True, True]
        found += [report(*each, word, desk) for each in sent for word in words]
    chance.shuffle(found)
    return found


def report(phone: str, out_id: str, is_delivered: bool, desk: Desk) -> DeliveryReport:
    return DeliveryReport(
        biz_id="biz-1",
        phone=PhoneNumber(phone, "ZZ", 86),
        out_id=out_id,
        is_delivered=is_delivered,
        err_code="DELIVERED" if is_delivered else "MK:0013",
        reported_ms=desk.clock.now_ms(),
    )


def receive(desk: Desk, pushes: list[DeliveryReport]) -> list[DeliveryReport]:
    """Take them in; those whose push failed come again, and some that did not."""
    again: list[DeliveryReport] = []
    for start in range(0, len(pushes), 100):
        part = pushes[start : start + 100]
        try:
            desk.notices.receive(part)
            again += part[:3] if start % 700 == 0 and len(pushes) > 500 else []
        except SesameError:
            again += part
    return again
