"""Limits that everybody shares: never more than they say, in any stretch of time, for anyone's
interleaving; and next to nothing of round trips.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import StoreUnavailable, Throttled
from shared.otp.policy_file import load_policies
from shared.rows import RowKey, RowStore, bears_mark
from shared.throttle.buckets import LEASE_LIMIT, SLICES, Leases, bucket_gate, share_of
from shared.throttle.gate import Gate
from shared.throttle.gcra import GcraGate
from shared.throttle.limits import Limits, LimitSet
from shared.throttle.model import Flow, Window
from tests.fakes.memory_rows import MemoryRows
from tests.fakes.service import OTHER, OtpService

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


def test_a_lease_of_a_send_that_did_not_happen_is_kept_for_the_next() -> None:
    otp = OtpService()
    otp.request()
    rates = [key for key in otp.memory.rows if key.subject.startswith("rate:")]
    counted = {key: otp.memory.rows[key]["n"] for key in rates}

    for _ in range(20):
        with pytest.raises(Throttled):
            otp.request()
    otp.request(OTHER)

    assert {key: otp.memory.rows[key]["n"] for key in rates} == counted


def test_a_lease_that_may_not_have_been_taken_is_not_kept() -> None:
    """An answer was lost: what is spent from the lease must have been counted."""
    otp = OtpService(limit_set=LimitSet(tenant=(Window("tenant_hour", 7 * 20_000, 3600),)))
    otp.memory.fail_next = 1
    with pytest.raises(StoreUnavailable):
        otp.request()

    assert not otp.limits.leases._left


def test_a_late_copy_of_a_smaller_lease_is_not_taken_for_a_larger_one() -> None:
    window, store, leases = Window("service_hour", 1_200_000, 3600), MemoryRows(), Leases()
    gate = bucket_gate("service", window, leases, 0)
    share = share_of(window)
    store.rows[gate.key] = {"n": share - 10}
    small = gate.readmit(store.rows[gate.key], "x", 0)
    store.rows[gate.key] = {"n": share - 100}
    big = gate.readmit(store.rows[gate.key], "x", 0)
    store.apply([small])
    store.rows[gate.key]["n"] = share - 20

    assert store.apply([big]) == [False]
    assert not bears_mark(store.rows[gate.key], big)


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


FULL = LimitSet(
    phone_own=tuple(Window(f"own_{n}", 5 + n, 600 + n) for n in range(4)),
    phone_purpose=tuple(Window(f"purpose_{n}", 5 + n, 700 + n) for n in range(4)),
    ip=(Window("ip_a", 50, 600), Flow("ip_b", 50, 700, 5), Flow("ip_c", 50, 800, 5)),
    device=tuple(Flow(f"device_{n}", 50, 600 + n, 5) for n in range(4)),
)


def test_whatever_a_deployment_may_set_fits_into_the_store_s_conditions() -> None:
    """Ten conditions an update; the memory store holds every change to it."""
    policies = load_policies(
        json.dumps(
            {
                "login": {
                    "resend_after_s": 120,
                    "limits": [{"limit": 5 + n, "window_s": 900 + n} for n in range(4)],
                }
            }
        )
    )
    otp = OtpService(policies=policies)
    otp.limits = Limits(otp.pseudonyms, FULL, {"shop": FULL})
    facts = {"client_ip": "203.0.113.7", "device_id": "d-1"}

    for _ in range(12):  # until every window was full and tidied
        issued = otp.request(**facts)
        otp.clock.advance(130)
        otp.request(challenge_id=issued.challenge_id, **facts)
        assert otp.refuses(issued.challenge_id, otp.wrong_code())
        otp.clock.advance(20_000)


def test_tenants_with_windows_of_their_own_do_not_forget_each_other_s() -> None:
    own = {
        "a": LimitSet(phone_purpose=(Window("a_day", 2, 86_400),)),
        "b": LimitSet(phone_purpose=(Window("b_minute", 1, 61), Window("b_two", 2, 62))),
    }
    otp = OtpService()
    otp.limits = Limits(otp.pseudonyms, LimitSet(), own)
    for tenant in ("a", "a", "b", "b", "b"):
        otp.request(tenant=tenant)
        otp.clock.advance(1000)

    with pytest.raises(Throttled) as caught:
        otp.request(tenant="a")
    assert caught.value.quota.policy == "a_day"


def test_a_phone_s_own_gap_is_said() -> None:
    otp = OtpService(limit_set=LimitSet(phone_own=(Window("phone_own_600s", 1, 600),)))

    assert otp.request().resend_after_s == 600
