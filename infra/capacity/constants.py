"""What one OTP takes, as a real run on the local cloud was metered: measured.json.

`counts` is what the code does, the same on every machine, and a test holds it up to date.
`of_this_machine` is what the machine made of it, to be replaced by figures of the account.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

MEASURED = Path(__file__).resolve().parent / "measured.json"


@dataclass(frozen=True, slots=True)
class FunctionCounts:
    """What one invocation does. operations: wire requests by `service.Operation`; log_bytes: in
    lines, rounded up to hundreds. lease_*: what it takes more when it fetches a lease of the
    limits that everybody shares, once in up to 64 sends of an instance.
    """

    operations: Mapping[str, int]
    read_cu: int
    write_cu: int
    log_bytes: int
    lease_read_cu: int
    lease_write_cu: int
    cpu: float
    memory_mb: int

    def trips_to(self, service: str) -> int:
        """Wire requests to a service."""
        return sum(
            count for name, count in self.operations.items() if name.startswith(f"{service}.")
        )


@dataclass(frozen=True, slots=True)
class OfThisMachine:
    """What a run took here. durations_ms: a warm invocation against services that answer at once,
    on a whole core. zip_bytes: for python3.10.
    """

    durations_ms: Mapping[str, float]
    zip_bytes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Measured:
    """A metered run, by function: request, verify and receipt of one code."""

    counts: Mapping[str, FunctionCounts]
    of_this_machine: OfThisMachine


_MEASURED = TypeAdapter(Measured)


def read_measured(path: Path = MEASURED) -> Measured:
    """The committed run. Raises ValidationError if it is not one."""
    return _MEASURED.validate_json(path.read_bytes())


def as_json(measured: Measured) -> str:
    """The content of the file."""
    return _MEASURED.dump_json(measured, indent=2).decode() + "\n"
