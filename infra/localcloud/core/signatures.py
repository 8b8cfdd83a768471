"""What Dysmsapi, STS and SMQ share on the wire: percent-encoding, HMACs, who signed, and the errors
of the API gateway that stands before the first two.

A text that does not decode strictly is refused: a signature over a repaired text proves nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from urllib.parse import quote, unquote_to_bytes

from infra.localcloud.core.identities import Identities, Identity
from infra.localcloud.core.wire import WireAnswer, WireRequest

Pairs = list[tuple[str, str]]

NONCES_KEPT = 50_000
PARAMETERS_LIMIT_BYTES = 4 * 1024 * 1024
"""More than any documented call can need (inferred: the vendor names no limit)."""

_GATEWAY_ERRORS: Mapping[str, tuple[int, str]] = {
    # Codes are the vendor's; of the statuses, those of the throttling codes are inferred.
    "InvalidTimeStamp.Format": (400, "Specified time stamp or date value is not well formatted."),
    "InvalidTimeStamp.Expired": (400, "Specified time stamp or date value is expired."),
    "SignatureNonceUsed": (400, "Specified signature nonce was used already."),
    "InvalidAccessKeyId.NotFound": (404, "Specified access key is not found."),
    "InvalidAccessKeyId.Inactive": (403, "Specified access key is disabled."),
    "MissingSecurityToken": (400, "SecurityToken is mandatory for this action."),
    "InvalidSecurityToken.Malformed": (400, "Specified SecurityToken is malformed."),
    "InvalidSecurityToken.Expired": (400, "Specified SecurityToken is expired."),
    "SignatureDoesNotMatch": (400, "Specified signature does not match our calculation."),
    "IncompleteSignature": (400, "The request signature does not conform to the standards."),
    "InvalidAction.NotFound": (
        404,
        "Specified api is not found, please check your url and method.",
    ),
    "InvalidParameter": (400, "The request could not be read."),
    "Forbidden.ResourceNotFound": (404, "Resource not found."),
    "EntityNotExist.Role": (404, "The specified Role not exists."),
    # The page "STS error codes"; each AuthenticationFail comes with its own text.
    "AuthenticationFail.NoPermission": (401, "There is no permission"),
    "AuthenticationFail.OIDCToken.AudienceNotMatch": (401, "Invalid audience."),
    "AuthenticationFail.OIDCToken.Expired": (401, "This JsonWebToken is expired."),
    "AuthenticationFail.OIDCToken.HttpsUrlInvalid": (
        401,
        "Invoke url failed due to certificate chain validation",
    ),
    "AuthenticationFail.OIDCToken.Invalid": (
        401,
        "The Jwt content is invalid that cannot be recognized.",
    ),
    "AuthenticationFail.OIDCToken.InvalidSignature": (
        401,
        "OIDC token validate failed: invalid signature.",
    ),
    "NoPermission": (403, "You are not authorized to do this action."),
    "Forbidden": (403, "You are not authorized to operate on the specified resource."),
    "Forbidden.RAM": (403, "User not authorized to operate on the specified resource."),
    "Throttling": (400, "Request was denied due to request throttling."),
    "Throttling.User": (400, "Request was denied due to user flow control."),
    "Throttling.Api": (400, "Request was denied due to api flow control."),
    "InternalError": (500, "The request processing has failed due to some unknown error."),
    "ServiceUnavailable": (
        503,
        "The request has failed due to a temporary failure of the server.",
    ),
}


class MalformedText(ValueError):
    """Bytes that are not percent-encoded UTF-8."""


class GatewayRefused(Exception):
    """A request that the gateway answers itself; `code` is the vendor's."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.message = message


class Nonces:
    """The nonces seen lately. The newest 50,000 are kept whatever the clock says, as it can be
    moved.
    """

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str], None] = OrderedDict()

    def spend(self, access_key_id: str, nonce: str) -> bool:
        """True the first time that this key brings this nonce."""
        key = (access_key_id, nonce)
        if key in self._seen:
            return False
        self._seen[key] = None
        if len(self._seen) > NONCES_KEPT:
            self._seen.popitem(last=False)
        return True

    def clear(self) -> None:
        """Forget every nonce."""
        self._seen.clear()


