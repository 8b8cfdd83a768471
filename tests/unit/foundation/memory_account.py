"""An account in memory: what is there, what happened, and what is to fail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from infra.foundation.model import (
    Attributes,
    FailureCode,
    FoundationFailed,
    Host,
    Kind,
    Resource,
)

PARENTS: Mapping[Kind, Kind] = {
    "log_store": "log_project",
    "log_index": "log_store",
    "dashboard": "log_project",
    "alert": "log_project",
}
KINDS: tuple[Kind, ...] = (
    "table",
    "queue",
    "topic",
    "log_project",
    "log_store",
    "log_index",
    "dashboard",
    "alert",
    "role",
    "policy",
    "attachment",
)


@dataclass
class MemoryAccount:
    """Implements Identity; `hosts` are its parts."""

    number: str = "1000000000000001"
    held: dict[tuple[Kind, str], dict[str, object]] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)
    fail_after: int | None = None
    """So many writes work, the next is `failure`."""
    failure: FailureCode = "answer_lost"
    identity_failure: FailureCode | None = None
    is_failing_read: bool = False
    not_yet: int = 0
    """So many creations of parts come too early."""

    @property
    def hosts(self) -> dict[Kind, Host]:
        return {kind: MemoryHost(self) for kind in KINDS}

    def account_id(self) -> str:
        if self.identity_failure:
            raise FoundationFailed(self.identity_failure)
        return self.number


@dataclass(frozen=True)
class MemoryHost:
    """Implements Host. A part cannot be made before its whole; what a provider fills in is there
    too.
    """

    account: MemoryAccount

    def read(self, resource: Resource) -> Attributes | None:
        if self.account.is_failing_read:
            raise FoundationFailed(self.account.failure)
        held = self.account.held.get((resource.kind, resource.name))
        return None if held is None else {**held, "last_modify_time": 1}  # type: ignore[dict-item]

    def create(self, resource: Resource) -> None:
        assert (resource.kind, resource.name) not in self.account.held, "made twice"
        self._fail_if_due()
        self._check_order(resource)
        self._write("create", resource, {})

    def change(self, resource: Resource, held: Attributes) -> None:
        self._fail_if_due()
        self._write("change", resource, self.account.held[resource.kind, resource.name])

    def _fail_if_due(self) -> None:
        account = self.account
        if account.fail_after is not None and len(account.writes) >= account.fail_after:
            raise FoundationFailed(account.failure)

    def _check_order(self, resource: Resource) -> None:
        if resource.kind == "attachment":
            role, policy = resource.name.split("/")
            needed: list[tuple[Kind, str]] = [("role", role), ("policy", policy)]
        elif resource.kind in PARENTS:
            parent = PARENTS[resource.kind]
            name = resource.name if parent == "log_store" else resource.name.split("/")[0]
            needed = [(parent, name)]
        else:
            return
        if self.account.not_yet:
            self.account.not_yet -= 1
            raise FoundationFailed("not_there_yet")
        assert all(each in self.account.held for each in needed), f"{resource} before its whole"

    def _write(self, verb: str, resource: Resource, held: dict[str, object]) -> None:
        self.account.writes.append(f"{verb} {resource}")
        self.account.held[resource.kind, resource.name] = {**held, **resource.attributes}
