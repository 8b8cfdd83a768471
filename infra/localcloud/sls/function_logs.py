"""What Function Compute writes into the log store that a function's `logConfig` names.

Told apart by topic: `FCLogs:<function>` has the lines that the function printed, between a line of
the platform's own at its start and its end, which alone name the request;
`FCRequestMetrics:/<function>` has one log for each request ("Print function logs", "Request-level
metrics logs"). Which fields a line has beside `message` is known from FC 2.0's page and from public
readers of such logs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from infra.localcloud.core.clock import CloudClock
from infra.localcloud.sls.records import Log

Put = Callable[[str, str, Sequence[Log]], bool]


class FunctionWithLogs(Protocol):
    """What must be known of a function: a row of s.yaml."""

    @property
    def name(self) -> str:
        """As it is deployed."""

    @property
    def memory_mb(self) -> int: ...

    @property
    def log_project(self) -> str: ...

    @property
    def log_store(self) -> str: ...


class Invocation(Protocol):
    """What must be known of an invocation that has ended."""

    @property
    def request_id(self) -> str: ...

    @property
    def outcome(self) -> str: ...

    @property
    def duration_ms(self) -> float: ...

    @property
    def cold_start(self) -> bool: ...

    @property
    def invocation_type(self) -> str: ...

    @property
    def started_at(self) -> float: ...

    @property
    def log(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class FunctionLogs:
    """Hands the logs of invocations to the log service. put: SlsService.put.

    Without a log project, or one that is not there, they are lost, as on the platform (inferred).
    """

    put: Put
    clock: CloudClock

    def ended(self, function: FunctionWithLogs, invocation: Invocation) -> None:
        """Write what one invocation that has ended leaves behind."""
        if function.log_project and function.log_store:
            now_s = self.clock.now_s()
            logs = [*_lines(function, invocation, now_s), _metrics(function, invocation, now_s)]
            self.put(function.log_project, function.log_store, logs)


def _lines(function: FunctionWithLogs, ended: Invocation, now_s: float) -> list[Log]:
    messages = (
        f"FC Invoke Start RequestId: {ended.request_id}",
        *ended.log,
        f"FC Invoke End RequestId: {ended.request_id}",
    )
    common = {"functionName": function.name, "qualifier": "LATEST", "versionId": ""}
    # All at the end: the runtime does not keep when each line was printed.
    return [
        Log(int(now_s), now_s, f"FCLogs:{function.name}", fields={**common, "message": message})
        for message in messages
    ]


def _metrics(function: FunctionWithLogs, ended: Invocation, now_s: float) -> Log:
    started_ms = str(int(ended.started_at * 1000))
    fields: Mapping[str, str] = {
        "functionName": function.name,
        "qualifier": "LATEST",
        "versionId": "",
        "requestId": ended.request_id,
        "operation": "InvokeFunction",
        "invocationType": ended.invocation_type.capitalize(),
        "invocationStartTimestamp": started_ms,
        "invokeFunctionStartTimestamp": started_ms,
        "durationMs": f"{ended.duration_ms:.2f}",
        "invokeFunctionLatencyMs": f"{ended.duration_ms:.2f}",
        "isColdStart": "true" if ended.cold_start else "false",
        "hasFunctionError": "false" if ended.outcome == "ok" else "true",
        "memoryMB": str(function.memory_mb),
        "resourceMode": "OnDemand",
    }
    return Log(int(now_s), now_s, f"FCRequestMetrics:/{function.name}", fields=fields)
