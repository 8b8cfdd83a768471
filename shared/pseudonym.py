"""Keyed names for people: what identifies a phone or an address in the store without telling it.

The key is not the rotating OTP key: with a new one every counter would start again.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.mac import mac_of

PSEUDONYM_BYTES = 16


@dataclass(frozen=True, slots=True, repr=False)
class Pseudonyms:
    """Names by HMAC-SHA-256 under one secret key of 32 bytes or more."""

    key: bytes

    def of(self, kind: str, *parts: str) -> bytes:
        """16 bytes that stand for `parts`; the same parts of another kind give another name."""
        return mac_of(self.key, *(text.encode() for text in (kind, *parts)))[:PSEUDONYM_BYTES]
