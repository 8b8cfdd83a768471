"""Reading the parameters of a RAM call and writing the parts of its answer."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TypeVar

from infra.localcloud.core.access import role_arn
from infra.localcloud.core.entities import (
    ManagedPolicy,
    PolicyKind,
    PolicyVersion,
    Role,
    RoleBookRefused,
)
from infra.localcloud.core.signatures import GatewayRefused

Parameters = Mapping[str, str]
Body = dict[str, object]
Entity = TypeVar("Entity", Role, ManagedPolicy)

PAGE_DEFAULT, PAGE_LIMIT = 100, 1000


def required(call: Parameters, name: str) -> str:
    """A parameter that must be there. Raises GatewayRefused."""
    text = call.get(name, "")
    if not text:
        raise GatewayRefused(f"Missing{name}", f"{name} is mandatory for this action.")
    return text


def policy_kind(call: Parameters) -> PolicyKind:
    """PolicyType. Raises RoleBookRefused."""
    match required(call, "PolicyType"):
        case "Custom":
            return "Custom"
        case "System":
            return "System"
    raise RoleBookRefused("InvalidParameter.PolicyType")


def whole_number(call: Parameters, name: str) -> int | None:
    """A number, or None if the parameter is not there. Raises GatewayRefused."""
    text = call.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise GatewayRefused(f"InvalidParameter.{name}")  # inferred: the code
    return int(text)


def is_true(call: Parameters, name: str) -> bool:
    """A boolean; false if it is not there."""
    return call.get(name, "").lower() == "true"


def page(entities: Sequence[Entity], call: Parameters) -> tuple[Sequence[Entity], Body]:
    """The entities that Marker and MaxItems ask for, and what says whether there are more.

    The marker is the place of the next entity (inferred: the real one is opaque).
    """
    count = whole_number(call, "MaxItems")
    size = PAGE_DEFAULT if count is None else count
    if not 1 <= size <= PAGE_LIMIT:
        raise GatewayRefused("InvalidParameter.MaxItems")  # inferred: the code
    start = whole_number(call, "Marker") or 0
    end = start + size
    if end >= len(entities):
        return entities[start:], {"IsTruncated": False}
    return entities[start:end], {"IsTruncated": True, "Marker": str(end)}


def role_body(role: Role) -> Body:
    """A role as GetRole shows it."""
    return {**role_line(role), "AssumeRolePolicyDocument": role.trust}


def role_line(role: Role) -> Body:
    """A role as ListRoles shows it."""
    return {
        "RoleId": role.role_id,
        "RoleName": role.name,
        "Arn": role_arn(role.name),
        "Description": role.description,
        "MaxSessionDuration": role.max_session_s,
        "CreateDate": date(role.created_at),
        "UpdateDate": date(role.updated_at),
    }


def policy_body(policy: ManagedPolicy, *, attachment_count: int) -> Body:
    """A policy as GetPolicy and ListPolicies show it."""
    return {
        "PolicyName": policy.name,
        "PolicyType": policy.kind,
        "Description": policy.description,
        "DefaultVersion": policy.default_id,
        "AttachmentCount": attachment_count,
        "CreateDate": date(policy.created_at),
        "UpdateDate": date(policy.updated_at),
    }


def version_body(policy: ManagedPolicy, version: PolicyVersion) -> Body:
    """A version with its document."""
    return {
        "VersionId": version.version_id,
        "IsDefaultVersion": version.version_id == policy.default_id,
        "PolicyDocument": version.document,
        "CreateDate": date(version.created_at),
    }


def date(at_s: float) -> str:
    """The time in RAM's form."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at_s))
