"""A budget under parallel sends, over the real SDK and the real wire.

The promised numbers, 1,000 of 5,000, are what `python -m tests.bench.budget` runs.
"""

from __future__ import annotations

from infra.localcloud.core.faults import Fault
from tests.bench.budget import race
from tests.fakes.hands import HandClock
from tests.fakes.row_stores import rows_on
from tests.localcloud.tablestore.tablestore_server import RunningTablestore


def test_budget_is_spent_whole_and_never_beyond_by_parallel_sends(
    tablestore: RunningTablestore,
) -> None:
    ended = race(rows_on(tablestore), HandClock(), limit=100, sends=400)

    assert ended.is_kept, ended
    assert ended.sent == 100


def test_budget_is_never_exceeded_when_answers_are_lost(tablestore: RunningTablestore) -> None:
    def lose() -> None:
        for kind in ("drop_after", "error:OTSServerBusy"):
            tablestore.cloud.faults.add(Fault("tablestore", "BatchWriteRow", kind, 5))

    ended = race(rows_on(tablestore), HandClock(), limit=40, sends=120, at_start=lose)

    # A charge whose answer was lost, and that cannot be told from another's, counts twice.
    assert 30 <= ended.sent <= ended.charged <= 40
