"""What a caller may put into a template's variables.

The provider refuses bad values one at a time and only when it sends; here all are named at once,
before anything is taken. And a value must not smuggle a link into a text that people trust.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping

from shared.errors import FieldProblem
from shared.template import Template, Variable, VariableKind

_ALPHABETS: dict[VariableKind, re.Pattern[str]] = {
    "number": re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)*"),
    # Masked ones, such as a card's, hold asterisks.
    "code": re.compile(r"[0-9A-Za-z*-]+"),
    "amount": re.compile(r"[0-9*.,+\- ¥￥$€£元A-Z]*[0-9*][0-9*.,+\- ¥￥$€£元A-Z]*"),
    "time": re.compile(r"[0-9:/.,+\- TZ年月日时分秒点上下午周星期一二三四五六至AMPamp]+"),
}
_TOLD: dict[VariableKind, str] = {
    "number": "only digits, with a sign or separators",
    "code": "only Latin letters, digits, - and *",
    "amount": "only digits, *, separators and a currency",
    "time": "only a date or a time",
}
# A scheme, www, or a dotted name: what a phone makes a link of. Any letters count as a last label,
# as new ones come every year; the ideographic full stop is a dot to a browser.
_LINK = re.compile(
    r"[a-z][a-z0-9+.-]*://|\bwww\.|[a-z0-9-][.。](?:[a-z]{2,}|xn--)|[.。](?:中国|公司|网络|网址|香港)",
    re.IGNORECASE,
)
# Inferred: which pictures exactly the provider refuses (isv.UNSUPPORTED_CONTENT).
_PICTURE = re.compile(
    "[\U0001f000-\U0001faff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\ufe00-\ufe0f\u20e3]"
)
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")


def check_params(template: Template, params: Mapping[str, object]) -> list[FieldProblem]:
    """What is wrong with `params`, one problem a value; empty if nothing is. Quotes no value."""
    known = {variable.name for variable in template.variables}
    problems = [
        FieldProblem(_field(name), "the template has no such variable")
        for name in params
        if name not in known
    ]
    for variable in template.variables:
        flaw = _flaw(variable, params[variable.name]) if variable.name in params else "missing"
        if flaw:
            problems.append(FieldProblem(_field(variable.name), flaw))
    return problems


def _field(name: str) -> str:
    # A name that is none may be anything, a number of a phone too.
    return f"params.{name}" if _PLAIN_NAME.fullmatch(name) else "params"


def _flaw(variable: Variable, value: object) -> str | None:
    if not isinstance(value, str):
        return "must be a string"
    if len(value) > variable.max_length:
        return f"longer than {variable.max_length} characters"
    if len(value.strip()) < variable.min_length:
        return f"shorter than {variable.min_length} characters, spaces around it not counted"
    if any(unicodedata.category(char) in _UNPRINTABLE for char in value):
        return "holds a line break or another control character"
    if _LINK.search(unicodedata.normalize("NFKC", value)):
        return "holds a link or a domain name"
    if _is_json(value):
        return "must be plain text, not JSON"
    if _PICTURE.search(value):
        return "holds a character that an SMS cannot, such as an emoji"
    alphabet = _ALPHABETS.get(variable.kind)
    if alphabet is not None and not alphabet.fullmatch(value):
        return f"may hold {_TOLD[variable.kind]}"
    return None


def _is_json(value: str) -> bool:
    if value.lstrip()[:1] not in ("[", "{"):
        return False
    try:
        json.loads(value)
    except ValueError:
        return False
    return True
