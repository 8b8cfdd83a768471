"""What the functions stand on: resources with a name and attributes, and what may be done to them.

Every kind is planned alike. An attribute that was never asked for is nobody's business here, and
neither is a resource that stands in no list: both are left as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

Json: TypeAlias = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]
Attributes = Mapping[str, Json]
Kind = Literal[
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
]
FOREVER = -1
"""A retention that never ends."""

Rule = Literal["fixed", "kept", "whole"]
RULES: Mapping[tuple[Kind, str], Rule] = {
    # fixed: never changed, since the provider would have to make the resource anew.
    ("table", "key"): "fixed",
    # kept: a retention, that is lengthened and never shortened.
    ("table", "ttl_s"): "kept",
    ("table", "max_versions"): "kept",
    ("queue", "retention_s"): "kept",
    ("log_store", "ttl_days"): "kept",
    # whole: nothing may stand there but what is wanted. Elsewhere more is no difference, as what
    # the provider fills in and what somebody added beside ours.
    ("role", "trust"): "whole",
    ("policy", "document"): "whole",
}


@dataclass(frozen=True, slots=True)
class Resource:
    """Something of the account. name: unique among its kind; a part of another has the other's
    name before a slash.
    """

    kind: Kind
    name: str
    attributes: Attributes

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


FailureCode = Literal[
    "no_credentials",
    "credentials_expired",
    "credentials_refused",
    "wrong_account",
    "forbidden",
    "not_connected",
    "answer_lost",
    "throttled",
    "not_there_yet",
    "name_taken",
    "refused",
    "settings_invalid",
    "file_unusable",
]


class FoundationFailed(Exception):
    """A call that did not work, or cannot be made. code: stable.

    detail: the provider's own code, or the name of what is wrong; never a text of an SDK, since
    those quote addresses and signatures.
    """

    def __init__(self, code: FailureCode, detail: str = "") -> None:
        super().__init__(f"{code} ({detail})" if detail else code)
        self.code = code
        self.detail = detail


class Host(Protocol):
    """The part of the account that holds one kind. Every call raises FoundationFailed."""

    def read(self, resource: Resource) -> Attributes | None:
        """The attributes of what has that name; None if there is nothing."""

    def create(self, resource: Resource) -> None:
        """Make it."""

    def change(self, resource: Resource, held: Attributes) -> None:
        """Bring what is there to the wanted attributes, and keep what else it has."""


class Identity(Protocol):
    """Whose credentials these are."""

    def account_id(self) -> str:
        """The account's number. Raises FoundationFailed."""


Hosts = Mapping[Kind, Host]
