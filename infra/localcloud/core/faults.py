"""Scripted faults: what the control plane asks to go wrong, taken by the services one request at a
time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_KIND = re.compile(r"error:[A-Za-z0-9_.\-]+|delay:\d{1,6}|drop_before|drop_after|html_503|hang")


class FaultInvalid(ValueError):
    """A fault that no service could take; the text says which field and why."""


@dataclass(slots=True)
class Fault:
    """One fault and how often it is still to strike.

    kind: `error:<Code>` (the service's own error), `delay:<ms>`, `drop_before` (connection closed,
    nothing applied), `drop_after` (applied, the answer lost), `html_503` (a proxy's page, nothing
    applied), `hang` (no answer until the client gives up, nothing applied).
    """

    service: str
    operation: str
    kind: str
    times: int

    @property
    def name(self) -> str:
        """The kind without its argument."""
        return self.kind.partition(":")[0]

    @property
    def argument(self) -> str:
        """What stands after the colon: an error code, or milliseconds."""
        return self.kind.partition(":")[2]


class FaultPlan:
    """The faults that wait, oldest first. They do not survive a restart."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Queue a fault. Raises FaultInvalid for an unknown kind or a count below 1."""
        if not _KIND.fullmatch(fault.kind):
            raise FaultInvalid(f"kind: {fault.kind!r} is not one of the kinds of fault")
        if fault.times < 1:
            raise FaultInvalid("times: must be 1 or more")
        self._faults.append(fault)

    def take(self, service: str, operation: str, *, is_call: bool = True) -> Fault | None:
        """The oldest fault that matches and has strikes left, spent by one.

        is_call: False for what the cloud itself does; a `*` does not mean that.
        """
        any_name = ("*",) if is_call else ()
        for fault in self._faults:
            if fault.service in (service, *any_name) and fault.operation in (operation, *any_name):
                fault.times -= 1
                if fault.times == 0:
                    self._faults.remove(fault)
                return fault
        return None

    def clear(self) -> None:
        """Forget every fault."""
        self._faults.clear()

    def waiting(self) -> list[Fault]:
        """What is still to strike, oldest first."""
        return list(self._faults)
