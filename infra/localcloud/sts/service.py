"""STS 2015-04-01 on the wire: AssumeRole and GetCallerIdentity behind the RPC signature, version 1.

The one thing to know: every role of every account can be assumed by whoever can sign, the root key
included, which the real service refuses. Who may assume what is RAM's business, and there is no RAM
here.
"""

from __future__ import annotations

import calendar
import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.identities import ACCOUNT_ID, Identity
from infra.localcloud.core.signatures import (
    GatewayRefused,
    Nonces,
    canonical_pairs,
    find_signer,
    function_behind,
    gateway_error,
    hmac_sha1_base64,
    is_same,
    json_answer,
    new_request_id,
    percent_encode,
    read_parameters,
)
from infra.localcloud.core.wire import WireAnswer, WireRequest

VERSION = "2015-04-01"
DURATION_DEFAULT_S, DURATION_MIN_S, DURATION_MAX_S = 3600, 900, 43_200
POLICY_LIMIT = 2048
_ACTION = re.compile(r"[A-Za-z]{1,64}", re.ASCII)
_ROLE_ARN = re.compile(r"acs:ram::([0-9]{1,20}):role/([A-Za-z0-9.\-]{1,64})", re.ASCII | re.I)
_SESSION_NAME = re.compile(r"[A-Za-z0-9.@\-_]{2,64}", re.ASCII)
_COMMON = (
    "Version",
    "Timestamp",
    "SignatureNonce",
    "SignatureMethod",
    "SignatureVersion",
    "AccessKeyId",
    "Signature",
)

Parameters = Mapping[str, str]


