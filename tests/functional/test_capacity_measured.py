"""The committed constants against a run that is metered now."""

from __future__ import annotations

from infra.capacity.constants import read_measured
from infra.capacity.measure import measure


def test_committed_counts_equal_a_fresh_metered_run() -> None:
    """Else: python -m infra.capacity measure"""
    fresh = measure()

    assert fresh.counts == read_measured().counts
    assert all(duration_ms > 0 for duration_ms in fresh.of_this_machine.durations_ms.values())
