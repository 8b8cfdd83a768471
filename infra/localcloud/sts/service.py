"""STS 2015-04-01 on the wire: AssumeRole, AssumeRoleWithOIDC and GetCallerIdentity.

The one thing to know: a role that RAM knows is given to whom its trust policy names, the root key
as `acs:ram::<account>:root`, which the real service refuses outright. A role that RAM does not know
is given to whoever can sign, unless the cloud is strict about roles.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable

from infra.localcloud.core.access import role_arn
from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.entities import Role
from infra.localcloud.core.identities import ACCOUNT_ID
from infra.localcloud.core.policies import PolicyInvalid, parse_policy
from infra.localcloud.core.signatures import (
    GatewayRefused,
    function_behind,
    gateway_error,
    json_answer,
    new_request_id,
)
from infra.localcloud.core.wire import WireAnswer, WireRequest
from infra.localcloud.sts.callers import (
    Call,
    Callers,
    Parameters,
    action_of,
    key_id_of,
    read_unsigned,
    required,
)
from infra.localcloud.sts.oidc import believe

VERSION = "2015-04-01"
WITH_OIDC = "AssumeRoleWithOIDC"
DURATION_DEFAULT_S, DURATION_MIN_S, DURATION_MAX_S = 3600, 900, 43_200
POLICY_LIMIT = 2048
_ROLE_ARN = re.compile(r"acs:ram::([0-9]{1,20}):role/([A-Za-z0-9.\-]{1,64})", re.ASCII | re.I)
_SESSION_NAME = re.compile(r"[A-Za-z0-9.@\-_]{2,64}", re.ASCII)
_NOT_TRUSTED = (
    "No permission perform sts:AssumeRole on this Role. Maybe you are not authorized to perform "
    "sts:AssumeRole or the specified role does not trust you"
)


class StsService:
    """The token service of one cloud. Its sessions are the cloud's identities; it keeps nothing
    else.

    Sessions are gone after a restart, as if revoked; their holders assume the role again.
    """

    name = "sts"

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._callers = Callers(cloud)
        self._operations: dict[str, Callable[[Call], dict[str, object]]] = {
            "AssumeRole": self._assume_role,
            WITH_OIDC: lambda call: self._assume_role_with_oidc(call.parameters),
            "GetCallerIdentity": self._get_caller_identity,
        }

    def operation(self, request: WireRequest) -> str:
        """The action, from query, form or header."""
        return action_of(request)

    def caller(self, request: WireRequest) -> str:
        """The function whose session the access key id is of."""
        return function_behind(self._cloud.identities, key_id_of(request))

    def failure(self, request: WireRequest, code: str) -> WireAnswer:
        """The error as JSON, whatever Format asks for."""
        return gateway_error(request, code)

    async def answer(self, request: WireRequest) -> WireAnswer:
        """Check the signature, carry out, answer as JSON (the SDKs ask for no other format)."""
        try:
            # Its token is the caller's proof: AssumeRoleWithOIDC is not signed.
            if action_of(request) == WITH_OIDC:
                body = self._assume_role_with_oidc(read_unsigned(request))
            else:
                call = self._callers.verify(request)
                operation = self._operations.get(call.action)
                if operation is None or call.version != VERSION:
                    raise GatewayRefused("InvalidAction.NotFound")
                body = operation(call)
        except GatewayRefused as refused:
            return gateway_error(request, refused.code, refused.message)
        return json_answer(200, {"RequestId": new_request_id(), **body})

    def reset(self) -> None:
        """Forget the nonces and the identity providers. Sessions stay: warm function instances
        hold them.
        """
        self._callers.clear()
        self._cloud.identity_providers.clear()

    def close(self) -> None:
        """Nothing is open."""

    def _assume_role(self, call: Call) -> dict[str, object]:
        """A session for a role, its end told by the caller's own clock."""
        return self._session(
            call.parameters,
            lambda arn: self._may_assume(arn, call),
            function=call.signer.function,
            frame_s=call.frame_s,
        )

    def _assume_role_with_oidc(self, parameters: Parameters) -> dict[str, object]:
        """A session for a role that trusts an identity provider, for one of its users."""
        if parameters.get("Version") != VERSION:
            raise GatewayRefused("InvalidAction.NotFound")
        clock = self._cloud.clock
        token = believe(
            self._cloud.identity_providers,
            required(parameters, "OIDCProviderArn"),
            parameters.get("OIDCToken", "").strip(),
            now_s=clock.now_s(),
            host_now_s=clock.now_s() - clock.offset_s,
        )

        def may_assume(arn: str) -> Role:
            role = self._cloud.access.find_role(arn)
            if role is None:
                raise GatewayRefused("EntityNotExist.Role")
            if not self._cloud.access.trusts_federated(role, token.provider.arn, token.facts):
                raise GatewayRefused("AuthenticationFail.NoPermission")
            return role

        date = parameters.get("Timestamp")
        frame_s = self._callers.frame_of(date) if date else clock.offset_s
        session = self._session(parameters, may_assume, function="", frame_s=frame_s)
        return {**session, "OIDCTokenInfo": token.as_json()}

    def _session(
        self,
        parameters: Parameters,
        may_assume: Callable[[str], Role | None],
        *,
        function: str,
        frame_s: float,
    ) -> dict[str, object]:
        role = _ROLE_ARN.fullmatch(required(parameters, "RoleArn"))
        if role is None:
            raise _malformed("RoleArn")
        session_name = required(parameters, "RoleSessionName")
        if not _SESSION_NAME.fullmatch(session_name):
            raise _malformed("RoleSessionName")
        known = may_assume(role[0])
        longest_s = known.max_session_s if known else DURATION_MAX_S
        session = self._cloud.identities.issue_session(
            role=role[0],
            session_name=session_name,
            duration_s=_duration_s(parameters.get("DurationSeconds", ""), longest_s),
            function=function,
            policy=_session_policy(parameters.get("Policy", ""), is_read=known is not None),
        )
        assert session.expires_at is not None
        expires_at = session.expires_at - self._cloud.clock.offset_s + frame_s
        return {
            "AssumedRoleUser": {
                "Arn": f"{role[0]}/{session_name}",
                "AssumedRoleId": f"{self._role_id(role[0])}:{session_name}",
            },
            "Credentials": {
                "AccessKeyId": session.access_key_id,
                "AccessKeySecret": session.access_key_secret,
                "SecurityToken": session.token,
                "Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(expires_at)),
            },
        }

    def _may_assume(self, arn: str, call: Call) -> Role | None:
        """The role if RAM knows it. Raises GatewayRefused unless the caller may assume it."""
        access = self._cloud.access
        role = access.find_role(arn)
        if access.is_gone(arn):
            raise GatewayRefused("EntityNotExist.Role")
        name = role_arn(role.name) if role else arn
        may_ask = access.allows(call.signer, "sts:AssumeRole", [name], source_ip=call.source_ip)
        is_trusted = role is None or access.trusts(
            role,
            call.signer,
            source_ip=call.source_ip,
            external_id=call.parameters.get("ExternalId", ""),
        )
        if not (may_ask and is_trusted):
            raise GatewayRefused("NoPermission", _NOT_TRUSTED)
        return role

    def _role_id(self, arn: str) -> str:
        role = self._cloud.access.find_role(arn)
        return role.role_id if role else _stable_id(arn)

    def _get_caller_identity(self, call: Call) -> dict[str, object]:
        """The account, or the session of a role, behind the signature."""
        signer = call.signer
        role = _ROLE_ARN.fullmatch(signer.role)
        if not signer.token:
            return {
                "IdentityType": "Account",
                "AccountId": ACCOUNT_ID,
                "PrincipalId": ACCOUNT_ID,
                "UserId": ACCOUNT_ID,
                "Arn": f"acs:ram::{ACCOUNT_ID}:root",
            }
        account, name = (role[1], role[2]) if role else (ACCOUNT_ID, signer.role)
        role_id = self._role_id(signer.role)
        return {
            "IdentityType": "AssumedRoleUser",
            "AccountId": account,
            "PrincipalId": f"{role_id}:{signer.session_name}",
            "RoleId": role_id,
            "Arn": f"acs:ram::{account}:assumed-role/{name}/{signer.session_name}",
        }


