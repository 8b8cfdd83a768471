"""Redaction: the one gate that every logged value passes.

Three rules, each enough on its own: a name that means a secret loses its value; a value object
shows what it itself calls fit to be shown; and digits that could be a phone or a code are masked
in any text, whatever its name. Ids are the exception, by name: without them a line cannot be
followed; and so are the provider's own codes, by name and whole shape: `SMS_` and the number of a
template, which is shorter than a mobile number with its country (inferred), or two letters, a colon
and four digits of a carrier. No code that we send has either shape.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from shared.phone import PhoneNumber

HIDDEN = "***"
_SECRET_NAMES = re.compile(
    r"code$|otp$|secret|token|password|authorization|signature|api_?key|access_?key|body|params"
)
_SHOWN_NAMES = frozenset({"error_code", "provider_code", "template_code"})
_SHOWN_SHAPES = {
    "template_code": re.compile(r"SMS_[0-9]{1,10}"),
    "provider_code": re.compile(r"[A-Z]{2}:[0-9]{4}"),
}
_ID_NAMES = re.compile(r"(^|_)id$|^trace|^stack$|_at$|_ms$|_s$|^event$|^function$")
_PHONE = re.compile(r"\+?\d(?:[ -]?\d){7,14}")
_DIGITS = re.compile(r"(?<![0-9A-Za-z*])\d{4,10}(?![0-9A-Za-z])")


def redact(fields: Mapping[str, object]) -> dict[str, object]:
    """`fields` as they may be written: same names, safe values."""
    return {name: _value(name, value) for name, value in fields.items()}


def redact_text(text: str) -> str:
    """`text` with everything masked that could be a phone number or a code."""
    return _DIGITS.sub(HIDDEN, _PHONE.sub(_mask_phone, text))


def _value(name: str, value: object) -> object:
    if name not in _SHOWN_NAMES and _SECRET_NAMES.search(name.lower()):
        return HIDDEN
    if isinstance(value, PhoneNumber):
        return value.masked
    if isinstance(value, (bool, int, float)) or value is None:
        return value
    if isinstance(value, Mapping):
        return redact({str(key): inner for key, inner in value.items()})
    if isinstance(value, (list, tuple)):
        return [_value(name, item) for item in value]
    text = value if isinstance(value, str) else type(value).__name__
    if name in _SHOWN_SHAPES and _SHOWN_SHAPES[name].fullmatch(text):
        return text
    return text if _ID_NAMES.search(name) else redact_text(text)


def _mask_phone(match: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", match[0])
    return f"{HIDDEN}{digits[-4:]}" if len(digits) > 10 else HIDDEN
