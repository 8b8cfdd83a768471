"""The two older signatures that a deployment brings beside ACS3: Function Compute's own of
2016-08-15, for the token of the temporary bucket, and OSS's of version 1, for the upload.

Read in the official Node.js clients (fc2, ali-oss), which the fc3 component uses.
"""

from __future__ import annotations

import base64
import calendar
import hashlib
import hmac
import re
from collections.abc import Callable
from email.utils import parsedate
from urllib.parse import unquote

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.identities import Identity
from infra.localcloud.core.signatures import hmac_sha1_base64, is_same
from infra.localcloud.core.wire import WireRequest
from infra.localcloud.fcapi.errors import FcRefused

_AUTHORIZATION = re.compile(r"(FC|OSS) ([^:\s]+):([A-Za-z0-9+/=]+)")
FC_TOKEN = "x-fc-security-token"  # noqa: S105 - a header's name
OSS_TOKEN = "x-oss-security-token"  # noqa: S105 - a header's name


def access_key_of(request: WireRequest) -> str:
    """The access key id that the request names, unverified; "" if none."""
    match = _AUTHORIZATION.fullmatch(request.headers.get("Authorization", ""))
    return match[2] if match else ""


def verify_fc(request: WireRequest, cloud: Cloud) -> Identity:
    """Who signed a request of version 2016-08-15. Raises FcRefused."""
    text = f"{_head(request, 'Date')}\n{_own_headers(request, 'x-fc-')}{unquote(request.path)}"

    def sign(secret: str) -> str:
        digest = hmac.new(secret.encode(), text.encode("utf-8", "replace"), hashlib.sha256)
        return base64.b64encode(digest.digest()).decode()

    return _signer(request, cloud, sign=sign, scheme="FC", token=FC_TOKEN, date="Date")


def verify_oss(request: WireRequest, cloud: Cloud, *, resource: str) -> Identity:
    """Who signed a request to OSS. resource: `/bucket/object`. Raises FcRefused."""
    date = "x-oss-date" if "x-oss-date" in request.headers else "Date"
    text = f"{_head(request, date)}\n{_own_headers(request, 'x-oss-')}{resource}"

    def sign(secret: str) -> str:
        return hmac_sha1_base64(secret, text)

    return _signer(request, cloud, sign=sign, scheme="OSS", token=OSS_TOKEN, date=date)


def _head(request: WireRequest, date: str) -> str:
    headers = request.headers
    parts = (headers.get("Content-MD5", ""), headers.get("Content-Type", ""), headers.get(date, ""))
    return "\n".join((request.method, *parts))


def _own_headers(request: WireRequest, prefix: str) -> str:
    own = sorted(
        (name.lower(), value.strip())
        for name, value in request.headers.items()
        if name.lower().startswith(prefix)
    )
    return "".join(f"{name}:{value}\n" for name, value in own)


def _signer(
    request: WireRequest,
    cloud: Cloud,
    *,
    sign: Callable[[str], str],
    scheme: str,
    token: str,
    date: str,
) -> Identity:
    match = _AUTHORIZATION.fullmatch(request.headers.get("Authorization", ""))
    if match is None or match[1] != scheme:
        raise FcRefused(
            "MissingRequiredHeader", "required HTTP header Authorization was not specified"
        )
    moment = parsedate(request.headers.get(date, ""))
    if moment is None or cloud.clock.frame_of(calendar.timegm(moment)) is None:
        raise FcRefused(
            "AccessDenied", "the request's date is not within 15 minutes of the server's"
        )
    signer = cloud.identities.find(match[2])
    given = request.headers.get(token, "")
    if signer is None or not is_same(given, signer.token):
        raise FcRefused("InvalidAccessKeyID", f"invalid access key ID '{match[2]}'")
    if cloud.identities.is_expired(signer):
        raise FcRefused("AccessDenied", "the security token has expired")
    if not is_same(match[3], sign(signer.access_key_secret)):
        raise FcRefused(
            "SignatureNotMatch",
            "The request signature we calculated does not match the signature you provided. "
            "Check your access key and signing method",
        )
    return signer
