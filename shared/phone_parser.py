"""Reading phone numbers: one canonical form before anything is counted.

`+86 138...`, `0086138...`, spaces and full-width digits are one phone, so they share its limits.
Apart from the value itself, since only what takes numbers from callers pays for the tables behind
it.
"""

from __future__ import annotations

import re

import phonenumbers
from phonenumbers import PhoneNumberType

from shared.errors import FieldProblem, PhoneInvalid
from shared.phone import PhoneNumber

MAX_INPUT_CHARACTERS = 40
_FORM = re.compile(r"[+＋]?[\d\s().\u2010-\u2015\u2212\uff0d-]+")
_MOBILE = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


def parse_phone(text: str, *, default_region: str = "CN") -> PhoneNumber:
    """The number that `text` means. Raises PhoneInvalid unless it is a possible, valid mobile one.

    default_region: whose national and international-prefix rules apply to a number without `+`.
    """
    plain = text.strip()
    if len(plain) > MAX_INPUT_CHARACTERS or not _FORM.fullmatch(plain):
        # Letters are vanity numbers, `;ext=` and `,,1` are extensions: none receives an SMS.
        raise PhoneInvalid(FieldProblem("phone", "not a phone number"))
    try:
        number = phonenumbers.parse(plain, default_region)
    except phonenumbers.NumberParseException:
        # `from None`: the parser's text may quote the number.
        raise PhoneInvalid(FieldProblem("phone", "not a phone number")) from None
    if not phonenumbers.is_valid_number(number):
        raise PhoneInvalid(FieldProblem("phone", "no such number range"))
    if phonenumbers.number_type(number) not in _MOBILE:
        raise PhoneInvalid(FieldProblem("phone", "not a mobile number"))
    return PhoneNumber(
        e164=phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164),
        country=phonenumbers.region_code_for_number(number) or "ZZ",
        calling_code=number.country_code or 0,
    )
