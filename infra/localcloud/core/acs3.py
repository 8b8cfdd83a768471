"""Checks the ACS3-HMAC-SHA256 signature of a request, as "V3 request structure and signature" of
the OpenAPI documentation defines it.

The client's list of signed headers is honoured, because SDKs differ in what they sign; a minimum
set must be in it. The nonce is spent last, so that only a request that was truly signed uses one
up.
"""

from __future__ import annotations

import calendar
import hashlib
import re
import time
from dataclasses import dataclass

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.identities import Identity
from infra.localcloud.core.signatures import (
    GatewayRefused,
    Nonces,
    Pairs,
    canonical_pairs,
    find_signer,
    hmac_sha256_hex,
    is_same,
)
from infra.localcloud.core.wire import WireRequest

ALGORITHM = "ACS3-HMAC-SHA256"
TOKEN_HEADER = "x-acs-security-token"  # noqa: S105 - a header's name
_REQUIRED = {
    "host",
    "x-acs-action",
    "x-acs-version",
    "x-acs-date",
    "x-acs-signature-nonce",
    "x-acs-content-sha256",
}
_AUTHORIZATION = re.compile(
    rf"{ALGORITHM} Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{{64}})"
)


@dataclass(frozen=True, slots=True)
class Authorization:
    """The parts of the Authorization header, unverified."""

    access_key_id: str
    signed_headers: tuple[str, ...]
    signature: str


def read_authorization(request: WireRequest) -> Authorization | None:
    """The parsed Authorization header; None if there is none of this algorithm."""
    match = _AUTHORIZATION.fullmatch(request.headers.get("Authorization", ""))
    if match is None:
        return None
    return Authorization(match[1], tuple(match[2].split(";")), match[3])


def verify(request: WireRequest, query: Pairs, cloud: Cloud, nonces: Nonces) -> Identity:
    """Who signed the request. Raises GatewayRefused with the gateway's code if nobody did."""
    authorization = read_authorization(request)
    if authorization is None:
        raise GatewayRefused("IncompleteSignature", "The Authorization header is not ACS3's.")
    _check_headers(request, authorization)
    _check_date(request.headers["x-acs-date"], cloud)
    token = request.headers.get(TOKEN_HEADER)
    signer = find_signer(cloud.identities, authorization.access_key_id, token)
    text = f"{ALGORITHM}\n{_sha256_hex(_canonical_request(request, query, authorization))}"
    if not is_same(authorization.signature, hmac_sha256_hex(signer.access_key_secret, text)):
        raise GatewayRefused("SignatureDoesNotMatch")
    if not nonces.spend(signer.access_key_id, request.headers["x-acs-signature-nonce"]):
        raise GatewayRefused("SignatureNonceUsed")
    return signer


def _check_headers(request: WireRequest, authorization: Authorization) -> None:
    required = _REQUIRED | ({TOKEN_HEADER} if TOKEN_HEADER in request.headers else set())
    for name in sorted(required | set(authorization.signed_headers)):
        if not request.headers.get(name):
            raise GatewayRefused("IncompleteSignature", f"The header {name!r} is missing.")
        if name not in authorization.signed_headers:
            raise GatewayRefused("IncompleteSignature", f"The header {name!r} is not signed.")
    if request.headers["x-acs-content-sha256"] != hashlib.sha256(request.body).hexdigest():
        raise GatewayRefused("SignatureDoesNotMatch", "The body is not the one that was signed.")


def _check_date(text: str, cloud: Cloud) -> None:
    try:
        date_s = calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))
    except (ValueError, OverflowError) as error:
        raise GatewayRefused("InvalidTimeStamp.Format") from error
    if cloud.clock.frame_of(date_s) is None:
        raise GatewayRefused("InvalidTimeStamp.Expired")


def _canonical_request(request: WireRequest, query: Pairs, authorization: Authorization) -> str:
    headers = request.headers
    lines = [f"{name}:{headers[name].strip()}\n" for name in sorted(authorization.signed_headers)]
    return "\n".join(
        (
            request.method,
            request.path or "/",
            canonical_pairs(query),
            "".join(lines),
            ";".join(authorization.signed_headers),
            headers["x-acs-content-sha256"],
        )
    )


def _sha256_hex(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
