"""What `python -m tests.bench.drain` calls a broken promise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.bench.drain import Outcome

KEPT = Outcome(
    count=2,
    statuses={"delivered": 2},
    copies={"+8613800000000": 1, "+8613800000001": 1},
    killed_count=3,
    trips={"send_notification": 2, "dispatch_notification": 4, "receive_receipt": 9},
    took_s=60,
)


def test_drain_that_kept_all_has_nothing_broken() -> None:
    assert KEPT.broken() == []
    assert KEPT.trips_per_message == 3


@pytest.mark.parametrize(
    ("change", "promise"),
    [
        ({"copies": {"+8613800000000": 1}}, "every message reaches its phone"),
        ({"copies": {"+8613800000000": 2, "+8613800000001": 1}}, "no message comes twice"),
        ({"statuses": {"delivered": 1, "sent": 1}}, "every message is known to be delivered"),
        ({"killed_count": 0}, "a worker was killed"),
        ({"trips": {"dispatch_notification": 7}}, "at most 3 trips a message"),
    ],
)
def test_drain_names_the_promise_that_was_broken(change: dict[str, object], promise: str) -> None:
    outcome = replace(KEPT, **change)  # type: ignore[arg-type]  # each of its field's type

    assert outcome.broken() == [promise]
