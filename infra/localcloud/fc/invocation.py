"""One invocation: what its caller gets back, and what the control plane shows of it."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from typing import Literal

InvocationType = Literal["sync", "async"]
Outcome = Literal["ok", "error", "timeout", "exit", "init_error"]


@dataclass(frozen=True, slots=True)
class InvocationResult:
    """How an invocation ended.

    function: the name of its resource in s.yaml, the same in every stage.
    payload: what the handler returned, or the platform's JSON description of the error.
    error_type: what the platform puts into `X-Fc-Error-Type`; None if the handler returned.
    duration_ms: in the instance, its cold start included; waiting for one is not counted.
    """

    function: str
    request_id: str
    outcome: Outcome
    payload: bytes
    error_type: str | None
    duration_ms: float
    cold_start: bool
    invocation_type: InvocationType
    started_at: float
    log: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """The control plane's entry: everything but the payload, which may hold secrets."""
        entry = asdict(self)
        del entry["payload"]
        return entry | {"duration_ms": round(self.duration_ms, 3), "log": list(self.log)}


def new_request_id(now_s: float) -> str:
    """A request id of the platform's form: 1, the time and random parts (inferred: the parts)."""
    return f"1-{int(now_s):08x}-{secrets.token_hex(4)}-{secrets.token_hex(6)}"
