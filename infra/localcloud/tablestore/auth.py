"""Who signed a request, and the signature that goes back with the answer.

Two versions of request signature are in use; the answer's is the same for both, made with the key
that signed the request. The client checks it on every success, and the date and the body's MD5 too.
"""

from __future__ import annotations

import base64
import calendar
import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.identities import Identity
from infra.localcloud.core.wire import WireRequest
from infra.localcloud.tablestore.errors import OtsError, invalid

_REQUIRED = (
    "x-ots-date",
    "x-ots-apiversion",
    "x-ots-accesskeyid",
    "x-ots-instancename",
    "x-ots-contentmd5",
)
_SIGNATURES = ("x-ots-signature", "x-ots-signaturev4")
_DATE_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(frozen=True, slots=True)
class Signer:
    """The key that signs an answer to one caller."""

    access_key_id: str
    key: bytes

    def authorization(self, path: str, headers: Mapping[str, str]) -> str:
        """The Authorization of an answer with these `x-ots-` headers."""
        text = f"{_canonical(headers)}\n{path}"
        digest = hmac.digest(self.key, text.encode("utf-8", "surrogateescape"), "sha1")
        return f"OTS {self.access_key_id}:{base64.b64encode(digest).decode()}"


class Authenticator:
    """Checks requests against one cloud's identities and clock."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def verify(self, request: WireRequest) -> Identity:
        """Who signed. Raises OtsError unless a known, live identity signed exactly this request,
        just now.
        """
        headers = request.headers
        for name in _REQUIRED:
            if name not in headers:
                raise invalid(f"Missing header: '{name}'.")
        if not any(name in headers for name in _SIGNATURES):
            raise invalid(f"Missing header: '{_SIGNATURES[0]}'.")
        date_s = _parse_date(headers["x-ots-date"])
        identity = self._cloud.identities.find(headers["x-ots-accesskeyid"])
        if identity is None:
            raise OtsError("OTSAuthFailed", "The AccessKeyID does not exist.")
        if not _is_same(_signature(request, identity), _given_signature(headers)):
            raise OtsError("OTSAuthFailed", "Signature mismatch.")
        self._check_token(identity, headers.get("x-ots-ststoken", ""))
        if self._cloud.clock.frame_of(date_s) is None:
            raise OtsError(
                "OTSAuthFailed",
                f"Mismatch between system time and x-ots-date: {headers['x-ots-date']}.",
            )
        if not _is_same(body_md5(request.body), headers["x-ots-contentmd5"]):
            raise OtsError(
                "OTSAuthFailed",
                "Mismatch between MD5 value of request body and x-ots-contentmd5 in header.",
            )
        return identity

    def signer(self, request: WireRequest) -> Signer | None:
        """The signer of the answer to whoever the request says it is from; None for a stranger."""
        identity = self._cloud.identities.find(request.headers.get("x-ots-accesskeyid", ""))
        if identity is None:
            return None
        return Signer(identity.access_key_id, _signing_key(request.headers, identity))

    def answer_date(self, request: WireRequest) -> str:
        """The time, in the frame of the clock that the request's date was read from."""
        try:
            frame_s = self._cloud.clock.frame_of(_parse_date(request.headers["x-ots-date"]))
        except (KeyError, OtsError):
            frame_s = None
        offset_s = self._cloud.clock.offset_s if frame_s is None else frame_s
        return _format_date(int(time.time() + offset_s))

    def _check_token(self, identity: Identity, token: str) -> None:
        # inferred: the vendor lists no texts for tokens
        if identity.token and not token:
            raise OtsError("OTSAuthFailed", "The security token is missing: x-ots-ststoken.")
        if not _is_same(identity.token, token):
            raise OtsError("OTSAuthFailed", "The security token does not match the AccessKeyID.")
        if self._cloud.identities.is_expired(identity):
            raise OtsError("OTSAuthFailed", "The security token has expired.")


def body_md5(body: bytes) -> str:
    """The body's MD5 as headers carry it."""
    return base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()


@lru_cache(maxsize=16)  # every request brings one, and each second has but one
def _format_date(date_s: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(date_s))


@lru_cache(maxsize=64)
def _parse_date(text: str) -> float:
    """UTC epoch seconds. Raises OtsError."""
    try:
        return float(calendar.timegm(datetime.strptime(text, _DATE_FORMAT).timetuple()))
    except ValueError:
        raise invalid(f"Invalid date format: {text}.") from None


def _given_signature(headers: Mapping[str, str]) -> str:
    return headers.get("x-ots-signaturev4") or headers.get("x-ots-signature") or ""


def _signature(request: WireRequest, identity: Identity) -> str:
    query = urlencode(sorted(parse_qsl(request.query)))
    text = f"{request.path}\n{request.method}\n{query}\n{_canonical(request.headers)}\n"
    algorithm = "sha1"
    if "x-ots-signaturev4" in request.headers:
        text, algorithm = text + "ots", "sha256"
    key = _signing_key(request.headers, identity)
    digest = hmac.digest(key, text.encode("utf-8", "surrogateescape"), algorithm)
    return base64.b64encode(digest).decode()


def _signing_key(headers: Mapping[str, str], identity: Identity) -> bytes:
    """The secret itself for version 2, a key derived from it for version 4."""
    if "x-ots-signaturev4" not in headers:
        return identity.access_key_secret.encode()
    return _derived_key(
        identity.access_key_secret,
        headers.get("x-ots-signdate", ""),
        headers.get("x-ots-signregion", ""),
    )


@lru_cache(maxsize=64)
def _derived_key(secret: str, date: str, region: str) -> bytes:
    key = ("aliyun_v4" + secret).encode()
    for part in (date, region, "ots", "aliyun_v4_request"):
        key = hmac.digest(key, part.encode("utf-8", "surrogateescape"), "sha256")
    return base64.b64encode(key)


def _canonical(headers: Mapping[str, str]) -> str:
    lines = [
        f"{name.lower()}:{value.strip()}"
        for name, value in headers.items()
        if name.lower().startswith("x-ots-") and name.lower() not in _SIGNATURES
    ]
    return "\n".join(sorted(lines))


def _is_same(one: str, other: str) -> bool:
    return hmac.compare_digest(
        one.encode("utf-8", "surrogateescape"), other.encode("utf-8", "surrogateescape")
    )
