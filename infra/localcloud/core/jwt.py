"""JSON Web Tokens as far as OpenID Connect needs them (RFC 7515, 7517, 7518): RS256 and ES256."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

RS256, ES256 = "RS256", "ES256"
_P256_BYTES = 32
_RSA_BITS = 2048


class JwtInvalid(ValueError):
    """A token that cannot be read; the text is what STS says of it."""


class JwkInvalid(ValueError):
    """A public key that cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Jwt:
    """A token, read and not yet verified."""

    algorithm: str
    key_id: str
    claims: Mapping[str, Any]  # Any: claims are whatever JSON the issuer wrote
    signed: bytes
    signature: bytes


def read_jwt(text: str) -> Jwt:
    """The parts of a token. Raises JwtInvalid."""
    parts = text.split(".")
    if len(parts) != 3:
        raise JwtInvalid("The number of Jwt field should be divided into 3 parts with '.' .")
    try:
        raw_header, raw_claims, signature = (_decode(part) for part in parts)
    except (binascii.Error, ValueError) as error:
        raise JwtInvalid("Cannot decode base64 encoded response(format invalided).") from error
    try:
        header, claims = json.loads(raw_header), json.loads(raw_claims)
    except (ValueError, RecursionError) as error:
        raise JwtInvalid("The Jwt content is invalid that cannot be recognized.") from error
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise JwtInvalid("The Jwt content is invalid that cannot be recognized.")
    algorithm = str(header.get("alg", ""))
    if algorithm not in (RS256, ES256):
        name = algorithm.encode("ascii", "replace").decode()
        raise JwtInvalid(f"The algorithm {name} that be specified in Jwt header is unknown.")
    signed = f"{parts[0]}.{parts[1]}".encode()
    return Jwt(algorithm, str(header.get("kid", "")), claims, signed, signature)


def is_signed_by(jwt: Jwt, keys: Sequence[Mapping[str, str]]) -> bool:
    """True if one of the keys made the signature; a `kid` of the token leaves only its own key."""
    return any(
        _verifies(jwt, key)
        for key in keys
        if not jwt.key_id or key.get("kid", jwt.key_id) == jwt.key_id
    )


def new_signing_key() -> str:
    """A fresh RSA private key as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def public_jwk(signing_key: str, key_id: str) -> dict[str, str]:
    """The public half of an RSA key from `new_signing_key`."""
    numbers = _rsa_key(signing_key).public_key().public_numbers()
    size = (numbers.n.bit_length() + 7) // 8
    return {
        "kty": "RSA",
        "kid": key_id,
        "alg": RS256,
        "use": "sig",
        "n": _encode(numbers.n.to_bytes(size, "big")),
        "e": _encode(numbers.e.to_bytes(3, "big")),
    }


def sign_jwt(signing_key: str, key_id: str, claims: Mapping[str, object]) -> str:
    """A token by RS256."""
    header = {"alg": RS256, "typ": "JWT", "kid": key_id}
    parts = [_encode(json.dumps(part).encode()) for part in (header, dict(claims))]
    signed = ".".join(parts)
    signature = _rsa_key(signing_key).sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{_encode(signature)}"


def check_jwk(key: Mapping[str, str]) -> None:
    """Raise JwkInvalid unless it is an RSA or P-256 public key."""
    _public_key(key)


def _verifies(jwt: Jwt, key: Mapping[str, str]) -> bool:
    try:
        public = _public_key(key)
        if jwt.algorithm == RS256 and isinstance(public, rsa.RSAPublicKey):
            public.verify(jwt.signature, jwt.signed, padding.PKCS1v15(), hashes.SHA256())
            return True
        is_sized = len(jwt.signature) == 2 * _P256_BYTES
        if jwt.algorithm == ES256 and isinstance(public, ec.EllipticCurvePublicKey) and is_sized:
            r, s = jwt.signature[:_P256_BYTES], jwt.signature[_P256_BYTES:]
            pair = encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
            public.verify(pair, jwt.signed, ec.ECDSA(hashes.SHA256()))
            return True
    except (InvalidSignature, JwkInvalid):
        return False
    return False


def _public_key(key: Mapping[str, str]) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
    try:
        if key.get("kty") == "RSA":
            return rsa.RSAPublicNumbers(_number(key["e"]), _number(key["n"])).public_key()
        if (key.get("kty"), key.get("crv")) == ("EC", "P-256"):
            point = ec.EllipticCurvePublicNumbers(
                _number(key["x"]), _number(key["y"]), ec.SECP256R1()
            )
            return point.public_key()
    except (KeyError, ValueError) as error:
        raise JwkInvalid("a key lacks a part, or a part is no number of its kind") from error
    raise JwkInvalid("a key must have kty RSA, or kty EC with crv P-256")


def _rsa_key(pem: str) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def _number(text: str) -> int:
    return int.from_bytes(_decode(text), "big")


def _decode(text: str) -> bytes:
    # A strict decoder: the standard one skips characters that are none of base64url's.
    padded = text.encode("ascii") + b"=" * (-len(text) % 4)
    return base64.b64decode(padded.translate(bytes.maketrans(b"-_", b"+/")), validate=True)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
