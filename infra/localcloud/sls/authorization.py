"""Checks who signed a request: `LOG key:signature` (V1) and `SLS4-HMAC-SHA256 ...` (V4).

Both as the SDK's gateway (alibabacloud_gateway_sls 0.4.2) computes them. V1 signs the path and the
query in the clear; so does that gateway under V4, for the path alone.
"""

from __future__ import annotations

import base64
import calendar
import hashlib
import hmac
import re
import time

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.identities import Identity
from infra.localcloud.core.signatures import is_same, percent_encode
from infra.localcloud.core.wire import WireRequest
from infra.localcloud.sls.errors import SlsRefused
from infra.localcloud.sls.routes import Target

API_VERSION = "0.6.0"
_V1 = re.compile(r"LOG ([^:\s]+):([A-Za-z0-9+/=]+)")
_V4 = re.compile(
    r"SLS4-HMAC-SHA256 Credential=([^/\s]+)/(\d{8}/[a-z0-9-]+/sls/aliyun_v4_request),"
    r"Signature=([0-9a-f]{64})"
)
_HASHES = {"hmac-sha1": hashlib.sha1, "hmac-sha256": hashlib.sha256}


def key_id_of(request: WireRequest) -> str:
    """The access key id that the Authorization header names, unverified; "" if none."""
    header = request.headers.get("Authorization", "")
    match = _V1.fullmatch(header) or _V4.fullmatch(header)
    return match[1] if match else ""


def verify(request: WireRequest, target: Target, cloud: Cloud) -> Identity:
    """Who signed the request. Raises SlsRefused if nobody did, or its headers are not in order."""
    header = request.headers.get("Authorization", "")
    v1, v4 = _V1.fullmatch(header), _V4.fullmatch(header)
    if v1 is None and v4 is None:
        raise SlsRefused(
            "ParameterInvalid", "Http extend authorization : authorization pair is invalid."
        )
    if not request.headers.get("x-log-apiversion"):
        raise SlsRefused("MissingAPIVersion")
    _check_date(request, is_v4=v4 is not None, cloud=cloud)
    token = request.headers.get("x-acs-security-token", "")
    signer = _signer(key_id_of(request), token, cloud)
    if v1 is not None:
        _check_digest(request)
        is_valid = is_same(v1[2], _v1_signature(request, target, signer.access_key_secret))
    else:
        assert v4 is not None
        _check_content_hash(request)
        is_valid = is_same(v4[3], _v4_signature(request, target, v4[2], signer.access_key_secret))
    if not is_valid:
        raise SlsRefused("SignatureNotMatch")
    return signer


def _check_date(request: WireRequest, *, is_v4: bool, cloud: Cloud) -> None:
    text = request.headers.get("x-log-date" if is_v4 else "Date")
    if not text:
        raise SlsRefused("MissingDate")
    layout = "%Y%m%dT%H%M%SZ" if is_v4 else "%a, %d %b %Y %H:%M:%S GMT"
    try:
        date_s = calendar.timegm(time.strptime(text, layout))
    except (ValueError, OverflowError) as error:
        raise SlsRefused("InvalidRequestTime") from error
    if cloud.clock.frame_of(date_s) is None:
        raise SlsRefused("RequestTimeExpired")


def _signer(access_key_id: str, token: str, cloud: Cloud) -> Identity:
    signer = cloud.identities.find(access_key_id)
    if signer is None:
        raise SlsRefused("Unauthorized", f"AccessKeyId not found: {access_key_id}")
    if not is_same(token, signer.token):
        raise SlsRefused("Unauthorized", "The security token you provided is invalid.")
    if cloud.identities.is_expired(signer):
        raise SlsRefused("Unauthorized", "The security token you provided has expired.")
    return signer


def _check_digest(request: WireRequest) -> None:
    given = request.headers.get("Content-MD5", "")
    if (given or request.body) and not is_same(
        given.upper(), hashlib.md5(request.body, usedforsecurity=False).hexdigest().upper()
    ):
        raise SlsRefused("Md5NotMatch")


def _check_content_hash(request: WireRequest) -> None:
    given = request.headers.get("x-log-content-sha256", "")
    if not is_same(given, hashlib.sha256(request.body).hexdigest()):
        raise SlsRefused("SignatureNotMatch")


def _own_headers(request: WireRequest) -> dict[str, str]:
    return {
        name.lower(): value
        for name, value in request.headers.items()
        if name.lower().startswith(("x-log-", "x-acs-"))
    }


def _v1_signature(request: WireRequest, target: Target, secret: str) -> str:
    method = _HASHES.get(request.headers.get("x-log-signaturemethod", ""))
    if method is None:
        raise SlsRefused("ParameterInvalid", "x-log-signaturemethod is unsupported")
    headers = request.headers
    own = "".join(f"{name}:{value}\n" for name, value in sorted(_own_headers(request).items()))
    query = "&".join(f"{name}={value}" for name, value in sorted(target.query.items()))
    text = (
        f"{request.method}\n{headers.get('Content-MD5', '')}\n{headers.get('Content-Type', '')}\n"
        f"{headers.get('Date', '')}\n{own}{target.path}{'?' if query else ''}{query}"
    )
    digest = hmac.new(secret.encode(), text.encode("utf-8", "surrogateescape"), method).digest()
    return base64.b64encode(digest).decode()


def _v4_signature(request: WireRequest, target: Target, scope: str, secret: str) -> str:
    signed = _own_headers(request)
    signed["host"] = request.headers.get("Host", "")
    signed["content-type"] = request.headers.get("Content-Type", "")
    names = ";".join(sorted(signed))
    query = "&".join(
        f"{name}={percent_encode(value)}" if value else name
        for name, value in sorted(target.query.items())
    )
    canonical = "\n".join(
        (
            request.method,
            target.path,
            query,
            "".join(f"{name}:{value.strip()}\n" for name, value in sorted(signed.items())),
            names,
            request.headers.get("x-log-content-sha256", ""),
        )
    )
    digest = hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()
    text = f"SLS4-HMAC-SHA256\n{request.headers.get('x-log-date', '')}\n{scope}\n{digest}"
    key = f"aliyun_v4{secret}".encode()
    for part in (*scope.split("/"), text):
        key = hmac.new(key, part.encode("utf-8", "surrogateescape"), hashlib.sha256).digest()
    return key.hex()
