"""Both services over one store, and somebody who looks things up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from shared.notifications.message_rows import MessageRef, MessageRows, message_id_of
from shared.phone_parser import parse_phone
from shared.rows import Value
from shared.sms.meanings import failure_class
from shared.support.asking import Asker, nonce_of, read_asked
from shared.support.attempt import Attempt
from shared.support.codes import Codes
from shared.support.explanations import Explanations
from shared.support.look_up import Found, LookUp, Places
from shared.support.messages import Messages
from tests.fakes.hands import HandClock
from tests.fakes.memory_rows import MemoryRows
from tests.fakes.notifications import NotificationService
from tests.fakes.service import PHONE, OtpService

TWO_MINUTES = 120


@dataclass
class Desk:
    """Both services over one store, and somebody who looks things up."""

    clock: HandClock = field(default_factory=HandClock)
    store: MemoryRows = field(default_factory=MemoryRows)

    def __post_init__(self) -> None:
        self.otp = OtpService(store=self.store, clock=self.clock)
        self.notices = NotificationService(store=self.store, clock=self.clock)
        book = Explanations(failure_class)
        names, rows = self.otp.pseudonyms, MessageRows(self.otp.pseudonyms)
        self.look_up = LookUp(
            store=self.store,
            ranges=self.store,
            places=Places(
                phone_subject=lambda phone: names.of("phone", phone.e164).hex(),
                person_subject=rows.person,
                message_key=lambda text: ref.key if (ref := MessageRef.parse(text)) else None,
                message_id=message_id_of,
            ),
            codes=Codes(
                book, {name: each.max_attempts for name, each in self.otp.policies.items()}
            ),
            messages=Messages(book),
        )

    def asks(
        self, what: str, *, tenant: str = "shop", sees: Callable[[str], bool] | None = None
    ) -> Found:
        trips = self.store.trips
        asker = Asker.named(
            tenant=tenant,
            sees=sees or (lambda other: other == tenant),
            key_name="12345678",
            who="Li Lei",
            why="ticket T48213",
        )
        asked = read_asked(what, parse_phone)
        try:
            return self.look_up(asked, by=asker, now_ms=self.clock.now_ms())
        finally:
            assert self.store.trips - trips <= 3

    def latest(self, what: str = PHONE) -> Attempt:
        found = self.asks(what).latest
        assert found is not None
        return found

    def row(self, challenge_id: str) -> dict[str, Value]:
        nonce = nonce_of(challenge_id)
        return next(row for key, row in self.store.rows.items() if key.item == f"challenge_{nonce}")

    def reports(self, challenge_id: str, code: str = "DELIVERED") -> None:
        """The carrier's word on the last send of a code."""
        assert self.notices.report(
            out_id=str(self.row(challenge_id)["out_id"]),
            is_delivered=code == "DELIVERED",
            err_code=code,
        )


@pytest.fixture
def desk() -> Desk:
    return Desk()


def events(attempt: Attempt) -> list[str]:
    return [line.name for line in attempt.lines]
