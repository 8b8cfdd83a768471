"""Faults: what a client sees of each kind, and what was or was not applied."""

from __future__ import annotations

import pytest
import urllib3
from tablestore_server import RunningTablestore, create_table, put, read, sdk

from infra.localcloud.core.faults import Fault


@pytest.fixture
def table(server: RunningTablestore) -> sdk.OTSClient:
    """A client that does not retry, and a table."""
    client = server.client()
    create_table(client)
    return client


def strike(server: RunningTablestore, kind: str) -> None:
    """Let the next PutRow meet a fault."""
    server.cloud.faults.add(Fault("tablestore", "PutRow", kind, 1))


@pytest.mark.parametrize(
    ("code", "status", "text"),
    [
        ("OTSServerBusy", 503, "Server is busy."),
        ("OTSPartitionUnavailable", 503, "The partition is not available."),
        ("OTSTimeout", 503, "Operation timeout."),
        ("OTSRowOperationConflict", 409, "Data is being modified by the other request."),
        ("OTSConditionCheckFail", 403, "Condition check failed."),
        ("OTSCapacityUnitExhausted", 403, "Capacity unit is not enough."),
        ("OTSTableNotReady", 404, "The table is not ready."),
        ("OTSInternalServerError", 500, "Internal server error."),
    ],
)
def test_error_fault_is_the_service_s_own_error(
    server: RunningTablestore, table: sdk.OTSClient, code: str, status: int, text: str
) -> None:
    strike(server, f"error:{code}")
    with pytest.raises(sdk.OTSServiceError) as caught:
        put(table, "a", x=1)
    assert caught.value.get_http_status() == status
    assert caught.value.get_error_code() == code
    assert caught.value.get_error_message() == text
    assert read(table, "a") is None


def test_error_fault_is_signed_for_version_4_as_well(server: RunningTablestore) -> None:
    client = server.client(region="cn-hangzhou")
    create_table(client)
    strike(server, "error:OTSServerBusy")
    with pytest.raises(sdk.OTSServiceError) as caught:
        put(client, "a", x=1)
    assert caught.value.get_error_code() == "OTSServerBusy"


def test_busy_server_is_retried_by_the_sdk(server: RunningTablestore) -> None:
    client = server.client(retry_policy=sdk.NoDelayRetryPolicy())
    create_table(client)
    server.cloud.faults.add(Fault("tablestore", "PutRow", "error:OTSServerBusy", 2))
    put(client, "a", x=1)
    assert read(client, "a") == {"x": 1}


def test_dropped_before_is_not_applied(server: RunningTablestore, table: sdk.OTSClient) -> None:
    strike(server, "drop_before")
    with pytest.raises(urllib3.exceptions.HTTPError):
        put(table, "a", x=1)
    assert read(table, "a") is None


def test_dropped_after_is_applied(server: RunningTablestore, table: sdk.OTSClient) -> None:
    strike(server, "drop_after")
    with pytest.raises(urllib3.exceptions.HTTPError):
        put(table, "a", x=1)
    assert read(table, "a") == {"x": 1}


def test_proxy_page_is_no_service_error(server: RunningTablestore, table: sdk.OTSClient) -> None:
    strike(server, "html_503")
    with pytest.raises(sdk.OTSClientError) as caught:
        put(table, "a", x=1)
    assert caught.value.get_http_status() == 503
    assert read(table, "a") is None
