"""From codes a second to instances, capacity units, bytes, messages and money.

All that the model knows of the product is measured.json; all that it assumes of the platform stands
in Assumptions, which the operator replaces.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from infra.capacity.constants import FunctionCounts, Measured
from infra.capacity.prices import Prices
from shared.throttle.buckets import LEASE_LIMIT

MILLION = 1_000_000

# Function Compute's units (the pay-as-you-go page named in example_prices.json, of 2024-08-27).
# Inferred: the 512 MB of disk that every instance has are free, so disk counts nothing.
FC_CU_PER_10K_INVOCATIONS = 75
FC_CU_PER_VCPU_S = 1.0
FC_CU_PER_GB_S = 0.15


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What only an account can tell. store_ms, sms_ms: one round trip to each service, in the
    region; durations_ms: whole invocations by function, in the place of what is worked out;
    verifies_per_code: guesses, right and wrong; segments: of one message; headroom: instances
    beyond the mean, as a part of it.
    """

    store_ms: float = 10.0
    sms_ms: float = 300.0
    verifies_per_code: float = 1.2
    segments: float = 1.0
    headroom: float = 0.5
    durations_ms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FunctionNeed:
    """What one function needs. invocations: for one code."""

    name: str
    invocations: float
    duration_ms: float
    instances: int


@dataclass(frozen=True, slots=True)
class Money:
    """What a million codes cost by currency and by item, and the items without a price."""

    items: Mapping[str, tuple[float, str]]
    unpriced: tuple[str, ...]

    @property
    def totals(self) -> Mapping[str, float]:
        """By currency."""
        totals: dict[str, float] = {}
        for amount, currency in self.items.values():
            totals[currency] = totals.get(currency, 0.0) + amount
        return totals


@dataclass(frozen=True, slots=True)
class Need:
    """What `rps` codes a second need. *_million: for a million codes."""

    rps: float
    functions: tuple[FunctionNeed, ...]
    store_requests_s: float
    read_cu_s: float
    write_cu_s: float
    log_bytes_s: float
    read_cu_million: float
    write_cu_million: float
    vcpu_s_million: float
    gb_s_million: float
    invocations_million: float
    segments_million: float
    log_gb_million: float

    @property
    def instances(self) -> int:
        """Of all functions."""
        return sum(each.instances for each in self.functions)

    @property
    def fc_cu_million(self) -> float:
        """In Function Compute's own unit."""
        return (
            self.vcpu_s_million * FC_CU_PER_VCPU_S
            + self.gb_s_million * FC_CU_PER_GB_S
            + self.invocations_million / 10_000 * FC_CU_PER_10K_INVOCATIONS
        )

    def money(self, prices: Prices) -> Money:
        """What a million codes cost."""
        amounts = {
            "sms_segment": self.segments_million,
            "tablestore_10k_read_cu": self.read_cu_million / 10_000,
            "tablestore_10k_write_cu": self.write_cu_million / 10_000,
            "fc_cu": self.fc_cu_million,
            "sls_gb": self.log_gb_million,
        }
        return Money(
            items={
                item: (amount * prices[item].amount, prices[item].currency)
                for item, amount in amounts.items()
                if item in prices
            },
            unpriced=tuple(item for item in amounts if item not in prices),
        )


def need_of(rps: float, measured: Measured, assumed: Assumptions) -> Need:
    """What `rps` codes a second need, each asked for, verified and reported once by the provider.
    Leases are counted as full ones.
    """
    per_code = {"request_otp": 1.0, "verify_otp": assumed.verifies_per_code, "receive_receipt": 1.0}
    functions = []
    trips = read_cu = write_cu = log_bytes = vcpu_s = gb_s = 0.0
    for name, invocations in per_code.items():
        counts = measured.counts[name]
        duration_ms = duration_of(name, counts, measured, assumed)
        busy_s = invocations * duration_ms / 1000
        functions.append(
            FunctionNeed(
                name=name,
                invocations=invocations,
                duration_ms=duration_ms,
                # Little's law; a Python instance serves one request at a time.
                instances=math.ceil(rps * busy_s * (1 + assumed.headroom)),
            )
        )
        trips += invocations * counts.trips_to("tablestore")
        read_cu += invocations * (counts.read_cu + counts.lease_read_cu / LEASE_LIMIT)
        write_cu += invocations * (counts.write_cu + counts.lease_write_cu / LEASE_LIMIT)
        log_bytes += invocations * counts.log_bytes
        vcpu_s += busy_s * counts.cpu
        gb_s += busy_s * counts.memory_mb / 1024
    return Need(
        rps=rps,
        functions=tuple(functions),
        store_requests_s=trips * rps,
        read_cu_s=read_cu * rps,
        write_cu_s=write_cu * rps,
        log_bytes_s=log_bytes * rps,
        read_cu_million=read_cu * MILLION,
        write_cu_million=write_cu * MILLION,
        vcpu_s_million=vcpu_s * MILLION,
        gb_s_million=gb_s * MILLION,
        invocations_million=sum(per_code.values()) * MILLION,
        segments_million=assumed.segments * MILLION,
        log_gb_million=log_bytes * MILLION / 1e9,
    )


def duration_of(
    name: str, counts: FunctionCounts, measured: Measured, assumed: Assumptions
) -> float:
    """How long one warm invocation takes: what the operator says, else its own work at its part of
    a core, and its round trips one after the other.
    """
    if name in assumed.durations_ms:
        return assumed.durations_ms[name]
    own_ms = measured.of_this_machine.durations_ms[name] / min(1.0, counts.cpu)
    waits_ms = counts.trips_to("tablestore") * assumed.store_ms
    return own_ms + waits_ms + counts.trips_to("dysmsapi") * assumed.sms_ms
