"""A client of Sesame's codes, by the standard library. One file, however long, to copy as it is.

    sesame = Sesame("https://otp.example.com", api_key)
    challenge = sesame.request_code("+8613800138000", "login", client_ip=request.remote_addr)
    verified = sesame.verify_code(challenge.challenge_id, typed)

A request goes out under an idempotency key, so that it is safely repeated: one message, whatever is
lost on the way. A guess is not repeated, as each one counts.

Tokens are checked offline, with PyJWT (`pip install "pyjwt[crypto]"`) if you hand it in:

    check = TokenVerifier(jwt, issuer="https://otp.example.com", tenant="shop", keys=sesame.keys)
    phone = check(token, challenge_id=session["challenge_id"])
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

Context = Mapping[str, "str | int | float | bool"]
Json = dict[str, Any]  # Any: JSON as it comes


class SesameError(Exception):
    """Whatever went wrong. code: stable, see the README; fields: what is wrong with which.

    request_id: what an operator finds the request by. retry_after_s: when to try again.
    """

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        status: int = 0,
        request_id: str = "",
        retry_after_s: float | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.status = status
        self.request_id = request_id
        self.retry_after_s = retry_after_s
        self.fields = fields or {}


class InvalidRequest(SesameError):
    """A field does not fit the contract."""


class PhoneInvalid(SesameError):
    """Not a mobile number that can receive an SMS."""


class Unauthenticated(SesameError):
    """The API key is not known, or revoked."""


class Forbidden(SesameError):
    """The API key may not do that."""


class DestinationNotAllowed(SesameError):
    """No messages go there."""


class CodeInvalid(SesameError):
    """Wrong, used, expired, of another context, or of no challenge: which is not told."""


class ChallengeInvalid(SesameError):
    """This challenge cannot be sent again: request a new code."""


class Throttled(SesameError):
    """Too many: wait for `retry_after_s`."""


class Unreachable(SesameError):
    """No answer, or one that is not Sesame's. What was asked for may have happened."""


class TokenInvalid(SesameError):
    """The token proves nothing."""


_KINDS: Mapping[str, type[SesameError]] = {
    "invalid_request": InvalidRequest,
    "phone_invalid": PhoneInvalid,
    "unauthenticated": Unauthenticated,
    "forbidden": Forbidden,
    "destination_not_allowed": DestinationNotAllowed,
    "otp_invalid": CodeInvalid,
    "challenge_invalid": ChallengeInvalid,
    "throttled": Throttled,
    "unreachable": Unreachable,
}
_AGAIN = {"store_unavailable", "provider_unavailable", "idempotency_in_progress", "unreachable"}
"""After these, the same request under the same key may succeed."""


@dataclass(frozen=True)
class Challenge:
    """A code that is under way. is_confirmed: False where it may arrive, and nobody is sure."""

    challenge_id: str
    expires_at: int
    expires_in_s: int
    resend_after_s: int
    code_length: int
    is_confirmed: bool = True


@dataclass(frozen=True)
class Verified:
    """The right code. token: for whoever must not take your word for it; if it was asked for."""

    challenge_id: str
    purpose: str
    context: Context = field(default_factory=dict)
    token: str | None = field(default=None, repr=False)
    token_expires_in_s: int | None = None


@dataclass(frozen=True)
class VerifiedPhone:
    """What a token proves. token_id: keep it until `expires_at` to take each token only once."""

    phone_number: str = field(repr=False)
    purpose: str
    challenge_id: str
    context: Context
    token_id: str
    expires_at: int


class _NoRedirects(HTTPRedirectHandler):
    """A redirection would carry the API key to another host."""

    def redirect_request(self, *_: object) -> None:
        return None


_OPENER = build_opener(_NoRedirects)


