"""The public keys as backends fetch them: a JWK Set (RFC 7517 section 5)."""

from __future__ import annotations

from collections.abc import Mapping


def key_set(public_keys: Mapping[str, str]) -> dict[str, object]:
    """A JWK Set of Ed25519 keys (RFC 8037 section 2). public_keys: `x` in base64url by `kid`."""
    return {
        "keys": [
            {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid, "use": "sig", "alg": "EdDSA"}
            for kid, x in public_keys.items()
        ]
    }
