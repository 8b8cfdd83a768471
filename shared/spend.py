"""What one message costs whom."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spend:
    """milli: thousandths of CNY. count: messages."""

    tenant: str
    template: str
    milli: int
    count: int = 1
