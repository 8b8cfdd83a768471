"""Who looks up what, and why: as it may be written into the audit log."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from shared.errors import FieldProblem, PhoneInvalid, RequestInvalid
from shared.ids import NONCE_BYTES
from shared.phone import PhoneNumber

WHO_LIMIT, WHY_LIMIT = 64, 200
WHO_LEAST, WHY_LEAST = 2, 4
_INPUT_LIMIT = 200

_PHONE = re.compile(r"[+＋]?[\d\s().\u2010-\u2015\u2212\uff0d-]{5,40}")
_PHONE_DIGITS = 20
"""More are no number: the ids of requests may be digits and dashes alone."""
_MESSAGE = re.compile(r"msg_[0-9a-f]{48}")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{65,200}")
_REQUEST = re.compile(r"[A-Za-z0-9_-]{8,64}")

_APART = r"[^0-9A-Za-z\u3400-\u9fff]{0,3}"
# Six digits are less than any number that can be called from abroad, and are a code.
_NUMBER = re.compile(rf"\d(?:{_APART}\d){{5,}}")
_SPELT = re.compile(rf"[零〇一二三四五六七八九幺两](?:{_APART}[零〇一二三四五六七八九幺两]){{5,}}")
_HIDDEN = "***"


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """What is looked up. id: empty for a phone; of a challenge, its random bits in hex."""

    kind: Literal["phone", "message", "challenge", "request"]
    phone: PhoneNumber | None = None
    id: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Asker:
    """Who asks. sees: whether they may see what is of a tenant. key_name: of the key that they
    came with. who, why: as they say, with no number in it.
    """

    tenant: str
    sees: Callable[[str], bool]
    key_name: str
    who: str
    why: str

    @classmethod
    def named(
        cls, *, tenant: str, sees: Callable[[str], bool], key_name: str, who: str, why: str
    ) -> Asker:
        """Somebody who says who they are and why they ask. Raises RequestInvalid if they do not."""
        who, why = scrubbed(who, WHO_LIMIT), scrubbed(why, WHY_LIMIT)
        problems = [
            FieldProblem(field, "too_short")
            for field, text, least in (("who", who, WHO_LEAST), ("why", why, WHY_LEAST))
            if _weight(text) < least
        ]
        if problems:
            raise RequestInvalid(*problems)
        return cls(tenant, sees, key_name, who, why)


def read_asked(text: str, parse_phone: Callable[[str], PhoneNumber]) -> Asked:
    """What somebody typed: a phone in full, or an id. Raises RequestInvalid, or PhoneInvalid for
    what looks like a number and is none; never quoting it.
    """
    plain = text.strip()
    if not plain or len(plain) > _INPUT_LIMIT:
        raise RequestInvalid(FieldProblem("what", "missing" if not plain else "unreadable"))
    if _PHONE.fullmatch(plain) and sum(sign.isdigit() for sign in plain) <= _PHONE_DIGITS:
        try:
            return Asked("phone", phone=parse_phone(plain))
        except PhoneInvalid:
            raise RequestInvalid(FieldProblem("what", "not_a_phone")) from None
    if _MESSAGE.fullmatch(plain):
        return Asked("message", id=plain)
    nonce = nonce_of(plain) if _CHALLENGE.fullmatch(plain) else None
    if nonce:
        return Asked("challenge", id=nonce)
    if _REQUEST.fullmatch(plain):
        return Asked("request", id=plain)
    raise RequestInvalid(FieldProblem("what", "unreadable"))


def nonce_of(challenge_id: str) -> str | None:
    """The random bits of a challenge in hex, which its id bears in the clear behind a byte for the
    version of its key; None for what is no id. Nobody needs a key for that, and it says nothing of
    the phone.
    """
    try:
        padded = challenge_id + "=" * (-len(challenge_id) % 4)
        raw = base64.b64decode(padded, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw[1 : 1 + NONCE_BYTES].hex() if len(raw) > 1 + NONCE_BYTES else None


def scrubbed(text: str, limit: int) -> str:
    """One line of at most `limit` characters, with every number hidden that could be a phone's or
    a code, however it is written.
    """
    plain = " ".join(unicodedata.normalize("NFKC", text[: 10 * limit]).split())
    visible = "".join(sign for sign in plain if sign.isprintable())
    return _SPELT.sub(_HIDDEN, _NUMBER.sub(_HIDDEN, visible))[:limit].strip()


def _weight(text: str) -> int:
    """Letters, of which a Chinese one says as much as two."""
    return sum(2 if "\u3400" <= sign <= "\u9fff" else 1 for sign in text if sign.isalpha())
