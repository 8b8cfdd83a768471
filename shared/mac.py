"""The one keyed hash of the service: HMAC-SHA-256 over parts that cannot run into each other."""

from __future__ import annotations

import hashlib
import hmac


def mac_of(key: bytes, *parts: bytes) -> bytes:
    """32 bytes over `parts`, each length-prefixed: ("ab", "c") and ("a", "bc") never meet."""
    message = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return hmac.new(key, message, hashlib.sha256).digest()
