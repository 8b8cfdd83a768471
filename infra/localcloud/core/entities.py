"""What RAM keeps: roles, policies with their versions, and the rules that each must meet.

Names, limits and codes are those of the pages "CreateRole", "CreatePolicy" and "Error codes".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from infra.localcloud.core.policies import PolicyInvalid, parse_policy, parse_trust
from infra.localcloud.core.system_policies import SYSTEM_POLICIES

PolicyKind = Literal["Custom", "System"]
PolicyKey = tuple[PolicyKind, str]

DOCUMENT_LIMIT = 6144
TRUST_LIMIT = 2048  # inferred: the page has the error, not the number
DESCRIPTION_LIMIT = 1024
SESSION_MIN_S, SESSION_MAX_S = 3600, 43_200
_ROLE_NAME = re.compile(r"[A-Za-z0-9.\-]*", re.ASCII)
_POLICY_NAME = re.compile(r"[A-Za-z0-9\-]*", re.ASCII)


class RoleBookRefused(Exception):
    """RAM says no. `code` is the vendor's, from its page of error codes."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Role:
    """A role. `trust` is its AssumeRolePolicyDocument; times are UTC epoch seconds."""

    name: str
    role_id: str
    trust: str
    description: str
    max_session_s: int
    created_at: float
    updated_at: float


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One version of a policy's document."""

    version_id: str
    document: str
    created_at: float


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """A policy with its versions, oldest first; `default_id` names the one that counts."""

    kind: PolicyKind
    name: str
    description: str
    versions: tuple[PolicyVersion, ...]
    default_id: str
    newest_number: int
    created_at: float
    updated_at: float

    @property
    def document(self) -> str:
        """The document that counts."""
        return self.version(self.default_id).document

    def version(self, version_id: str) -> PolicyVersion:
        """That version. Raises RoleBookRefused."""
        for version in self.versions:
            if version.version_id == version_id:
                return version
        raise RoleBookRefused("EntityNotExist.Policy.Version")


SYSTEM: Mapping[str, ManagedPolicy] = {
    name: ManagedPolicy(
        kind="System",
        name=name,
        description="",
        versions=(PolicyVersion("v1", document, 0.0),),
        default_id="v1",
        newest_number=1,
        created_at=0.0,
        updated_at=0.0,
    )
    for name, document in SYSTEM_POLICIES.items()
}
"""The policies that the platform provides, by name."""


# Any: the fields as JSON had them.
def policy_from(fields: Mapping[str, Any]) -> ManagedPolicy:
    """The policy that `asdict` made these fields of."""
    versions = tuple(PolicyVersion(**version) for version in fields["versions"])
    return ManagedPolicy(**{**fields, "versions": versions})


def check_role(role: Role) -> None:
    """Raises RoleBookRefused unless the role is one that RAM would keep."""
    _check_name(role.name, "RoleName", _ROLE_NAME, 64)
    if len(role.trust) > TRUST_LIMIT:
        raise RoleBookRefused("InvalidParameter.AssumeRolePolicyDocument.Length")
    if len(role.description) > DESCRIPTION_LIMIT:
        raise RoleBookRefused("InvalidParameter.Description.Length")
    if not SESSION_MIN_S <= role.max_session_s <= SESSION_MAX_S:
        raise RoleBookRefused("InvalidParameter.MaxSessionDuration")  # inferred: the code
    try:
        parse_trust(role.trust)
    except PolicyInvalid as error:
        raise RoleBookRefused("MalformedPolicyDocument", str(error)) from None


def check_policy_name(name: str) -> None:
    """Raises RoleBookRefused unless a policy may have that name."""
    _check_name(name, "PolicyName", _POLICY_NAME, 128)


def check_document(document: str) -> None:
    """Raises RoleBookRefused unless it is a permission policy of at most 6,144 bytes."""
    if len(document.encode()) > DOCUMENT_LIMIT:
        raise RoleBookRefused("InvalidParameter.PolicyDocument.Length")
    try:
        parse_policy(document)
    except PolicyInvalid as error:
        raise RoleBookRefused("MalformedPolicyDocument", str(error)) from None


def _check_name(name: str, parameter: str, allowed: re.Pattern[str], limit: int) -> None:
    if not allowed.fullmatch(name):
        raise RoleBookRefused(f"InvalidParameter.{parameter}.InvalidChars")
    if not 1 <= len(name) <= limit:
        raise RoleBookRefused(f"InvalidParameter.{parameter}.Length")
