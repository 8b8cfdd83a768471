"""A template's text with its values, and how many messages it is billed as.

The provider tells neither before it sends; both are its billing rules, computed here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

_VARIABLE = re.compile(r"\$\{([A-Za-z0-9_]+)\}")
# GSM 03.38, which 3GPP TS 23.038 §6.2.1 lists: the basic table, and the one behind the escape.
_GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM7_ESCAPED = frozenset("|^€{}[]~\\\f")


def variables_of(content: str) -> list[str]:
    """The names of the variables in a text, in order."""
    return _VARIABLE.findall(content)


def render(content: str, params: Mapping[str, str]) -> str:
    """`content` with its variables filled in, in one pass: a value is never read as a template.

    Raises KeyError (the name) for a value that is missing; check_params comes first.
    """
    return _VARIABLE.sub(lambda match: params[match[1]], content)


def with_sign(text: str, *, sign_name: str) -> str:
    """A mainland message as the phone shows it, and as it is billed: the sign in front."""
    return f"【{sign_name}】{text}"


def count_segments(text: str, *, is_mainland: bool) -> int:
    """How many messages `text` is billed as; a mainland text has its sign in front."""
    if is_mainland:
        return _split(len(text), single=70, part=67)
    if all(char in _GSM7 or char in _GSM7_ESCAPED for char in text):
        septets = sum(2 if char in _GSM7_ESCAPED else 1 for char in text)
        return _split(septets, single=160, part=153)
    # One character outside of GSM-7 makes all of the message UCS-2, where an emoji counts 2.
    return _split(len(text.encode("utf-16-le")) // 2, single=70, part=67)


def _split(length: int, *, single: int, part: int) -> int:
    return 1 if length <= single else math.ceil(length / part)
