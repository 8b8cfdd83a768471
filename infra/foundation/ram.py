"""Roles, policies and their attachments, by RAM 2015-05-01 through the official SDK.

Policies are custom ones, and a changed one is a new version; RAM keeps five, and the oldest that is
not in use makes room.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from alibabacloud_ram20150501 import models
from alibabacloud_ram20150501.client import Client

from infra.foundation.model import Attributes, FoundationFailed, Json, Resource
from infra.foundation.openapi import answer, openapi_config
from infra.foundation.role import as_text
from infra.foundation.settings import Settings

_CUSTOM = "Custom"
_ROTATE = "DeleteOldestNonDefaultVersionWhenLimitExceeded"


def ram_client(settings: Settings) -> Any:  # untyped SDK
    """A client for the three hosts below."""
    return Client(openapi_config(settings, settings.ram_endpoint))


class RamRoles:
    """Implements Host for roles: trust, description."""

    def __init__(self, client: Any) -> None:  # untyped SDK
        self._client = client

    def read(self, resource: Resource) -> Attributes | None:
        """GetRole."""
        request = models.GetRoleRequest(role_name=resource.name)
        body = _found(self._client.get_role_with_options, request)
        if body is None:
            return None
        return {
            "trust": _parsed(body.role.assume_role_policy_document),
            "description": body.role.description or "",
        }

    def create(self, resource: Resource) -> None:
        """CreateRole."""
        answer(
            self._client.create_role_with_options,
            models.CreateRoleRequest(
                role_name=resource.name,
                assume_role_policy_document=_text(resource.attributes["trust"]),
                description=str(resource.attributes["description"]),
            ),
        )

    def change(self, resource: Resource, held: Attributes) -> None:
        """UpdateRole."""
        answer(
            self._client.update_role_with_options,
            models.UpdateRoleRequest(
                role_name=resource.name,
                new_assume_role_policy_document=_text(resource.attributes["trust"]),
                new_description=str(resource.attributes["description"]),
            ),
        )


class RamPolicies:
    """Implements Host for policies: document."""

    def __init__(self, client: Any) -> None:  # untyped SDK
        self._client = client

    def read(self, resource: Resource) -> Attributes | None:
        """GetPolicy, whose answer has the version in use."""
        request = models.GetPolicyRequest(policy_name=resource.name, policy_type=_CUSTOM)
        body = _found(self._client.get_policy_with_options, request)
        if body is None:
            return None
        return {"document": _parsed(body.default_policy_version.policy_document)}

    def create(self, resource: Resource) -> None:
        """CreatePolicy."""
        answer(
            self._client.create_policy_with_options,
            models.CreatePolicyRequest(
                policy_name=resource.name,
                policy_document=_text(resource.attributes["document"]),
            ),
        )

    def change(self, resource: Resource, held: Attributes) -> None:
        """CreatePolicyVersion, in use at once."""
        answer(
            self._client.create_policy_version_with_options,
            models.CreatePolicyVersionRequest(
                policy_name=resource.name,
                policy_document=_text(resource.attributes["document"]),
                set_as_default=True,
                rotate_strategy=_ROTATE,
            ),
        )


class RamAttachments:
    """Implements Host for attachments, which are named `role/policy` and have no attributes."""

    def __init__(self, client: Any) -> None:  # untyped SDK
        self._client = client

    def read(self, resource: Resource) -> Attributes | None:
        """ListPoliciesForRole; other policies of the role are nobody's business here."""
        role, policy = resource.name.split("/")
        request = models.ListPoliciesForRoleRequest(role_name=role)
        body = _found(self._client.list_policies_for_role_with_options, request)
        listed = (body.policies.policy or []) if body is not None and body.policies else []
        found = any(each.policy_name == policy and each.policy_type == _CUSTOM for each in listed)
        return {} if found else None

    def create(self, resource: Resource) -> None:
        """AttachPolicyToRole."""
        role, policy = resource.name.split("/")
        answer(
            self._client.attach_policy_to_role_with_options,
            models.AttachPolicyToRoleRequest(
                role_name=role, policy_name=policy, policy_type=_CUSTOM
            ),
        )

    def change(self, resource: Resource, held: Attributes) -> None:
        """Nothing: it has no attributes."""


def _found(call: Any, request: object) -> Any:  # untyped SDK
    try:
        return answer(call, request)
    except FoundationFailed as failure:
        if failure.detail.startswith("EntityNotExist"):
            return None
        raise


def _text(document: Json) -> str:
    return as_text(cast("Mapping[str, Any]", document))


def _parsed(text: str | None) -> Json:
    """A document; its text where it is none, which is then another than every wanted one."""
    try:
        return cast("Json", json.loads(text or "null"))
    except ValueError:
        return text
