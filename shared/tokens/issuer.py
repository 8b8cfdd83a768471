"""Tokens of verified phones: JWTs that live for minutes.

The person's device carries the answer of verify to its backend, and may claim anything on the way.
A token it cannot make: the backend checks our signature against /v1/jwks.json, and reads there who
was verified, for which tenant and for what. A JWT in its compact form (RFC 7515 section 3.1) is a
few lines; a library for it would be a cold start's price on every verify.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from shared.clock import Clock
from shared.ids import RandomBytes
from shared.phone import PhoneNumber

TOKEN_TTL_S = 300
"""Long enough to reach the tenant's backend, and too short to be worth keeping."""

_ID_BYTES = 16


@dataclass(frozen=True, slots=True, repr=False)
class PhoneProof:
    """What a token says. context: what was bound to the code, and so was proven with it."""

    tenant: str
    challenge_id: str
    phone: PhoneNumber
    purpose: str
    context: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """A signed token. Whoever holds it can show it: it is never logged."""

    text: str
    expires_in_s: int


class Signer(Protocol):
    """Signs under one key."""

    @property
    def kid(self) -> str:
        """The key's name in the set that is published."""

    def sign(self, message: bytes) -> bytes:
        """The signature of `message`, as the algorithm EdDSA of RFC 8037 has it."""


@dataclass(frozen=True, slots=True, repr=False)
class TokenIssuer:
    """Makes tokens. Call it with a PhoneProof. issuer: the `iss` of all of them."""

    signer: Signer
    issuer: str
    clock: Clock
    random: RandomBytes

    def __call__(self, proof: PhoneProof) -> Token:
        """A token that is good from now on for TOKEN_TTL_S."""
        now_s = self.clock.now_ms() // 1000
        claims: dict[str, object] = {
            "iss": self.issuer,
            "aud": proof.tenant,
            # The challenge, as the backend that began it knows it: a token of another session is
            # told by it. It is used up, so nothing can be done with it any more.
            "sub": proof.challenge_id,
            "iat": now_s,
            "exp": now_s + TOKEN_TTL_S,
            "jti": _base64url(self.random(_ID_BYTES)),
            # The names of OpenID Connect Core 5.1.
            "phone_number": proof.phone.e164,
            "phone_number_verified": True,
            "purpose": proof.purpose,
        }
        if proof.context:
            claims["context"] = dict(proof.context)
        header = {"alg": "EdDSA", "kid": self.signer.kid, "typ": "JWT"}
        signed = f"{_part(header)}.{_part(claims)}"
        signature = self.signer.sign(signed.encode())
        return Token(f"{signed}.{_base64url(signature)}", TOKEN_TTL_S)


def _part(value: Mapping[str, object]) -> str:
    return _base64url(json.dumps(value, separators=(",", ":")).encode())


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
