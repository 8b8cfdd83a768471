"""What a template may say, what its variables may hold, and how many segments the result is billed
as.

The rules are those of the pages "SMS template specifications" and "Variable specifications"; they
bind mainland templates only.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Literal

Kind = Literal["code", "notice", "promotion", "international"]

CONTENT_LIMIT = 500
_VARIABLE = re.compile(r"\$\{([A-Za-z0-9_]+)\}")
_CODE_WORDS = ("验证码", "注册码", "校验码", "动态码")
_OPT_OUT = "拒收请回复R"
_CODE_VALUE = re.compile(r"[0-9A-Za-z]*", re.ASCII)
# A scheme, or a dotted name with a known ending, as carriers filter it (the list is inferred).
_URL = re.compile(r"https?://|www\.|[\w-]\.(?:com|cn|net|org|io|top|cc|xyz|me)\b", re.I | re.ASCII)
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf]")
_GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM7_EXTENSION = frozenset("|^€{}[]~\\\f")


def variables_of(content: str) -> list[str]:
    """The names of the variables in a template, in order."""
    return _VARIABLE.findall(content)


def render(content: str, params: Mapping[str, str]) -> str:
    """The template with its variables filled in; every one must be there."""
    return _VARIABLE.sub(lambda match: params[match[1]], content)


def shown_text(kind: Kind, *, sign_name: str, text: str) -> str:
    """What the phone shows: with the sign in front for a mainland message (inferred: an
    international message shows its text alone).
    """
    return text if kind == "international" else f"【{sign_name}】{text}"


def template_flaw(kind: Kind, content: str) -> str | None:
    """The error code of a template that no reviewer would approve; None if it is sound.

    Inferred: that creating such a template is refused at once, and with this code.
    """
    flaws = (
        not 1 <= len(content) <= CONTENT_LIMIT,
        kind == "code" and len(variables_of(content)) != 1,
        kind == "code" and not any(word in content for word in _CODE_WORDS),
        kind == "promotion" and not content.endswith(_OPT_OUT),
    )
    return "isv.SMS_CONTENT_MISMATCH_TEMPLATE_TYPE" if any(flaws) else None


def params_flaw(kind: Kind, content: str, params: Mapping[str, str]) -> str | None:
    """The error code for values that the template cannot take; None if all are sound."""
    names = variables_of(content)
    if any(name not in params for name in names):
        return "isv.TEMPLATE_MISSING_PARAMETERS"
    if kind == "international":
        return None
    values = [params[name] for name in names]
    shortest, longest = (4, 6) if kind == "code" else (1, 35)
    flaws = (
        ("isv.PARAM_NOT_SUPPORT_URL", any(_URL.search(value) for value in values)),
        ("isv.PARAM_LENGTH_LIMIT", not all(shortest <= len(v) <= longest for v in values)),
        ("isv.UNSUPPORTED_CONTENT", any(_EMOJI.search(value) for value in values)),
        # Inferred: the code. The page allows digits and Latin letters in a code.
        (
            "isv.TEMPLATE_PARAMS_ILLEGAL",
            kind == "code" and not all(_CODE_VALUE.fullmatch(value) for value in values),
        ),
    )
    return next((code for code, is_flawed in flaws if is_flawed), None)


def count_segments(kind: Kind, text: str) -> int:
    """How many messages `text`, as shown, is billed as."""
    if kind != "international":
        return _split(len(text), 70, 67)
    if all(char in _GSM7 or char in _GSM7_EXTENSION for char in text):
        return _split(sum(2 if char in _GSM7_EXTENSION else 1 for char in text), 160, 153)
    return _split(len(text.encode("utf-16-le")) // 2, 70, 67)


def _split(length: int, single: int, part: int) -> int:
    return 1 if length <= single else math.ceil(length / part)
