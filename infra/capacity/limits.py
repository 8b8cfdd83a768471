"""What a load runs into, in the order in which it breaks, and what to do then.

Figures of the platform are defaults that an account may have raised; each names where it is from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from infra.capacity.model import Need
from shared.throttle.buckets import LEASE_LIMIT, SLICES
from shared.throttle.model import SENDS_IN_ALL, SENDS_PER_COUNTRY, SENDS_PER_TENANT, Window

LOG_SHARDS = 2  # as the log store is made (infra/foundation)


@dataclass(frozen=True, slots=True)
class Limit:
    """Something of which there is `capacity`. used: how much of it a load takes."""

    name: str
    capacity: float
    unit: str
    used: Callable[[Need], float]
    source: str
    answer: str


@dataclass(frozen=True, slots=True)
class Strain:
    """A limit under a load; over 1 it is broken. breaks_at_rps: codes a second that just fit."""

    limit: Limit
    used: float

    @property
    def ratio(self) -> float:
        """Of the capacity."""
        return self.used / self.limit.capacity

    def breaks_at_rps(self, rps: float) -> float:
        """At which load it is full, as all of these grow with the load."""
        return rps / self.ratio


def _even_flow(window: Window) -> float:
    # A window of slices admits an even flow of six sevenths of its limit (ADR 8).
    return window.limit / window.span_s * SLICES / (SLICES + 1)


def _codes(need: Need) -> float:
    return need.rps


LIMITS = (
    Limit(
        "our own limit of a tenant, and of a country",
        min(_even_flow(SENDS_PER_TENANT[0]), _even_flow(SENDS_PER_COUNTRY[0])),
        "codes/s",
        _codes,
        "shared/throttle/model.py",
        "Raise `tenant` and `country` in OTP_LIMITS to what the business expects, and no further: "
        "they bound what a flood can cost.",
    ),
    Limit(
        "our own limit of the whole service",
        _even_flow(SENDS_IN_ALL[0]),
        "codes/s",
        _codes,
        "shared/throttle/model.py",
        "Raise it in OTP_LIMITS with those above.",
    ),
    Limit(
        "instances of Function Compute, in a region",
        300,
        "instances",
        lambda need: need.instances,
        "quota of an account by default; another page says 100",
        "Apply for a higher quota before the day. A shorter wait for the SMS service counts more "
        "than a faster function: most of an instance's time is that wait. Bound the functions of "
        "notifications with reserved concurrency, so that they never take the codes' instances.",
    ),
    Limit(
        "new instances of Function Compute, in the first minute of a jump from nothing",
        300,
        "instances",
        lambda need: need.instances,
        "quota of a region by default",
        "Provisioned instances for the expected base load; a jump beyond it is refused or late, "
        "one minute more for every 300 instances.",
    ),
    Limit(
        "SendSms",
        5_000,
        "calls/s",
        _codes,
        "QPS of an account, as the API's page says",
        "Ask for more, or a second account with its own sign behind RamRoleArn. Bulk calls are no "
        "answer: the provider says that they may lag.",
    ),
    Limit(
        "requests to the state table while it is one partition",
        1_000,
        "requests/s",
        lambda need: need.store_requests_s,
        "a partition carries more than 1,000 easily, and a new table is one; it splits under load",
        "Keys begin with a keyed hash, so any split is even. Warm the table up over hours before a "
        "launch, or ask for it to be split in advance.",
    ),
    Limit(
        "one row of a limit that everybody shares",
        10_000,
        "CU/s",
        lambda need: need.rps / LEASE_LIMIT * 2,
        "about 10,000 CU/s on one partition key",
        "Nothing to do: leases of up to 64 keep these rows cold.",
    ),
    Limit(
        "log lines written to the log store",
        LOG_SHARDS * 5_000_000,
        "bytes/s",
        lambda need: need.log_bytes_s,
        "5 MB/s a shard with an index, not a hard limit "
        "(help.aliyun.com/zh/sls/product-overview/data-read-and-write)",
        "Let the store split its shards, and set how many it may have.",
    ),
)


def strains(need: Need) -> list[Strain]:
    """Every limit under this load, the one that breaks first in front."""
    found = [Strain(limit, limit.used(need)) for limit in LIMITS]
    return sorted(found, key=lambda each: -each.ratio)
