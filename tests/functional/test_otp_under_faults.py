"""Hundreds of calls at once over the real SDK, on a wire where one operation in twenty goes wrong:
refused, delayed, lost before it was applied or lost after.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from infra.localcloud.core.faults import Fault, FaultPlan
from shared.errors import SesameError
from shared.otp.challenge_rows import phone_row
from shared.otp.model import OtpIssued, OtpVerified
from shared.throttle.limits import LimitSet
from shared.throttle.model import Window
from tests.contract.conftest import CODECS
from tests.fakes.hands import HandClock
from tests.fakes.row_stores import rows_on
from tests.fakes.service import PHONE, OtpService
from tests.localcloud.tablestore.tablestore_server import RunningTablestore

IP = "203.0.113.7"
LIMIT = 37
LIMITS = LimitSet(ip=(Window("ip_hour", LIMIT, 3600),))
SHARE = 0.05
KINDS = ("error:OTSServerBusy", "delay:20", "drop_before", "drop_after", "drop_after")


class FaultyWire(FaultPlan):
    """Lets a share of all operations go wrong, each by the dice; `struck` counts them by kind."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.struck: Counter[str] = Counter()
        self._dice = random.Random(seed)

    def take(self, service: str, operation: str) -> Fault | None:
        """A fault for one operation in twenty."""
        if self._dice.random() >= SHARE:
            return None
        kind = self._dice.choice(KINDS)
        self.struck[kind] += 1
        return Fault(service, operation, kind, 1)


@pytest.fixture
def wire() -> FaultyWire:
    """The wire of all tests below, with the same dice for each."""
    return FaultyWire(seed=5)


@pytest.fixture(params=CODECS)
def otp(request: pytest.FixtureRequest, tablestore: RunningTablestore) -> OtpService:
    return OtpService(
        store=rows_on(tablestore, native=CODECS[request.param]),
        clock=HandClock(tablestore.cloud.clock.now_ms()),
        limit_set=LIMITS,
    )


def at_once(calls: Sequence[Callable[[], object]]) -> list[object]:
    """What parallel calls gave: a value, or the code of the error."""

    def one(call: Callable[[], object]) -> object:
        try:
            return call()
        except SesameError as error:
            return error.code

    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(one, calls))


def phones(count: int, start: int = 0) -> list[str]:
    return [f"+86139{number:08d}" for number in range(start, start + count)]


def test_two_hundred_right_codes_are_verified_once(
    otp: OtpService, tablestore: RunningTablestore, wire: FaultyWire
) -> None:
    issued = otp.request()
    tablestore.cloud.faults = wire

    ends = at_once([lambda: otp.verify(issued.challenge_id)] * 200)

    refusals = Counter(end for end in ends if isinstance(end, str))
    assert sum(isinstance(end, OtpVerified) for end in ends) == 1
    assert set(refusals) <= {"otp_invalid", "store_unavailable"}


def test_five_hundred_wrong_codes_are_three_guesses(
    otp: OtpService, tablestore: RunningTablestore, wire: FaultyWire
) -> None:
    issued = otp.request()
    right, wrong = otp.sender.last_code, otp.wrong_code()
    tablestore.cloud.faults = wire

    ends = at_once([lambda: otp.verify(issued.challenge_id, wrong)] * 500)

    assert set(ends) <= {"otp_invalid", "store_unavailable"}
    tablestore.cloud.faults = FaultPlan()
    assert evaluated(otp) == 3
    assert otp.refuses(issued.challenge_id, right)


def test_a_thousand_requests_against_a_limit_of_37_are_37_messages(
    otp: OtpService, tablestore: RunningTablestore, wire: FaultyWire
) -> None:
    tablestore.cloud.faults = wire

    ends = at_once([lambda p=phone: otp.request(p, client_ip=IP) for phone in phones(1_000)])  # type: ignore[misc]

    passed = sum(isinstance(end, OtpIssued) for end in ends)
    assert passed == len(otp.sender.sent) <= LIMIT
    assert {end for end in ends if isinstance(end, str)} <= {"throttled", "store_unavailable"}
    # What had to give its place back left room; it is there for the next ones, and no more.
    tablestore.cloud.faults = FaultPlan()
    for phone in phones(10, start=5_000):
        at_once([lambda p=phone: otp.request(p, client_ip=IP)])  # type: ignore[misc]
    assert len(otp.sender.sent) == LIMIT


def test_a_hundred_requests_with_one_key_are_one_message(
    otp: OtpService, tablestore: RunningTablestore, wire: FaultyWire
) -> None:
    tablestore.cloud.faults = wire

    ends = at_once([lambda: otp.request(client_ip=IP, key="k" * 20)] * 100)

    assert len(otp.sender.sent) <= 1
    ids = {end.challenge_id for end in ends if isinstance(end, OtpIssued)}
    assert len(ids) <= 1
    tablestore.cloud.faults = FaultPlan()
    again = otp.request(client_ip=IP, key="k" * 20)
    assert len(otp.sender.sent) == 1
    assert not ids or ids == {again.challenge_id}


def test_one_operation_in_twenty_really_went_wrong(tablestore: RunningTablestore) -> None:
    wire = FaultyWire(seed=5)
    taken = [wire.take("tablestore", "BatchWriteRow") for _ in range(2_000)]

    assert 60 < sum(each is not None for each in taken) < 140
    assert set(wire.struck) == set(KINDS)


def evaluated(otp: OtpService, phone: str = PHONE) -> int:
    """The guesses that the phone's row counts, told by the store itself."""
    subject = otp.pseudonyms.of("phone", phone)
    (row,) = otp.store.read([phone_row(subject)])
    return sum(name.startswith("g_at_") for name in row or {})
