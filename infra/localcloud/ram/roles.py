"""The operations on roles, and on what is attached to them."""

from __future__ import annotations

from infra.localcloud.core.access import role_arn
from infra.localcloud.core.entities import SESSION_MIN_S, ManagedPolicy
from infra.localcloud.core.roles import RoleBook
from infra.localcloud.ram.calls import (
    Body,
    Parameters,
    date,
    page,
    policy_kind,
    required,
    role_body,
    role_line,
    whole_number,
)


class RoleOperations:
    """Raise RoleBookRefused and GatewayRefused."""

    def __init__(self, book: RoleBook) -> None:
        self._book = book

    def create_role(self, call: Parameters) -> Body:
        """CreateRole."""
        session_s = whole_number(call, "MaxSessionDuration")
        role = self._book.create_role(
            required(call, "RoleName"),
            trust=required(call, "AssumeRolePolicyDocument"),
            description=call.get("Description", ""),
            max_session_s=SESSION_MIN_S if session_s is None else session_s,
        )
        return {"Role": role_body(role)}

    def get_role(self, call: Parameters) -> Body:
        """GetRole."""
        return {"Role": role_body(self._book.role(required(call, "RoleName")))}

    def list_roles(self, call: Parameters) -> Body:
        """ListRoles."""
        roles, rest = page(self._book.roles(), call)
        return {"Roles": {"Role": [role_line(role) for role in roles]}, **rest}

    def update_role(self, call: Parameters) -> Body:
        """UpdateRole."""
        role = self._book.update_role(
            required(call, "RoleName"),
            trust=call.get("NewAssumeRolePolicyDocument"),
            description=call.get("NewDescription"),
            max_session_s=whole_number(call, "NewMaxSessionDuration"),
        )
        return {"Role": role_body(role)}

    def delete_role(self, call: Parameters) -> Body:
        """DeleteRole."""
        self._book.delete_role(required(call, "RoleName"))
        return {}

    def attach_policy_to_role(self, call: Parameters) -> Body:
        """AttachPolicyToRole."""
        self._book.attach(self._policy(call), required(call, "RoleName"))
        return {}

    def detach_policy_from_role(self, call: Parameters) -> Body:
        """DetachPolicyFromRole."""
        self._book.detach(self._policy(call), required(call, "RoleName"))
        return {}

    def list_policies_for_role(self, call: Parameters) -> Body:
        """ListPoliciesForRole."""
        attached = self._book.attached(required(call, "RoleName"))
        lines = [
            {
                "PolicyName": policy.name,
                "PolicyType": policy.kind,
                "Description": policy.description,
                "DefaultVersion": policy.default_id,
                "AttachDate": date(at_s),
            }
            for policy, at_s in attached
        ]
        return {"Policies": {"Policy": lines}}

    def list_entities_for_policy(self, call: Parameters) -> Body:
        """ListEntitiesForPolicy; there are no users and groups here."""
        lines = [
            {
                "RoleId": role.role_id,
                "RoleName": role.name,
                "Arn": role_arn(role.name),
                "Description": role.description,
                "AttachDate": date(at_s),
            }
            for role, at_s in self._book.holders(self._policy(call))
        ]
        return {"Roles": {"Role": lines}, "Users": {"User": []}, "Groups": {"Group": []}}

    def _policy(self, call: Parameters) -> ManagedPolicy:
        return self._book.policy(policy_kind(call), required(call, "PolicyName"))
