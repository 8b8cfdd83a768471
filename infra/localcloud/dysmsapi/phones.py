"""Reads the forms of phone number that SendSms takes, and writes the two that it answers with.

Eleven bare digits can be a mainland mobile or a North American number (`1 310 555 0100`). The
template decides: under an international one they are the latter if there is such a number
(inferred: the documentation has digits with the country code for international templates, and
leaves the clash open).
"""

from __future__ import annotations

import re

import phonenumbers

_MAINLAND = re.compile(r"(?:\+86|0086|86|\+)?(1[3-9][0-9]{9})", re.ASCII)
# Country code and number, digits alone, as the SendSms page has it; E.164 allows 15 at most.
_ABROAD = re.compile(r"[1-9][0-9]{6,14}", re.ASCII)
_NORTH_AMERICA = re.compile(r"1[2-9][0-9]{9}", re.ASCII)


class NumberIllegal(ValueError):
    """Not a phone number in any of the forms; the text never holds the number."""


def read_number(text: str, *, is_abroad: bool = False) -> str:
    """The number in E.164 with its plus. Raises NumberIllegal.

    is_abroad: the number stands under an international template.
    """
    mainland = _MAINLAND.fullmatch(text)
    is_bare = mainland is not None and text == mainland[1]
    if mainland and not (is_abroad and is_bare and _is_north_american(text)):
        return "+86" + mainland[1]
    if not _ABROAD.fullmatch(text) or text.startswith("86"):
        raise NumberIllegal("not a phone number in a form that SendSms takes")
    if text.startswith("1") and not _NORTH_AMERICA.fullmatch(text):
        raise NumberIllegal("not a number of North America")
    return "+" + text


def _is_north_american(digits: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse("+" + digits))
    except phonenumbers.NumberParseException:
        return False


def is_mainland(phone: str) -> bool:
    """True for an E.164 number of the Chinese mainland."""
    return phone.startswith("+86")


def as_answered(phone: str) -> str:
    """The form that queries and receipts use: 11 digits for the mainland, else digits with the
    country code.
    """
    return phone.removeprefix("+86") if is_mainland(phone) else phone.removeprefix("+")
