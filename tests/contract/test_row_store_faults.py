"""What the Tablestore store does when the wire fails, on the wire."""

from __future__ import annotations

import pytest

from infra.localcloud.core.faults import Fault
from shared.aliyun.credentials import bind_credentials
from shared.aliyun.tablestore import TablestoreRows
from shared.errors import StoreUnavailable
from shared.rows import Require, RowChange, RowKey
from tests.fakes.row_stores import credentials_of, rows_on
from tests.localcloud.tablestore.tablestore_server import RunningTablestore

A, B = RowKey("subject", "a"), RowKey("subject", "b")
GUESS = RowChange(A, adds={"n": 1}, puts={"mark": "me"}, proof=("mark", "me"))


def strike(server: RunningTablestore, kind: str, times: int = 1, operation: str = "*") -> None:
    server.cloud.faults.add(Fault("tablestore", operation, kind, times))


def count(server: RunningTablestore, operation: str) -> int:
    readings = server.cloud.meter.as_json()["operations"]
    return sum(int(str(each["count"])) for each in readings if each["operation"] == operation)


@pytest.mark.parametrize(
    "kind", ["error:OTSServerBusy", "error:OTSRowOperationConflict", "drop_before", "html_503"]
)
def test_a_change_that_was_not_applied_is_tried_again(
    tablestore: RunningTablestore, kind: str
) -> None:
    rows = rows_on(tablestore)
    strike(tablestore, kind, operation="BatchWriteRow")

    assert rows.apply([GUESS]) == [True]
    assert rows.read([A]) == [{"n": 1, "mark": "me"}]


def test_a_lost_answer_is_settled_by_reading_it_back(tablestore: RunningTablestore) -> None:
    rows = rows_on(tablestore)
    refused = RowChange(B, (Require("n", ">", 0),), puts={"x": 1}, proof=("x", 1))
    strike(tablestore, "drop_after", operation="BatchWriteRow")

    assert rows.apply([GUESS, refused]) == [True, False]
    assert rows.read([A]) == [{"n": 1, "mark": "me"}]


def test_a_lost_answer_of_a_whole_batch_is_settled(tablestore: RunningTablestore) -> None:
    """200 rows may be written at once, and only 100 read back."""
    rows = rows_on(tablestore)
    changes = [
        RowChange(RowKey("subject", f"row-{n:03d}"), puts={"mark": "me"}, proof=("mark", "me"))
        for n in range(200)
    ]
    strike(tablestore, "drop_after", operation="BatchWriteRow")

    assert rows.apply(changes) == [True] * 200
    assert count(tablestore, "BatchWriteRow") == 1


def test_a_refusal_whose_answer_was_lost_is_refused_again(tablestore: RunningTablestore) -> None:
    rows = rows_on(tablestore)
    refused = RowChange(A, (Require("n", ">", 0),), puts={"x": 1}, proof=("x", 1))
    strike(tablestore, "drop_after", operation="BatchWriteRow")

    assert rows.apply([refused]) == [False]


def test_a_hanging_store_is_left_within_seconds(tablestore: RunningTablestore) -> None:
    rows = rows_on(tablestore)
    strike(tablestore, "hang", operation="BatchWriteRow")

    assert rows.apply([GUESS]) == [True]
    assert rows.read([A]) == [{"n": 1, "mark": "me"}]


@pytest.mark.parametrize("kind", ["error:OTSServerBusy", "html_503", "drop_before"])
def test_a_store_that_stays_down_is_said_to_be(tablestore: RunningTablestore, kind: str) -> None:
    rows = rows_on(tablestore)
    strike(tablestore, kind, times=20)

    with pytest.raises(StoreUnavailable):
        rows.apply([GUESS])


def test_a_dead_endpoint_is_said_to_be(tablestore: RunningTablestore) -> None:
    rows = rows_on(tablestore)
    tablestore.stop_listening()

    with pytest.raises(StoreUnavailable):
        rows.read([A])


def test_a_refused_key_is_no_reason_to_try_again(tablestore: RunningTablestore) -> None:
    rows = rows_on(tablestore)
    session = tablestore.cloud.identities.issue_session(role="r", session_name="s", duration_s=60)
    tablestore.cloud.clock.advance(61)
    bind_credentials(credentials_of(session))

    with pytest.raises(StoreUnavailable):
        rows.apply([GUESS])
    assert count(tablestore, "BatchWriteRow") == 1


def test_each_call_signs_with_the_credentials_of_its_moment(tablestore: RunningTablestore) -> None:
    rows = rows_on(tablestore)
    for name in ("first", "second"):
        session = tablestore.cloud.identities.issue_session(
            role="r", session_name=name, duration_s=60, function=name
        )
        bind_credentials(credentials_of(session))
        rows.apply([RowChange(A, puts={name: 1})])

    callers = [each["function"] for each in tablestore.cloud.meter.as_json()["operations"]]
    assert callers == ["first", "second"]


def test_no_credentials_at_all_is_a_store_that_cannot_be_reached(
    tablestore: RunningTablestore, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = rows_on(tablestore)
    monkeypatch.delenv("ALIBABA_CLOUD_ACCESS_KEY_ID")

    with pytest.raises(StoreUnavailable):
        rows.read([A])


def test_one_batch_is_one_round_trip(tablestore: RunningTablestore) -> None:
    rows = rows_on(tablestore)

    rows.apply([GUESS, RowChange(B, puts={"x": 1})])

    operations = tablestore.cloud.meter.as_json()["operations"]
    assert [(each["operation"], each["count"]) for each in operations] == [("BatchWriteRow", 1)]


def test_a_store_that_hangs_on_everything_is_left_in_time(tablestore: RunningTablestore) -> None:
    """No try begins after the deadline, however many would be left."""
    strike(tablestore, "hang", times=20)
    ticks = iter([0.0, 0.0, 2.9, 3.1, 9.9, 9.9])
    rows = TablestoreRows(
        endpoint=tablestore.endpoint,
        instance="local",
        sleep=lambda _: None,
        monotonic_s=lambda: next(ticks),
    )

    with pytest.raises(StoreUnavailable) as caught:
        rows.apply([GUESS])
    assert caught.value.maybe_applied


def test_a_busy_store_is_known_to_have_changed_nothing(tablestore: RunningTablestore) -> None:
    strike(tablestore, "error:OTSServerBusy", times=20)

    with pytest.raises(StoreUnavailable) as caught:
        rows_on(tablestore).apply([GUESS])
    assert not caught.value.maybe_applied
    assert count(tablestore, "BatchWriteRow") == 3
