"""Atomic counters: alone, beside other changes, under conditions and from many threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tablestore_server import (
    RunningTablestore,
    create_table,
    every,
    provided,
    put,
    read,
    sdk,
    where,
)

KEY = [("pk", "a")]


def increment(client: sdk.OTSClient, by: Any = 1, condition: Any = None, **others: Any) -> None:
    """Increment `n` of the row `a`."""
    changes = {"INCREMENT": [("n", by)], **others}
    client.update_row("t", sdk.Row(KEY, changes), provided(condition))


def test_missing_column_counts_from_zero(client: sdk.OTSClient) -> None:
    create_table(client)
    increment(client, 3)
    increment(client, -5)
    assert read(client, "a") == {"n": -2}


def test_increment_stands_beside_other_changes(client: sdk.OTSClient) -> None:
    create_table(client)
    put(client, "a", n=1, old=1)
    increment(client, 1, PUT=[("x", "y")], DELETE_ALL=["old"])
    assert read(client, "a") == {"n": 2, "x": "y"}


def test_refused_increment_changes_nothing(client: sdk.OTSClient) -> None:
    create_table(client)
    put(client, "a", n=3)
    with pytest.raises(sdk.OTSServiceError, match="Condition check failed"):
        increment(client, 1, where("n", "LESS_THAN", 3), PUT=[("x", 1)])
    assert read(client, "a") == {"n": 3}


@pytest.mark.parametrize(
    ("current", "by"), [("text", 1), (1.5, 1), (True, 1), (2**63 - 1, 1), (-(2**63), -1), (1, 1.5)]
)
def test_increment_needs_integers_that_fit(client: sdk.OTSClient, current: Any, by: Any) -> None:
    create_table(client)
    put(client, "a", n=current)
    with pytest.raises(sdk.OTSServiceError) as caught:
        increment(client, by, PUT=[("x", 1)])
    assert caught.value.get_error_code() == "OTSParameterInvalid"
    assert read(client, "a") == {"n": current}


def test_incremented_column_takes_no_other_change(client: sdk.OTSClient) -> None:
    create_table(client)
    for others in ({"PUT": [("n", 1)]}, {"DELETE_ALL": ["n"]}):
        with pytest.raises(sdk.OTSServiceError) as caught:
            increment(client, 1, **others)
        assert caught.value.get_error_code() == "OTSParameterInvalid"
    assert read(client, "a") is None


def test_threads_together_count_exactly_to_the_limit(server: RunningTablestore) -> None:
    client = server.client()
    create_table(client)
    below = every(
        where("n", "LESS_THAN", 100, pass_if_missing=True),
        where("closed", "EQUAL", False, pass_if_missing=True),
    )

    def work(_: int) -> int:
        admitted = 0
        for _ in range(10):
            try:
                increment(client, 1, below)
                admitted += 1
            except sdk.OTSServiceError as error:
                if error.get_error_code() != "OTSConditionCheckFail":
                    raise
        return admitted

    with ThreadPoolExecutor(16) as pool:
        admitted = sum(pool.map(work, range(16)))
    assert admitted == 100
    assert read(client, "a") == {"n": 100}
