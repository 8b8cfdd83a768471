"""Codes: made from fresh randomness, kept only as a keyed hash, made again for a resend.

A code is a keyed function of the challenge's 128 random bits. So the same code can go out again
without the store holding anything from which it could be recovered.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping

from shared.otp.keyring import Keyring


def derive_code(
    keyring: Keyring, version: int, nonce: bytes, *, length: int, characters: str, salt: bytes = b""
) -> str:
    """The code of the challenge `nonce`: `length` of `characters`, every one equally likely.

    HMAC-SHA-256 as a DRBG over a CSPRNG seed (in the manner of NIST SP 800-90A, 10.1.2); bytes
    that would favour some characters are thrown away. salt: makes another code of the challenge.
    """
    code: list[str] = []
    fair = 256 - 256 % len(characters)
    block = 0
    while len(code) < length:
        for byte in keyring.mac(version, "code", nonce + salt, block.to_bytes(4, "big")):
            if byte < fair:
                code.append(characters[byte % len(characters)])
        block += 1
    return "".join(code[:length])


def code_hash(keyring: Keyring, version: int, nonce: bytes, code: str, context: str) -> str:
    """What the store holds of a code: a MAC over challenge, code and bound context, in hex.

    Keyed, since the whole space of six digits is hashed in seconds by whoever reads the store.
    """
    return keyring.mac(version, "hash", nonce, code.encode(), context.encode()).hex()


def context_hash(keyring: Keyring, version: int, nonce: bytes, context: str) -> str:
    """What the store holds of a context, so that a resend can be told from another request's."""
    return keyring.mac(version, "context", nonce, context.encode()).hex()


def normal_code(typed: str) -> str:
    """The code that someone meant: full-width signs as plain ones, letters as capitals, blanks and
    hyphens dropped.
    """
    plain = unicodedata.normalize("NFKC", typed).upper()
    return "".join(c for c in plain if not c.isspace() and c != "-")


def context_text(context: Mapping[str, object]) -> str:
    """A context in the one form that is bound to a code: sorted keys, no spare blanks. 100, 100.0
    and "100" are three contexts.
    """
    if not context:
        return ""
    return json.dumps(context, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
