"""Text that only this service can read back: personal data at rest.

A synthetic IV (a MAC of the text) keys a stream of HMAC-SHA-256 blocks, in the manner of SIV (RFC
5297): equal texts look equal, which the row's key tells anyway, and a changed byte is told.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass

from shared.mac import mac_of

_IV_BYTES = 16


@dataclass(frozen=True, slots=True, repr=False)
class Sealer:
    """Seals under one secret key of 32 bytes or more."""

    key: bytes

    def seal(self, text: str) -> str:
        """`text` sealed, URL-safe."""
        plain = text.encode()
        iv = self._iv(plain)
        return base64.urlsafe_b64encode(iv + self._masked(iv, plain)).decode()

    def open(self, sealed: str) -> str | None:
        """What was sealed; None for what was not sealed under this key."""
        try:
            raw = base64.b64decode(sealed, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        iv, plain = raw[:_IV_BYTES], self._masked(raw[:_IV_BYTES], raw[_IV_BYTES:])
        return plain.decode() if hmac.compare_digest(iv, self._iv(plain)) else None

    def _iv(self, plain: bytes) -> bytes:
        return mac_of(self.key, b"seal iv", plain)[:_IV_BYTES]

    def _masked(self, iv: bytes, text: bytes) -> bytes:
        blocks = range(-(-len(text) // 32))
        stream = b"".join(
            mac_of(self.key, b"seal stream", iv, block.to_bytes(4, "big")) for block in blocks
        )
        return bytes(a ^ b for a, b in zip(text, stream, strict=False))
