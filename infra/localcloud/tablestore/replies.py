"""What an operation hands back to the HTTP side, and the refusals that many of them share."""

from __future__ import annotations

from dataclasses import dataclass

from google.protobuf.message import Message

from infra.localcloud.tablestore.capacity import FREE, Cost
from infra.localcloud.tablestore.errors import OtsError


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer's message, and what the operation cost."""

    message: Message
    cost: Cost = FREE


def failed_cost(error: OtsError) -> Cost:
    """What a refused operation costs: a failed condition was looked at, nothing else was."""
    return Cost(read=1, write=1) if error.code == "OTSConditionCheckFail" else FREE


def unsupported(operation: str) -> OtsError:
    """The refusal of what the local Tablestore does not do."""
    return OtsError("OTSUnsupportOperation", f"Unsupported operation: '{operation}'.")
