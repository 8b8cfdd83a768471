"""The first step of an RSA signature, which fails."""

from __future__ import annotations


def load_pem_private_key(*args: object, **kwargs: object) -> None:
    raise RuntimeError(
        "cryptography is not shipped with this function: "
        "requests are signed with an access key (HMAC), not with an RSA key"
    )
