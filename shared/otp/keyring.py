"""The keys under codes: versioned, so that a new one may come while challenges of the old live."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class Keyring:
    """Key versions (1 to 255) and their secrets of 32 bytes or more; `current` makes new codes."""

    current: int
    secrets: Mapping[int, bytes]

    def mac(self, version: int, label: str, *parts: bytes) -> bytes:
        """HMAC-SHA-256 of `parts`, length-prefixed, under the key of `version` for one use.

        Raises KeyError for a version that is not held.
        """
        message = b"".join(len(part).to_bytes(4, "big") + part for part in (label.encode(), *parts))
        return hmac.new(self.secrets[version], message, hashlib.sha256).digest()

    def holds(self, version: int) -> bool:
        """True if codes of that version can still be checked."""
        return version in self.secrets
