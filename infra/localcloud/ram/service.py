"""RAM 2015-05-01 on the wire: the roles and policies that `core.access` decides by.

Not here: users, groups, MFA, tags and deletion in cascades, which are refused as unknown actions
or not looked at.
"""

from __future__ import annotations

from collections.abc import Callable

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.entities import RoleBookRefused
from infra.localcloud.core.identities import ACCOUNT_ID
from infra.localcloud.core.rpc import RpcService
from infra.localcloud.core.signatures import (
    GatewayRefused,
    json_answer,
    new_request_id,
)
from infra.localcloud.core.wire import WireAnswer, WireRequest
from infra.localcloud.ram.calls import Body, Parameters
from infra.localcloud.ram.errors import error_answer
from infra.localcloud.ram.policies import PolicyOperations
from infra.localcloud.ram.roles import RoleOperations

Operation = Callable[[Parameters], Body]
# What these name does not exist yet, or is everything ("CreateRole": acs:ram:*:<account>:role/*).
_ABOUT_ALL = {
    "CreateRole": "role",
    "ListRoles": "role",
    "CreatePolicy": "policy",
    "ListPolicies": "policy",
}


class RamService(RpcService[Operation]):
    """The RAM of one cloud. What it keeps is the cloud's `access`."""

    name = "ram"
    version = "2015-05-01"

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        roles, policies = RoleOperations(cloud.access.book), PolicyOperations(cloud.access.book)
        self._operations = {
            "CreateRole": roles.create_role,
            "GetRole": roles.get_role,
            "ListRoles": roles.list_roles,
            "UpdateRole": roles.update_role,
            "DeleteRole": roles.delete_role,
            "CreatePolicy": policies.create_policy,
            "GetPolicy": policies.get_policy,
            "ListPolicies": policies.list_policies,
            "DeletePolicy": policies.delete_policy,
            "CreatePolicyVersion": policies.create_policy_version,
            "ListPolicyVersions": policies.list_policy_versions,
            "GetPolicyVersion": policies.get_policy_version,
            "SetDefaultPolicyVersion": policies.set_default_policy_version,
            "DeletePolicyVersion": policies.delete_policy_version,
            "AttachPolicyToRole": roles.attach_policy_to_role,
            "DetachPolicyFromRole": roles.detach_policy_from_role,
            "ListPoliciesForRole": roles.list_policies_for_role,
            "ListEntitiesForPolicy": roles.list_entities_for_policy,
        }

    def failure(self, request: WireRequest, code: str) -> WireAnswer:
        """RAM's own error, or the gateway's."""
        return error_answer(request, code)

    async def answer(self, request: WireRequest) -> WireAnswer:
        """Check, carry out, answer."""
        try:
            call = self.admit(request)
            resources = _resources(call.action, call.parameters)
            if not self.allows(request, call, "ram", resources):
                raise GatewayRefused("NoPermission")
            body = call.operation(call.parameters)
        except (GatewayRefused, RoleBookRefused) as refused:
            return error_answer(request, refused.code, refused.message)
        return json_answer(200, {"RequestId": new_request_id(), **body})

    def reset(self) -> None:
        """Go back to the roles that start-up gave, and forget the nonces."""
        self._cloud.access.reset()
        self._nonces.clear()

    def close(self) -> None:
        """Nothing is open."""


def _resources(action: str, call: Parameters) -> list[str]:
    """What a call is about. Inferred but for CreateRole: the pages have a name for each entity."""
    if action in _ABOUT_ALL:
        return [f"acs:ram::{ACCOUNT_ID}:{_ABOUT_ALL[action]}/*"]
    resources = []
    if "RoleName" in call:
        resources.append(f"acs:ram::{ACCOUNT_ID}:role/{call['RoleName']}")
    if "PolicyName" in call:
        owner = "system" if call.get("PolicyType") == "System" else ACCOUNT_ID
        resources.append(f"acs:ram::{owner}:policy/{call['PolicyName']}")
    return resources or ["*"]