def percent_encode(text: str) -> str:
    """RFC 3986: letters, digits and `-_.~` stand, all else becomes `%XX` of its UTF-8 bytes."""
    return quote(text, safe="~")


def read_pairs(raw: str) -> Pairs:
    """The key-value pairs of a query or a form, decoded. Raises MalformedText."""
    pairs = []
    for field in raw.split("&"):
        if field:
            key, _, value = field.partition("=")
            pairs.append((_decode(key), _decode(value)))
    return pairs


def read_parameters(request: WireRequest) -> tuple[Pairs, Pairs]:
    """The parameters of an RPC-style call: those of the query and those of the form body.

    Raises GatewayRefused if they cannot be read.
    """
    content_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    is_form = content_type == "application/x-www-form-urlencoded"
    if len(request.body) + len(request.target) > PARAMETERS_LIMIT_BYTES:
        raise GatewayRefused("InvalidParameter", "The request is too large.")
    try:
        form = read_pairs(request.body.decode("utf-8")) if is_form else []
        return read_pairs(request.query), form
    except ValueError as error:  # MalformedText and UnicodeDecodeError are both ValueErrors
        raise GatewayRefused("InvalidParameter") from error


def canonical_pairs(pairs: Iterable[tuple[str, str]]) -> str:
    """The pairs sorted, encoded anew and joined, as both RPC signatures want them."""
    return "&".join(
        f"{percent_encode(key)}={percent_encode(value)}" for key, value in sorted(pairs)
    )


def hmac_sha1_base64(secret: str, text: str) -> str:
    """The base64 text of HMAC-SHA1, over UTF-8; a byte that a header smuggled in stays that
    byte.
    """
    digest = hmac.new(secret.encode(), text.encode("utf-8", "surrogateescape"), hashlib.sha1)
    return base64.b64encode(digest.digest()).decode()


def hmac_sha256_hex(secret: str, text: str) -> str:
    """The hexadecimal text of HMAC-SHA256, over UTF-8."""
    return hmac.new(
        secret.encode(), text.encode("utf-8", "surrogateescape"), hashlib.sha256
    ).hexdigest()


def is_same(given: str, expected: str) -> bool:
    """Compare two signatures in constant time."""
    return hmac.compare_digest(
        given.encode("utf-8", "surrogateescape"), expected.encode("utf-8", "surrogateescape")
    )


def find_signer(identities: Identities, access_key_id: str, token: str | None) -> Identity:
    """The live identity behind a key id and its token. Raises GatewayRefused; the signature is
    still to check.
    """
    identity = identities.find(access_key_id)
    if identity is None:
        raise GatewayRefused("InvalidAccessKeyId.NotFound")
    if identity.token and not token:
        raise GatewayRefused("MissingSecurityToken")
    if token and not is_same(token, identity.token):
        raise GatewayRefused("InvalidSecurityToken.Malformed")
    if identities.is_expired(identity):
        raise GatewayRefused("InvalidSecurityToken.Expired")
    return identity


def function_behind(identities: Identities, access_key_id: str) -> str:
    """The function whose session the key belongs to, unverified; "" if none."""
    identity = identities.find(access_key_id)
    return identity.function if identity else ""


def json_answer(status: int, body: Mapping[str, object]) -> WireAnswer:
    """A JSON answer, as the gateway sends it."""
    # A name or host that the client sent may hold bytes that are no text; they become "?".
    text = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    return WireAnswer(status, text, {"Content-Type": "application/json;charset=utf-8"})


def gateway_error(request: WireRequest, code: str, message: str = "") -> WireAnswer:
    """The gateway's answer for `code`; a code that is not in its table is a 400."""
    status, text = _GATEWAY_ERRORS.get(code, (400, "The request was refused."))
    return json_answer(
        status,
        {
            "RequestId": new_request_id(),
            "Message": message or text,
            "HostId": request.headers.get("Host", ""),
            "Code": code,
            "Recommend": f"https://api.aliyun.com/troubleshoot?q={percent_encode(code)}",
        },
    )


def new_request_id() -> str:
    """A request id in the vendor's form: an upper-case UUID."""
    return str(uuid.uuid4()).upper()


def _decode(text: str) -> str:
    raw = unquote_to_bytes(text.replace("+", " ").encode("utf-8", "surrogateescape"))
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedText("not percent-encoded UTF-8") from error
