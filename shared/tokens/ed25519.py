"""Signatures by libsodium. Imported only where a key is set: it costs a cold start 25 to 30 ms."""

from __future__ import annotations

from nacl.signing import SigningKey


class Ed25519Signer:
    """Implements Signer. seed: the 32 bytes that are an Ed25519 private key (RFC 8032, 5.1.5)."""

    def __init__(self, *, kid: str, seed: bytes) -> None:
        self._kid = kid
        self._key = SigningKey(seed)

    @property
    def kid(self) -> str:
        return self._kid

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message).signature
