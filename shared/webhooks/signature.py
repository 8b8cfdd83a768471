"""Signatures as Standard Webhooks has them (standardwebhooks.com): HMAC-SHA256 over id, time, body.

Several secrets, separated by spaces, all sign: a receiver may know the old one or the new one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

TOLERANCE_S = 300

_PREFIX = "whsec_"
_SECRET_BYTES = range(24, 65)  # what the specification allows


def read_secrets(text: str) -> tuple[bytes, ...]:
    """The keys in `whsec_<base64> whsec_<base64>`. Raises ValueError, which quotes none."""
    keys = tuple(_read_secret(secret) for secret in text.split())
    if not keys:
        raise ValueError("no webhook secret")
    return keys


def signature_headers(
    secrets: tuple[bytes, ...], *, event_id: str, timestamp_s: int, body: bytes
) -> dict[str, str]:
    """The three headers of a signed webhook."""
    signatures = (_sign(key, event_id, str(timestamp_s), body) for key in secrets)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def verify(
    secrets: tuple[bytes, ...], headers: Mapping[str, str], body: bytes, *, now_s: int
) -> bool:
    """True if one of the signatures is of one of the secrets, and the time is near `now_s`."""
    event_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12):
        return False
    if abs(int(timestamp) - now_s) > TOLERANCE_S:
        return False
    given = [part.encode() for part in headers.get("webhook-signature", "").split()]
    wanted = [f"v1,{_sign(key, event_id, timestamp, body)}".encode() for key in secrets]
    return any(hmac.compare_digest(one, other) for one in given for other in wanted)


def _read_secret(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(_PREFIX) or len(key) not in _SECRET_BYTES:
        # Raised out here, so that no cause quotes the secret.
        raise ValueError("a webhook secret is `whsec_` and base64 of 24 to 64 bytes")
    return key


def _sign(key: bytes, event_id: str, timestamp: str, body: bytes) -> str:
    signed = f"{event_id}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
