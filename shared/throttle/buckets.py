"""Limits of what everybody shares: a tenant, a country, a prefix, the whole service.

Such a row would be written by every send, so its count is taken in leases: an instance takes a few
admissions at once and spends them without the store. And its window is cut into buckets, each a row
of its own that only ever counts up: no entry has to be kept, none grows old.

Of the buckets that any stretch of `span_s` touches there are at most SLICES + 1, and each admits
its share of the limit: so never more than `limit` pass in any such stretch. The price is that fewer
may: a burst gets one bucket's share, an even flow SLICES / (SLICES + 1) of the limit, less what
leases hold that are never spent (a lease ends with its bucket, or with its instance).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from shared.errors import Quota
from shared.rows import Require, Row, RowChange, RowKey, number_in
from shared.throttle.model import Window

SLICES = 6
LEASE_LIMIT = 64
"""Admissions in one lease, at most."""
_LEASES_A_BUCKET = 2_000
_KEPT = 4_096
_COUNT, _BY = "n", "by"


class Leases:
    """What this process has taken and not yet spent; the oldest are forgotten, and so lost."""

    def __init__(self) -> None:
        self._left: OrderedDict[RowKey, int] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: RowKey) -> bool:
        """Spend one, if there is one."""
        with self._lock:
            left = self._left.get(key, 0)
            if left <= 1:
                self._left.pop(key, None)
            else:
                self._left[key] = left - 1
            return left > 0

    def add(self, key: RowKey, count: int) -> None:
        """Keep `count` for later sends."""
        if count <= 0:
            return
        with self._lock:
            self._left[key] = self._left.pop(key, 0) + count
            while len(self._left) > _KEPT:
                self._left.popitem(last=False)


@dataclass(slots=True)
class BucketGate:
    """One send's way through a shared limit. `is_paid`: a lease had one left."""

    key: RowKey
    window: Window
    ends_ms: int
    leases: Leases
    is_paid: bool = False
    _taken: int = field(default=0)

    def admit(self, entry: str, now_ms: int) -> RowChange:
        """Take a lease."""
        return self._take(self._lease, entry)

    def readmit(self, row: Row | None, entry: str, now_ms: int) -> RowChange:
        """Take what is left, up to a lease."""
        left = self._share - number_in(row or {}, _COUNT)
        return self._take(max(1, min(self._lease, left)), entry)

    def judge(self, row: Row | None, now_ms: int) -> list[Quota]:
        """What the bucket has left, and when the next one begins."""
        left = max(0, self._share - number_in(row or {}, _COUNT))
        wait_s = 0 if left else max(1, -(-(self.ends_ms - now_ms) // 1000))
        return [Quota(self.window.name, self.window.limit, self.window.span_s, left, wait_s)]

    def refund(self, entry: str, admitted_ms: int) -> RowChange:
        """Nothing goes back to the row: see `keep`."""
        return RowChange(self.key)

    def settle(self) -> None:
        """Keep the rest of the lease for later sends of this process."""
        self.leases.add(self.key, self._taken - 1)

    def unspend(self) -> None:
        """Put back what was paid with a lease."""
        if self.is_paid:
            self.leases.add(self.key, 1)

    def keep(self) -> None:
        """Keep a lease that was certainly taken, for a send that did not happen: the next ones
        spend it, and the row need not be written again.
        """
        self.leases.add(self.key, self._taken)

    def _take(self, count: int, entry: str) -> RowChange:
        self._taken = count
        return RowChange(
            self.key,
            # A copy of this change that comes late counts once more: stricter, never laxer.
            requires=(Require(_COUNT, "<=", self._share - count, if_missing=True),),
            # With the count: what a late copy of a smaller lease took is not believed to be more.
            puts={_BY: f"{entry}:{count}"},
            adds={_COUNT: count},
            proof=(_BY, f"{entry}:{count}"),
        )

    @property
    def _share(self) -> int:
        return share_of(self.window)

    @property
    def _lease(self) -> int:
        return max(1, min(LEASE_LIMIT, self._share // _LEASES_A_BUCKET))


def share_of(window: Window) -> int:
    """What one bucket of a window admits."""
    return window.limit // (SLICES + 1)


def bucket_gate(subject: str, window: Window, leases: Leases, now_ms: int) -> BucketGate:
    """The gate of the bucket that is open now. subject: what is limited, such as `tenant:shop`."""
    slice_ms = -(-window.span_s * 1000 // SLICES)
    number = now_ms // slice_ms
    key = RowKey(f"rate:{subject}", f"{window.name}:{window.span_s}:{number}")
    return BucketGate(key, window, (number + 1) * slice_ms, leases, is_paid=leases.take(key))
