"""Randomness, as an argument: the one place that draws it."""

from __future__ import annotations

import secrets
from collections.abc import Callable

NONCE_BYTES = 16
"""128 bits: a stranger cannot guess a challenge, and two requests never meet."""

RandomBytes = Callable[[int], bytes]


def random_bytes(size: int) -> bytes:
    """`size` bytes from the operating system's CSPRNG."""
    return secrets.token_bytes(size)
