"""Checks the `MNS key:signature` header of a request, as "Sign requests" of SMQ defines it.

The security token is not part of the signed text, so it is compared with the session's own.
"""

from __future__ import annotations

import base64
import calendar
import hashlib
import re
import time

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.identities import Identity
from infra.localcloud.core.signatures import hmac_sha1_base64, is_same
from infra.localcloud.core.wire import WireRequest
from infra.localcloud.smq.errors import SmqRefused

VERSION = "2015-06-06"
_AUTHORIZATION = re.compile(r"MNS ([^:\s]+):([A-Za-z0-9+/=]+)")


def key_id_of(request: WireRequest) -> str:
    """The access key id that the Authorization header names, unverified; "" if none."""
    match = _AUTHORIZATION.fullmatch(request.headers.get("Authorization", ""))
    return match[1] if match else ""


def verify(request: WireRequest, cloud: Cloud) -> Identity:
    """Who signed the request. Raises SmqRefused if nobody did, or its headers are not in order."""
    header = request.headers.get("Authorization")
    if not header:
        raise SmqRefused("MissingAuthorizationHeader")
    match = _AUTHORIZATION.fullmatch(header)
    if match is None:
        raise SmqRefused("InvalidAuthorizationHeader")
    if request.headers.get("x-mns-version") != VERSION:
        raise SmqRefused("InvalidArgument", f"The header x-mns-version should be {VERSION}.")
    _check_date(request, cloud)
    _check_digest(request)
    signer = _signer(match[1], request.headers.get("security-token", ""), cloud)
    expected = hmac_sha1_base64(signer.access_key_secret, _text_to_sign(request))
    if not is_same(match[2], expected):
        raise SmqRefused("SignatureDoesNotMatch")
    return signer


def _check_date(request: WireRequest, cloud: Cloud) -> None:
    text = request.headers.get("Date")
    if not text:
        raise SmqRefused("MissingDateHeader")
    try:
        date_s = calendar.timegm(time.strptime(text, "%a, %d %b %Y %H:%M:%S GMT"))
    except (ValueError, OverflowError) as error:
        raise SmqRefused("InvalidDateHeader") from error
    if cloud.clock.frame_of(date_s) is None:
        raise SmqRefused("TimeExpired")


def _check_digest(request: WireRequest) -> None:
    given = request.headers.get("Content-MD5")
    if given is None:
        return
    digest = hashlib.md5(request.body, usedforsecurity=False)
    # The SDK sends the base64 of the hexadecimal text, where RFC 1864 has that of the bytes.
    valid = (base64.b64encode(digest.digest()), base64.b64encode(digest.hexdigest().encode()))
    if given.encode("utf-8", "surrogateescape") not in valid:
        raise SmqRefused("InvalidDegist")


def _signer(access_key_id: str, token: str, cloud: Cloud) -> Identity:
    signer = cloud.identities.find(access_key_id)
    if signer is None:
        raise SmqRefused("InvalidAccessKeyId")
    # Inferred: the code. The page of error codes has none of its own for tokens.
    if not is_same(token, signer.token) or cloud.identities.is_expired(signer):
        raise SmqRefused("AccessDenied", "The security token is missing, wrong or expired.")
    return signer


def _text_to_sign(request: WireRequest) -> str:
    headers = request.headers
    own = sorted(
        (name.lower(), value)
        for name, value in headers.items()
        if name.lower().startswith("x-mns-")
    )
    return "".join(
        (
            f"{request.method}\n",
            f"{headers.get('Content-MD5', '')}\n",
            f"{headers.get('Content-Type', '')}\n",
            f"{headers.get('Date', '')}\n",
            *(f"{name}:{value}\n" for name, value in own),
            request.target,
        )
    )