class Sesame:
    """One tenant's access. max_wait_s: longer waits than that are yours, by `retry_after_s`."""

    def __init__(
        self,
        url: str,
        api_key: str,
        *,
        timeout_s: float = 35.0,
        tries: int = 3,
        max_wait_s: float = 5.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url = url.rstrip("/")
        self._api_key = api_key
        self._timeout_s = timeout_s
        self._tries = tries
        self._max_wait_s = max_wait_s
        self._sleep = sleep

    def request_code(
        self,
        phone: str,
        purpose: str,
        *,
        challenge_id: str | None = None,
        locale: str | None = None,
        client_ip: str | None = None,
        device_id: str | None = None,
        context: Context | None = None,
        idempotency_key: str | None = None,
    ) -> Challenge:
        """Send a code; with `challenge_id`, the same challenge's once more.

        idempotency_key: yours, 1 to 255 visible characters, if the request may also be repeated by
        another process. Raises SesameError; Throttled where the wait is longer than max_wait_s.
        """
        client = {"ip": client_ip, "device_id": device_id}
        body = {
            "phone": phone,
            "purpose": purpose,
            "challenge_id": challenge_id,
            "locale": locale,
            "client": {name: value for name, value in client.items() if value is not None} or None,
            "context": dict(context) if context else None,
        }
        key = idempotency_key or secrets.token_urlsafe(24)
        quoted = key.replace("\\", "\\\\").replace('"', '\\"')
        answer = self._patiently("/v1/otp", body, {"Idempotency-Key": f'"{quoted}"'})
        return Challenge(
            challenge_id=answer["challenge_id"],
            expires_at=answer["expires_at"],
            expires_in_s=answer["expires_in_s"],
            resend_after_s=answer["resend_after_s"],
            code_length=answer["code_length"],
            is_confirmed=answer.get("delivery") != "unconfirmed",
        )

    def verify_code(
        self, challenge_id: str, code: str, *, context: Context | None = None, token: bool = False
    ) -> Verified:
        """Check a code, once. Raises CodeInvalid, SesameError."""
        body = {
            "challenge_id": challenge_id,
            "code": code,
            "context": dict(context) if context else None,
            "token": token or None,
        }
        answer = self._ask("POST", "/v1/otp/verify", body)
        return Verified(
            challenge_id=answer["challenge_id"],
            purpose=answer["purpose"],
            context=answer.get("context", {}),
            token=answer.get("token"),
            token_expires_in_s=answer.get("token_expires_in_s"),
        )

    def keys(self) -> Json:
        """The JWK Set that tokens are checked with. Raises SesameError."""
        return self._ask("GET", "/v1/jwks.json")

    def _patiently(self, path: str, body: Json, headers: Mapping[str, str]) -> Json:
        """The answer, after as many tries as it takes. Each wait is what the service asks for."""
        for tried in range(1, self._tries + 1):
            try:
                return self._ask("POST", path, body, headers)
            except SesameError as error:
                wait_s = 2.0 ** (tried - 1) if error.retry_after_s is None else error.retry_after_s
                is_worth_it = error.code in _AGAIN or isinstance(error, Throttled)
                if not is_worth_it or tried == self._tries or wait_s > self._max_wait_s:
                    raise
                self._sleep(wait_s)
        raise AssertionError("the last try returns or raises")

    def _ask(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Json:
        sent = {k: v for k, v in (body or {}).items() if v is not None}
        request = Request(
            self._url + path,
            data=json.dumps(sent).encode() if body is not None else None,
            method=method,
            headers={
                "Authorization": f"Bearer {self._api_key}",
                "Content-Type": "application/json",
                **(headers or {}),
            },
        )
        try:
            with _OPENER.open(request, timeout=self._timeout_s) as answer:
                return _object(answer.read())
        except HTTPError as refused:
            with refused:
                raise _error(refused) from None
        except (URLError, OSError, HTTPException, ValueError):
            # Their texts may quote what was sent.
            raise Unreachable("unreachable", f"no answer from {self._url}") from None


class TokenVerifier:
    """Checks tokens without asking the service, but for its keys now and then. Call it.

    jwt: the module PyJWT. issuer: OTP_TOKEN_ISSUER of the service. keys: fetches the JWK Set;
    `Sesame.keys`. It is asked again for a key that is not known, once a minute at most.
    """

    def __init__(
        self,
        jwt: Any,  # a module that this file does not need
        *,
        issuer: str,
        tenant: str,
        keys: Callable[[], Json],
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._jwt = jwt
        self._issuer = issuer
        self._tenant = tenant
        self._keys = keys
        self._now_s = now_s
        self._known: dict[str, Any] = {}  # Any: PyJWK
        self._asked_s: float | None = None

    def __call__(self, token: str, *, challenge_id: str | None = None) -> VerifiedPhone:
        """The phone that it proves. Raises TokenInvalid, SesameError from `keys`.

        challenge_id: the one that your session began; a token of another session is then refused.
        """
        try:
            key = self._key(str(self._jwt.get_unverified_header(token).get("kid")))
            claims = self._jwt.decode(
                token,
                key,
                algorithms=["EdDSA"],
                audience=self._tenant,
                issuer=self._issuer,
                options={"require": ["iss", "aud", "sub", "exp", "iat", "jti", "phone_number"]},
            )
        except self._jwt.PyJWTError as error:
            raise TokenInvalid("token_invalid", type(error).__name__) from None
        if claims.get("phone_number_verified") is not True:
            raise TokenInvalid("token_invalid", "it says of no phone that it is verified")
        if challenge_id is not None and claims["sub"] != challenge_id:
            raise TokenInvalid("token_invalid", "it is of another challenge")
        return VerifiedPhone(
            phone_number=claims["phone_number"],
            purpose=claims["purpose"],
            challenge_id=claims["sub"],
            context=claims.get("context", {}),
            token_id=claims["jti"],
            expires_at=claims["exp"],
        )

    def _key(self, kid: str) -> Any:  # Any: PyJWK
        now_s = self._now_s()
        is_due = self._asked_s is None or not 0 <= now_s - self._asked_s < 60
        if kid not in self._known and is_due:
            self._asked_s = now_s
            self._known = {str(each["kid"]): self._jwt.PyJWK(each) for each in self._keys()["keys"]}
        if kid not in self._known:
            raise TokenInvalid("token_invalid", "its key is not known")
        return self._known[kid]


def _object(raw: bytes) -> Json:
    data = json.loads(raw)
    if not isinstance(data, dict):
        raise ValueError("not a JSON object")
    return data


def _error(refused: HTTPError) -> SesameError:
    try:
        problem = _object(refused.read())
    except (ValueError, OSError):
        problem = {}
    code = str(problem.get("code") or "unreachable")
    wait = refused.headers.get("Retry-After", "")
    return _KINDS.get(code, SesameError)(
        code,
        str(problem.get("detail", "")),
        status=refused.code,
        request_id=str(problem.get("request_id", "")),
        retry_after_s=float(wait) if wait.isdecimal() else None,
        fields={str(e.get("field")): str(e.get("reason")) for e in problem.get("errors", [])},
    )
