"""Limits that everybody shares: never more than they say, in any stretch of time, for anyone's
interleaving; and next to nothing of round trips.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Throttled
from shared.rows import RowKey, RowStore
from shared.throttle.buckets import LEASE_LIMIT, SLICES, Leases, bucket_gate, share_of
from shared.throttle.gate import Gate
from shared.throttle.gcra import GcraGate
from shared.throttle.limits import LimitSet
from shared.throttle.model import Flow, Window
from tests.fakes.memory_rows import MemoryRows
from tests.fakes.service import OtpService

FLOW = Flow("ip_10", limit=10, span_s=100, burst=4)


def passes(store: RowStore, gate: Gate, entry: str, now_ms: int) -> bool:
    """One send through one gate, as an admission does it: claim, else read, judge, claim again."""
    if gate.is_paid:
        return True
    change = gate.admit(entry, now_ms)
    for _ in range(20):
        if store.apply([change])[0]:
            gate.settle()
            return True
        (row,) = store.read([gate.key])
        if any(quota.reset_s for quota in gate.judge(row, now_ms)):
            return False
        change = gate.readmit(row, entry, now_ms)
    return False


@dataclass
class Instance:
    """A function instance with leases of its own."""

    store: RowStore
    window: Window
    leases: Leases = field(default_factory=Leases)
    count: int = 0

    def sends(self, now_ms: int) -> bool:
        self.count += 1
        gate = bucket_gate("tenant:shop", self.window, self.leases, now_ms)
        return passes(self.store, gate, f"{id(self)}-{self.count}", now_ms)


def most_in_any_stretch(times_ms: list[int], span_ms: int) -> int:
    return max((sum(at <= each < at + span_ms for each in times_ms) for at in times_ms), default=0)


@given(
    limit=st.integers(7, 60),
    steps=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 40_000)), max_size=150),
)
def test_no_stretch_of_a_shared_window_holds_more_than_its_limit(
    limit: int, steps: list[tuple[int, int]]
) -> None:
    window = Window("tenant_60s", limit, 60)
    store = MemoryRows()
    instances = [Instance(store, window) for _ in range(3)]
    now_ms, admitted = 1_800_000_000_000, []
    for which, wait_ms in steps:
        now_ms += wait_ms % 3_000
        if instances[which].sends(now_ms):
            admitted.append(now_ms)

    assert most_in_any_stretch(admitted, 60_000) <= limit


def test_an_even_flow_gets_six_sevenths_of_a_shared_limit() -> None:
    """What the buckets cost: the under-admission that their docstring states."""
    instance = Instance(MemoryRows(), Window("tenant_70s", 70, 60))
    start_ms = 1_800_000_000_000 // 60_000 * 60_000

    ticks_ms = [start_ms + tick * 100 for tick in range(6000)]
    admitted = [at_ms for at_ms in ticks_ms if instance.sends(at_ms)]

    assert len(admitted) == 10 * SLICES * share_of(instance.window) == 600
    assert most_in_any_stretch(admitted, 60_000) <= 70


def test_leases_make_a_shared_limit_cost_one_row_in_many_sends() -> None:
    store = MemoryRows()
    instance = Instance(store, Window("service_hour", 1_200_000, 3600))

    assert all(instance.sends(1_800_000_000_000) for _ in range(LEASE_LIMIT * 5))
    assert store.trips == 5


def test_instances_with_leases_admit_their_share_less_what_leases_hold() -> None:
    window = Window("service_hour", 7 * 6_000, 3600)  # leases of three
    store = MemoryRows()
    instances = [Instance(store, window) for _ in range(8)]

    with ThreadPoolExecutor(8) as pool:
        passed = pool.map(
            lambda each: sum(each.sends(1_800_000_000_000) for _ in range(2_000)), instances
        )

    # Each instance may be left with what its last lease has over.
    assert 6_000 - 8 * 2 <= sum(passed) <= 6_000


def test_a_bucket_that_is_full_waits_for_the_next() -> None:
    store = MemoryRows()
    instance = Instance(store, Window("tenant_minute", 14, 60))
    start_ms = 1_800_000_000_000 // 10_000 * 10_000
    assert [instance.sends(start_ms + 4_000) for _ in range(3)] == [True, True, False]

    gate = bucket_gate("tenant:shop", instance.window, Leases(), start_ms + 4_000)
    (quota,) = gate.judge(store.rows[gate.key], start_ms + 4_000)

    assert (quota.remaining, quota.reset_s) == (0, 6)
    assert instance.sends(start_ms + 10_000)


def test_a_refund_gives_a_lease_back_once() -> None:
    store, leases = MemoryRows(), Leases()
    window = Window("tenant_minute", 7 * 10_000, 60)
    gate = bucket_gate("tenant:shop", window, leases, 0)
    (taken,) = store.apply([gate.admit("e1", 0)])
    assert taken
    assert store.rows[gate.key]["n"] == 5

    assert store.apply([gate.refund("e1", 0), gate.refund("e1", 0)]) == [True, False]
    assert store.rows[gate.key]["n"] == 0


def test_what_was_never_taken_is_not_refunded() -> None:
    store = MemoryRows()
    gate = bucket_gate("tenant:shop", Window("tenant_minute", 700, 60), Leases(), 0)

    assert store.apply([gate.refund("e1", 0)]) == [False]


@given(waits_ms=st.lists(st.integers(0, 30_000), max_size=120))
def test_no_stretch_of_an_even_flow_holds_more_than_its_limit(waits_ms: list[int]) -> None:
    store, gate = MemoryRows(), GcraGate(RowKey("a", "ip"), FLOW)
    now_ms, admitted = 1_800_000_000_000, []
    for number, wait_ms in enumerate(waits_ms):
        now_ms += wait_ms
        if passes(store, gate, f"e{number}", now_ms):
            admitted.append(now_ms)

    assert most_in_any_stretch(admitted, 100_000) <= FLOW.limit


def test_an_even_flow_takes_its_burst_and_then_one_an_interval() -> None:
    store, gate, now_ms = MemoryRows(), GcraGate(RowKey("a", "ip"), FLOW), 1_800_000_000_000
    assert [passes(store, gate, f"e{n}", now_ms) for n in range(5)] == [True] * 4 + [False]

    (quota,) = gate.judge(store.rows[gate.key], now_ms)
    assert (quota.remaining, quota.reset_s) == (0, 17)
    assert not passes(store, gate, "f", now_ms + 16_000)
    assert passes(store, gate, "g", now_ms + 17_000)


@pytest.mark.parametrize("scope", ["tenant", "country", "prefix", "service"])
def test_each_shared_limit_stops_the_request_after_its_last(scope: str) -> None:
    limits = LimitSet(**{scope: (Window(f"{scope}_hour", 14, 3600),)})
    otp = OtpService(limit_set=limits)
    otp.request("+8613800138001")
    otp.request("+8613800138002")

    with pytest.raises(Throttled) as caught:
        otp.request("+8613800138003")

    assert caught.value.quota.policy == f"{scope}_hour"
    assert len(otp.sender.sent) == 2


def test_eight_limits_are_two_round_trips() -> None:
    limits = LimitSet(
        phone_purpose=(Window("phone_purpose_hour", 4, 3600),),
        ip=(Window("ip_hour", 60, 3600), Flow("ip_flow", 30, 3600, 5)),
    )
    otp = OtpService(limit_set=limits)

    otp.request(client_ip="203.0.113.7", device_id="d-1")

    assert otp.memory.trips == 2
    issued = otp.request("+8613800138009", client_ip="203.0.113.8", device_id="d-1")
    assert otp.memory.trips == 4
    otp.verify(issued.challenge_id)
    assert otp.memory.trips == 5


def test_a_purpose_of_a_phone_has_a_limit_of_its_own() -> None:
    otp = OtpService(limit_set=LimitSet(phone_purpose=(Window("phone_purpose_hour", 1, 3600),)))
    otp.request(purpose="login")
    otp.clock.advance(61)
    otp.request(purpose="payment")
    otp.clock.advance(61)

    with pytest.raises(Throttled) as caught:
        otp.request(purpose="login")

    assert caught.value.quota.policy == "phone_purpose_hour"
