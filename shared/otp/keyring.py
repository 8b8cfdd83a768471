"""The keys under codes: versioned, so that a new one may come while challenges of the old live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.mac import mac_of


@dataclass(frozen=True, slots=True, repr=False)
class Keyring:
    """Key versions (1 to 255) and their secrets of 32 bytes or more; `current` makes new codes."""

    current: int
    secrets: Mapping[int, bytes]

    def mac(self, version: int, label: str, *parts: bytes) -> bytes:
        """The MAC of `parts` under the key of `version`, for the one use that `label` names.

        Raises KeyError for a version that is not held.
        """
        return mac_of(self.secrets[version], label.encode(), *parts)

    def holds(self, version: int) -> bool:
        """True if codes of that version can still be checked."""
        return version in self.secrets
