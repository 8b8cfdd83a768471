"""The operations on policies and their versions."""

from __future__ import annotations

from infra.localcloud.core.entities import ManagedPolicy
from infra.localcloud.core.roles import RoleBook
from infra.localcloud.ram.calls import (
    Body,
    Parameters,
    is_true,
    page,
    policy_body,
    policy_kind,
    required,
    version_body,
)

ROTATION = "DeleteOldestNonDefaultVersionWhenLimitExceeded"


class PolicyOperations:
    """Raise RoleBookRefused and GatewayRefused."""

    def __init__(self, book: RoleBook) -> None:
        self._book = book

    def create_policy(self, call: Parameters) -> Body:
        """CreatePolicy."""
        policy = self._book.create_policy(
            required(call, "PolicyName"),
            required(call, "PolicyDocument"),
            description=call.get("Description", ""),
        )
        return {"Policy": policy_body(policy, attachment_count=0)}

    def get_policy(self, call: Parameters) -> Body:
        """GetPolicy."""
        policy = self._policy(call)
        return {
            "Policy": {**self._body(policy), "PolicyDocument": policy.document},
            "DefaultPolicyVersion": version_body(policy, policy.version(policy.default_id)),
        }

    def list_policies(self, call: Parameters) -> Body:
        """ListPolicies, of one PolicyType or of both."""
        kinds = (policy_kind(call),) if call.get("PolicyType") else ("Custom", "System")
        found = [policy for policy in self._book.policies() if policy.kind in kinds]
        policies, rest = page(found, call)
        return {"Policies": {"Policy": [self._body(each) for each in policies]}, **rest}

    def delete_policy(self, call: Parameters) -> Body:
        """DeletePolicy."""
        self._book.delete_policy(required(call, "PolicyName"))
        return {}

    def create_policy_version(self, call: Parameters) -> Body:
        """CreatePolicyVersion."""
        name = required(call, "PolicyName")
        version = self._book.add_version(
            name,
            required(call, "PolicyDocument"),
            is_default=is_true(call, "SetAsDefault"),
            drops_oldest=call.get("RotateStrategy") == ROTATION,
        )
        return {"PolicyVersion": version_body(self._book.policy("Custom", name), version)}

    def list_policy_versions(self, call: Parameters) -> Body:
        """ListPolicyVersions."""
        policy = self._policy(call)
        lines = [version_body(policy, version) for version in policy.versions]
        return {"PolicyVersions": {"PolicyVersion": lines}}

    def get_policy_version(self, call: Parameters) -> Body:
        """GetPolicyVersion."""
        policy = self._policy(call)
        version = policy.version(required(call, "VersionId"))
        return {"PolicyVersion": version_body(policy, version)}

    def set_default_policy_version(self, call: Parameters) -> Body:
        """SetDefaultPolicyVersion."""
        self._book.set_default_version(required(call, "PolicyName"), required(call, "VersionId"))
        return {}

    def delete_policy_version(self, call: Parameters) -> Body:
        """DeletePolicyVersion."""
        self._book.delete_version(required(call, "PolicyName"), required(call, "VersionId"))
        return {}

    def _policy(self, call: Parameters) -> ManagedPolicy:
        return self._book.policy(policy_kind(call), required(call, "PolicyName"))

    def _body(self, policy: ManagedPolicy) -> Body:
        return policy_body(policy, attachment_count=len(self._book.holders(policy)))
