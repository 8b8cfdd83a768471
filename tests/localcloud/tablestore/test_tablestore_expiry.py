"""Time to live: per cell, by the cloud's clock."""

from __future__ import annotations

from typing import Any

import pytest
from tablestore_server import create_table, provided, put, read, sdk

from infra.localcloud.core.cloud import Cloud

TTL_S = 86_400
KEY = [("pk", "a")]


@pytest.fixture
def table(client: sdk.OTSClient) -> sdk.OTSClient:
    """A client, and a table whose cells live for a day."""
    create_table(client, time_to_live=TTL_S)
    return client


def update(client: sdk.OTSClient, condition: Any = None, **changes: Any) -> None:
    """Update the row `a`."""
    client.update_row("t", sdk.Row(KEY, changes), condition)


def every_key(client: sdk.OTSClient) -> list[str]:
    """The keys that a range over the whole table finds."""
    ends = [("pk", sdk.INF_MIN)], [("pk", sdk.INF_MAX)]
    _, _, rows, _ = client.get_range("t", sdk.Direction.FORWARD, *ends, max_version=1)
    return [row.primary_key[0][1] for row in rows]


def test_row_lives_until_its_time_is_over(table: sdk.OTSClient, cloud: Cloud) -> None:
    put(table, "a", x=1)
    cloud.clock.advance(TTL_S - 10)
    assert read(table, "a") == {"x": 1}
    cloud.clock.advance(20)
    assert read(table, "a") is None
    assert every_key(table) == []


def test_each_column_expires_by_itself(table: sdk.OTSClient, cloud: Cloud) -> None:
    put(table, "a", old=1)
    cloud.clock.advance(TTL_S - 10)
    update(table, PUT=[("new", 2)])
    cloud.clock.advance(20)
    assert read(table, "a") == {"new": 2}


def test_expired_row_does_not_exist(table: sdk.OTSClient, cloud: Cloud) -> None:
    put(table, "a", n=5)
    cloud.clock.advance(TTL_S + 10)
    with pytest.raises(sdk.OTSServiceError, match="Condition check failed"):
        update(table, provided(existence="EXPECT_EXIST"), PUT=[("x", 1)])
    update(table, provided(existence="EXPECT_NOT_EXIST"), INCREMENT=[("n", 1)])
    assert read(table, "a") == {"n": 1}


def test_row_without_columns_expires_by_its_last_write(table: sdk.OTSClient, cloud: Cloud) -> None:
    put(table, "a", x=1)
    update(table, DELETE_ALL=["x"])
    assert every_key(table) == ["a"]
    cloud.clock.advance(TTL_S + 10)
    assert every_key(table) == []


def test_table_without_time_to_live_keeps_for_ever(client: sdk.OTSClient, cloud: Cloud) -> None:
    create_table(client)
    put(client, "a", x=1)
    cloud.clock.advance(50 * 365 * 86_400)
    assert read(client, "a") == {"x": 1}


def test_shortened_time_to_live_is_effective_at_once(client: sdk.OTSClient, cloud: Cloud) -> None:
    create_table(client)
    put(client, "a", x=1)
    cloud.clock.advance(2 * TTL_S)
    client.update_table("t", sdk.TableOptions(time_to_live=TTL_S))
    assert read(client, "a") is None


def test_version_older_than_the_time_to_live_is_refused(
    client: sdk.OTSClient, cloud: Cloud
) -> None:
    create_table(client, time_to_live=TTL_S, max_time_deviation=10 * TTL_S)
    too_old = cloud.clock.now_ms() - (TTL_S + 5) * 1000
    with pytest.raises(sdk.OTSServiceError, match="Invalid timestamp"):
        update(client, PUT=[("x", 1, too_old)])
