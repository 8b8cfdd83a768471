"""A write that the store carries out late, after its retry, after a refund, after all is over."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from shared.errors import OtpInvalid, ProviderUnavailable
from shared.rows import RowChange
from shared.send_outcome import RefusalKind, SendRefused
from tests.fakes.memory_rows import MemoryRows
from tests.fakes.service import KEY, OtpService


class RemembersBatches(MemoryRows):
    """Keeps every batch, so that a copy of it can land again."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[Sequence[RowChange]] = []

    def apply(self, changes: Sequence[RowChange]) -> list[bool]:
        self.batches.append(changes)
        return super().apply(changes)

    def land_again(self, batch: int) -> None:
        super().apply(self.batches[batch])


@pytest.fixture
def store() -> RemembersBatches:
    return RemembersBatches()


@pytest.fixture
def late(store: RemembersBatches) -> OtpService:
    return OtpService(store=store)


def test_a_used_code_stays_used_when_its_request_lands_again(
    late: OtpService, store: RemembersBatches
) -> None:
    issued = late.request(key=KEY)
    late.verify(issued.challenge_id)
    store.land_again(0)

    with pytest.raises(OtpInvalid):
        late.verify(issued.challenge_id)


def test_a_guess_that_lands_again_is_not_counted_again(
    late: OtpService, store: RemembersBatches
) -> None:
    issued = late.request()
    for _ in range(2):
        assert late.refuses(issued.challenge_id, late.wrong_code())
        store.land_again(-1)

    late.verify(issued.challenge_id)


def test_a_refunded_request_that_lands_again_takes_nothing(
    late: OtpService, store: RemembersBatches
) -> None:
    late.sender.outcomes = [SendRefused(RefusalKind.UNAVAILABLE, "isv.AMOUNT_NOT_ENOUGH")]
    with pytest.raises(ProviderUnavailable):
        late.request(client_ip="203.0.113.7", key=KEY)
    store.land_again(0)

    issued = late.request(client_ip="203.0.113.7", key=KEY)

    assert not issued.is_replay
    late.verify(issued.challenge_id)


def test_a_request_that_lands_again_after_its_successor_changes_nothing(
    late: OtpService, store: RemembersBatches
) -> None:
    late.request()
    late.clock.advance(61)
    second = late.request()
    store.land_again(0)

    late.verify(second.challenge_id)


def test_a_record_that_lands_again_changes_nothing(
    late: OtpService, store: RemembersBatches
) -> None:
    issued = late.request(key=KEY)
    late.verify(issued.challenge_id)
    store.land_again(1)

    with pytest.raises(OtpInvalid):
        late.verify(issued.challenge_id)
    assert late.request(key=KEY).challenge_id == issued.challenge_id