class StsService:
    """The token service of one cloud. Its sessions are the cloud's identities; it keeps nothing
    else.

    Sessions are gone after a restart, as if revoked; their holders assume the role again.
    """

    name = "sts"

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._nonces = Nonces()
        self._operations: dict[str, Callable[[Parameters, Identity, float], dict[str, object]]] = {
            "AssumeRole": self._assume_role,
            "GetCallerIdentity": self._get_caller_identity,
        }

    def operation(self, request: WireRequest) -> str:
        """The Action parameter, from query or form."""
        action = _unverified(request, "Action")
        return action if _ACTION.fullmatch(action) else "?"

    def caller(self, request: WireRequest) -> str:
        """The function whose session the AccessKeyId parameter names."""
        return function_behind(self._cloud.identities, _unverified(request, "AccessKeyId"))

    def failure(self, request: WireRequest, code: str) -> WireAnswer:
        """The error as JSON, whatever Format asks for."""
        return gateway_error(request, code)

    async def answer(self, request: WireRequest) -> WireAnswer:
        """Check the signature, carry out, answer as JSON (the SDKs ask for no other format)."""
        try:
            query, form = read_parameters(request)
            parameters = dict(query + form)
            signer, frame_s = self._verify(request.method, parameters)
            operation = self._operations.get(parameters.get("Action", ""))
            if operation is None or parameters["Version"] != VERSION:
                raise GatewayRefused("InvalidAction.NotFound")
            body = operation(parameters, signer, frame_s)
        except GatewayRefused as refused:
            return gateway_error(request, refused.code, refused.message)
        return json_answer(200, {"RequestId": new_request_id(), **body})

    def reset(self) -> None:
        """Forget the nonces. Sessions stay: warm function instances hold them."""
        self._nonces.clear()

    def close(self) -> None:
        """Nothing is open."""

    def _verify(self, method: str, parameters: Parameters) -> tuple[Identity, float]:
        """Who signed, and the offset of the clock that the signer reads."""
        for name in _COMMON:
            _required(parameters, name)
        if (parameters["SignatureMethod"], parameters["SignatureVersion"]) != ("HMAC-SHA1", "1.0"):
            raise GatewayRefused("IncompleteSignature", "HMAC-SHA1, version 1.0, is spoken here.")
        frame_s = self._frame_of(parameters["Timestamp"])
        key_id = parameters["AccessKeyId"]
        signer = find_signer(self._cloud.identities, key_id, parameters.get("SecurityToken"))
        signed = ((key, value) for key, value in parameters.items() if key != "Signature")
        text = f"{method}&%2F&{percent_encode(canonical_pairs(signed))}"
        expected = hmac_sha1_base64(signer.access_key_secret + "&", text)
        if not is_same(parameters["Signature"], expected):
            raise GatewayRefused("SignatureDoesNotMatch")
        if not self._nonces.spend(key_id, parameters["SignatureNonce"]):
            raise GatewayRefused("SignatureNonceUsed")
        return signer, frame_s

    def _frame_of(self, text: str) -> float:
        try:
            date_s = calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))
        except (ValueError, OverflowError) as error:
            raise GatewayRefused("InvalidTimeStamp.Format") from error
        frame_s = self._cloud.clock.frame_of(date_s)
        if frame_s is None:
            raise GatewayRefused("InvalidTimeStamp.Expired")
        return frame_s

    def _assume_role(
        self, parameters: Parameters, signer: Identity, frame_s: float
    ) -> dict[str, object]:
        """A session for a role, its end told by the caller's own clock."""
        role = _ROLE_ARN.fullmatch(_required(parameters, "RoleArn"))
        if role is None:
            raise _malformed("RoleArn")
        session_name = _required(parameters, "RoleSessionName")
        if not _SESSION_NAME.fullmatch(session_name):
            raise _malformed("RoleSessionName")
        _check_policy(parameters.get("Policy", ""))
        session = self._cloud.identities.issue_session(
            role=role[0],
            session_name=session_name,
            duration_s=_duration_s(parameters.get("DurationSeconds", "")),
            function=signer.function,
        )
        assert session.expires_at is not None
        expires_at = session.expires_at - self._cloud.clock.offset_s + frame_s
        return {
            "AssumedRoleUser": {
                "Arn": f"{role[0]}/{session_name}",
                "AssumedRoleId": f"{_role_id(role[0])}:{session_name}",
            },
            "Credentials": {
                "AccessKeyId": session.access_key_id,
                "AccessKeySecret": session.access_key_secret,
                "SecurityToken": session.token,
                "Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(expires_at)),
            },
        }

    def _get_caller_identity(
        self, _parameters: Parameters, signer: Identity, _frame_s: float
    ) -> dict[str, object]:
        """The account, or the session of a role, behind the signature."""
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
        role_id = _role_id(signer.role)
        return {
            "IdentityType": "AssumedRoleUser",
            "AccountId": account,
            "PrincipalId": f"{role_id}:{signer.session_name}",
            "RoleId": role_id,
            "Arn": f"acs:ram::{account}:assumed-role/{name}/{signer.session_name}",
        }


def _unverified(request: WireRequest, name: str) -> str:
    try:
        query, form = read_parameters(request)
    except GatewayRefused:
        return ""
    return dict(query + form).get(name, "")


def _required(parameters: Parameters, name: str) -> str:
    text = parameters.get(name, "")
    if not text:
        raise GatewayRefused(f"Missing{name}", f"{name} is mandatory for this action.")
    return text


def _malformed(name: str) -> GatewayRefused:
    return GatewayRefused(f"InvalidParameter.{name}", f"The parameter {name} is wrongly formed.")


def _duration_s(text: str) -> int:
    if not text:
        return DURATION_DEFAULT_S
    is_whole = re.fullmatch(r"[0-9]{1,9}", text, re.ASCII)
    if not is_whole or not DURATION_MIN_S <= int(text) <= DURATION_MAX_S:
        raise _malformed("DurationSeconds")
    return int(text)


def _check_policy(text: str) -> None:
    if not text:
        return
    try:
        policy = json.loads(text)
    except (ValueError, RecursionError):
        policy = None
    if len(text) > POLICY_LIMIT or not isinstance(policy, dict):
        raise GatewayRefused(
            "InvalidParameter.PolicyGrammar", "The parameter Policy has not passed grammar check."
        )


def _role_id(role: str) -> str:
    """A stable number in the place of the one that RAM gives a role."""
    return "3" + str(int(hashlib.sha256(role.encode()).hexdigest(), 16))[:17]
