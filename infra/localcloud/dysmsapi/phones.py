"""Reads the forms of phone number that SendSms takes, and writes the two that it answers with.

A number of eleven digits that starts like a mainland mobile is one, whatever its plus: the
documentation lists a bare `+` as a mainland prefix. A North American number of the same shape
(`1 310 555 0100`) is therefore taken for a mainland one (inferred: the documentation leaves it
open).
"""

from __future__ import annotations

import re

_MAINLAND = re.compile(r"(?:\+86|0086|86|\+)?(1[3-9][0-9]{9})", re.ASCII)
# Country code and number, digits alone, as the SendSms page has it; E.164 allows 15 at most.
_ABROAD = re.compile(r"[1-9][0-9]{6,14}", re.ASCII)
_NORTH_AMERICA = re.compile(r"1[2-9][0-9]{9}", re.ASCII)


class NumberIllegal(ValueError):
    """Not a phone number in any of the forms; the text never holds the number."""


def read_number(text: str) -> str:
    """The number in E.164 with its plus. Raises NumberIllegal."""
    mainland = _MAINLAND.fullmatch(text)
    if mainland:
        return "+86" + mainland[1]
    if not _ABROAD.fullmatch(text) or text.startswith("86"):
        raise NumberIllegal("not a phone number in a form that SendSms takes")
    if text.startswith("1") and not _NORTH_AMERICA.fullmatch(text):
        raise NumberIllegal("not a number of North America")
    return "+" + text


def is_mainland(phone: str) -> bool:
    """True for an E.164 number of the Chinese mainland."""
    return phone.startswith("+86")


def as_answered(phone: str) -> str:
    """The form that queries and receipts use: 11 digits for the mainland, else digits with the
    country code.
    """
    return phone.removeprefix("+86") if is_mainland(phone) else phone.removeprefix("+")
