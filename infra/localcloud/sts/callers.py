"""Who calls STS, by either signature in use: that of RPC requests, version 1, in the parameters
(the SDKs' credential providers), or ACS3 in the headers (the SDK of STS itself).
"""

from __future__ import annotations

import calendar
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

from infra.localcloud.core import acs3
from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.identities import Identity
from infra.localcloud.core.signatures import (
    GatewayRefused,
    Nonces,
    canonical_pairs,
    find_signer,
    hmac_sha1_base64,
    is_same,
    percent_encode,
    read_parameters,
)
from infra.localcloud.core.wire import WireRequest

Parameters = Mapping[str, str]

_ACTION = re.compile(r"[A-Za-z]{1,64}", re.ASCII)
_COMMON = (
    "Version",
    "Timestamp",
    "SignatureNonce",
    "SignatureMethod",
    "SignatureVersion",
    "AccessKeyId",
    "Signature",
)


@dataclass(frozen=True, slots=True)
class Call:
    """A call that was let in. `frame_s` is the offset of the clock that the signer reads."""

    action: str
    version: str
    parameters: Parameters
    signer: Identity
    frame_s: float
    source_ip: str


class Callers:
    """Tells who calls one cloud's STS."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._nonces = Nonces()

    def verify(self, request: WireRequest) -> Call:
        """The call, once its signature is checked. Raises GatewayRefused."""
        query, form = read_parameters(request)
        parameters = dict(query + form)
        if not _is_acs3(request):
            signer, frame_s = self._verify_rpc(request.method, parameters)
            action, version = parameters.get("Action", ""), parameters["Version"]
        else:
            signer = acs3.verify(request, query, self._cloud, self._nonces)
            headers = request.headers
            frame_s = self.frame_of(headers["x-acs-date"])
            action, version = headers["x-acs-action"], headers["x-acs-version"]
        return Call(action, version, parameters, signer, frame_s, request.peer_ip)

    def clear(self) -> None:
        """Forget the nonces."""
        self._nonces.clear()

    def _verify_rpc(self, method: str, parameters: Parameters) -> tuple[Identity, float]:
        for name in _COMMON:
            required(parameters, name)
        if (parameters["SignatureMethod"], parameters["SignatureVersion"]) != ("HMAC-SHA1", "1.0"):
            raise GatewayRefused("IncompleteSignature", "HMAC-SHA1, version 1.0, is spoken here.")
        frame_s = self.frame_of(parameters["Timestamp"])
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

    def frame_of(self, text: str) -> float:
        """The offset of the clock that a request's date was read from. Raises GatewayRefused."""
        try:
            date_s = calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))
        except (ValueError, OverflowError) as error:
            raise GatewayRefused("InvalidTimeStamp.Format") from error
        frame_s = self._cloud.clock.frame_of(date_s)
        if frame_s is None:
            raise GatewayRefused("InvalidTimeStamp.Expired")
        return frame_s


def action_of(request: WireRequest) -> str:
    """The action that a request names, unverified; "?" if it names none."""
    action = request.headers.get("x-acs-action", "")
    if not _is_acs3(request):
        action = _parameter(request, "Action")
    return action if _ACTION.fullmatch(action) else "?"


def read_unsigned(request: WireRequest) -> Parameters:
    """The parameters of a call that needs no signature, in the style of either. Raises
    GatewayRefused.
    """
    query, form = read_parameters(request)
    version = request.headers.get("x-acs-version")
    return {**dict(query + form), **({"Version": version} if version else {})}


def key_id_of(request: WireRequest) -> str:
    """The access key id that a request names, unverified; "" if none."""
    if not _is_acs3(request):
        return _parameter(request, "AccessKeyId")
    authorization = acs3.read_authorization(request)
    return authorization.access_key_id if authorization else ""


def required(parameters: Parameters, name: str) -> str:
    """A parameter that must be there. Raises GatewayRefused."""
    text = parameters.get(name, "")
    if not text:
        raise GatewayRefused(f"Missing{name}", f"{name} is mandatory for this action.")
    return text


def _is_acs3(request: WireRequest) -> bool:
    return "x-acs-action" in request.headers


def _parameter(request: WireRequest, name: str) -> str:
    try:
        query, form = read_parameters(request)
    except GatewayRefused:
        return ""
    return dict(query + form).get(name, "")
