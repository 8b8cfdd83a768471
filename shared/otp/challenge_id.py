"""Challenge ids: opaque to clients, and all that a verify or a resend needs to find its rows.

An id carries the phone, purpose, expiry and code length, so that none of them needs a read: whoever
verifies knows for whom. They are masked by a keyed stream over the id's own 128 random bits (two
ids of one phone look unrelated) and authenticated together with the tenant: a foreign or a made-up
id is told without touching the store.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass

from shared.ids import NONCE_BYTES
from shared.otp.keyring import Keyring
from shared.phone import PhoneNumber

_TAG_BYTES = 12
_EXPIRY_BYTES = 6
_NUMBER_BYTES, _CODE_BYTES, _COUNTRY_BYTES = 7, 2, 3
_PHONE_BYTES = _NUMBER_BYTES + _CODE_BYTES + _COUNTRY_BYTES
_FIXED_BYTES = _PHONE_BYTES + _EXPIRY_BYTES + 1
_MAX_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class ChallengeRef:
    """What a challenge id says. expires_ms: UTC epoch milliseconds."""

    nonce: bytes
    phone: PhoneNumber
    purpose: str
    expires_ms: int
    code_length: int
    key_version: int


def seal(keyring: Keyring, tenant: str, ref: ChallengeRef) -> str:
    """`ref` as an id for `tenant`: URL-safe text of some 80 characters."""
    plain = (
        _packed(ref.phone)
        + ref.expires_ms.to_bytes(_EXPIRY_BYTES, "big")
        + bytes([ref.code_length])
        + ref.purpose.encode()
    )
    head = bytes([ref.key_version]) + ref.nonce
    masked = _masked(keyring, ref.key_version, ref.nonce, plain)
    tag = _tag(keyring, ref.key_version, tenant, head + masked)
    return base64.urlsafe_b64encode(head + masked + tag).rstrip(b"=").decode()


def unseal(keyring: Keyring, tenant: str, challenge_id: str) -> ChallengeRef | None:
    """What `challenge_id` says, or None if it was not made for `tenant` under a key still held."""
    if len(challenge_id) > _MAX_CHARACTERS or not challenge_id.isascii():
        return None
    try:
        raw = base64.b64decode(
            challenge_id + "=" * (-len(challenge_id) % 4), altchars=b"-_", validate=True
        )
    except (binascii.Error, ValueError):
        return None
    if len(raw) <= 1 + NONCE_BYTES + _FIXED_BYTES + _TAG_BYTES:
        return None
    version, nonce = raw[0], raw[1 : 1 + NONCE_BYTES]
    masked, tag = raw[1 + NONCE_BYTES : -_TAG_BYTES], raw[-_TAG_BYTES:]
    if not keyring.holds(version):
        return None
    if not hmac.compare_digest(tag, _tag(keyring, version, tenant, raw[:-_TAG_BYTES])):
        return None
    plain = _masked(keyring, version, nonce, masked)
    ref = ChallengeRef(
        nonce=nonce,
        phone=_unpacked(plain[:_PHONE_BYTES]),
        expires_ms=int.from_bytes(plain[_PHONE_BYTES : _FIXED_BYTES - 1], "big"),
        code_length=plain[_FIXED_BYTES - 1],
        purpose=plain[_FIXED_BYTES:].decode(),
        key_version=version,
    )
    # One challenge has one id: base64 leaves room for others that decode to the same bytes.
    return ref if seal(keyring, tenant, ref) == challenge_id else None


def _packed(phone: PhoneNumber) -> bytes:
    """E.164 has fifteen digits at most, none of them a leading zero: 50 bits."""
    return (
        int(phone.e164[1:]).to_bytes(_NUMBER_BYTES, "big")
        + phone.calling_code.to_bytes(_CODE_BYTES, "big")
        + phone.country.encode().ljust(_COUNTRY_BYTES)
    )


def _unpacked(raw: bytes) -> PhoneNumber:
    number, code = raw[:_NUMBER_BYTES], raw[_NUMBER_BYTES:-_COUNTRY_BYTES]
    return PhoneNumber(
        f"+{int.from_bytes(number, 'big')}",
        raw[-_COUNTRY_BYTES:].decode().rstrip(),
        int.from_bytes(code, "big"),
    )


def _masked(keyring: Keyring, version: int, nonce: bytes, plain: bytes) -> bytes:
    stream = b"".join(
        keyring.mac(version, "mask2", nonce, bytes([block]))
        for block in range(-(-len(plain) // hashlib.sha256().digest_size))
    )
    return bytes(a ^ b for a, b in zip(plain, stream, strict=False))


def _tag(keyring: Keyring, version: int, tenant: str, sealed: bytes) -> bytes:
    return keyring.mac(version, "tag2", tenant.encode(), sealed)[:_TAG_BYTES]