def _malformed(name: str) -> GatewayRefused:
    return GatewayRefused(f"InvalidParameter.{name}", f"The parameter {name} is wrongly formed.")


def _duration_s(text: str, longest_s: int) -> int:
    if not text:
        return DURATION_DEFAULT_S
    is_whole = re.fullmatch(r"[0-9]{1,9}", text, re.ASCII)
    if not is_whole or not DURATION_MIN_S <= int(text) <= longest_s:
        raise _malformed("DurationSeconds")
    return int(text)


def _bad_policy() -> GatewayRefused:
    return GatewayRefused(
        "InvalidParameter.PolicyGrammar", "The parameter Policy has not passed grammar check."
    )


def _session_policy(text: str, *, is_read: bool) -> str:
    """The limit of a session. For a role outside of RAM any JSON object will do, and limits
    nothing unless it is a policy.
    """
    if not text:
        return ""
    try:
        policy = json.loads(text)
    except (ValueError, RecursionError):
        policy = None
    if len(text) > POLICY_LIMIT or not isinstance(policy, dict):
        raise _bad_policy()
    try:
        parse_policy(text)
    except PolicyInvalid:
        if is_read:
            raise _bad_policy() from None
        return ""
    return text


def _stable_id(role: str) -> str:
    """A stable number in the place of the one that RAM gives a role."""
    return "3" + str(int(hashlib.sha256(role.encode()).hexdigest(), 16))[:17]
