"""What the platform itself writes of an invocation, and what our own queries find in it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from alibabacloud_sls20201230 import models

from infra.localcloud.fc.invocation import InvocationResult
from infra.localcloud.sls.function_logs import FunctionLogs
from infra.watch.files import load
from infra.watch.queries import QUERIES
from tests.localcloud.sls.running import BASE_S, PROJECT, STORE, RunningSls, get


@dataclass(frozen=True)
class Function:
    name: str = "sesame-request-otp-dev"
    memory_mb: int = 512
    log_project: str = PROJECT
    log_store: str = STORE


LINES = (
    json.dumps(
        {
            "level": "INFO",
            "event": "otp_requested",
            "country": "CN",
            "outcome": "SendAccepted",
            "is_resend": False,
        }
    ),
    "a line that is no JSON",
)
ENDED = InvocationResult(
    function="request_otp",
    request_id="1-66000000-aaaaaaaa-bbbbbbbbbbbb",
    outcome="ok",
    payload=b"{}",
    error_type=None,
    duration_ms=12.345,
    cold_start=True,
    invocation_type="sync",
    started_at=float(BASE_S),
    log=LINES,
)


def write(sls: RunningSls, function: Function, ended: InvocationResult = ENDED) -> None:
    sls.cloud.clock.advance(1)  # an index only knows what comes after it
    FunctionLogs(sls.service.put, sls.cloud.clock).ended(function, ended)


def test_invocation_leaves_its_lines_and_its_metrics(sls: RunningSls) -> None:
    client = sls.with_store()
    write(sls, Function())
    lines = get(client, topic="FCLogs:sesame-request-otp-dev").data
    assert [row["message"] for row in lines] == [
        "FC Invoke Start RequestId: 1-66000000-aaaaaaaa-bbbbbbbbbbbb",
        *LINES,
        "FC Invoke End RequestId: 1-66000000-aaaaaaaa-bbbbbbbbbbbb",
    ]
    metrics = get(client, topic="FCRequestMetrics:/sesame-request-otp-dev").data
    assert len(metrics) == 1
    expected = {
        "functionName": "sesame-request-otp-dev",
        "requestId": "1-66000000-aaaaaaaa-bbbbbbbbbbbb",
        "durationMs": "12.35",
        "isColdStart": "true",
        "hasFunctionError": "false",
        "memoryMB": "512",
        "invocationType": "Sync",
    }
    assert {name: metrics[0][name] for name in expected} == expected


def test_invocation_without_a_log_store_loses_its_lines(sls: RunningSls) -> None:
    client = sls.with_store()
    write(sls, Function(log_store=""))
    write(sls, Function(log_project="no-such"))
    assert get(client).meta.count == 0


def test_every_query_of_our_own_is_carried_out(sls: RunningSls) -> None:
    files = load(stage="dev", project=PROJECT, logstore=STORE)
    client = sls.with_store(files.index)
    for body in files.dashboards.values():
        request = models.CreateDashboardRequest(body=models.Dashboard().from_map(body))
        client.create_dashboard(PROJECT, request)
    for body in files.alerts.values():
        client.create_alert(PROJECT, models.CreateAlertRequest().from_map(body))
    assert client.list_alerts(PROJECT, models.ListAlertsRequest()).body.total == len(files.alerts)

    write(sls, Function())
    for name, query in QUERIES.items():
        assert get(client, query.text).meta.has_sql, name
    assert get(client, QUERIES["otp_volume"].text).data == [{"requests": "1", "sent": "1"}]
