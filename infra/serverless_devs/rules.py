"""The small rules that the shapes are tables of: each takes a value and says what is wrong, and
says the same as JSON schema, as far as that can.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Rule:
    """reason: what is wrong with a value, None if nothing is. schema: the same in draft-07, or
    less where that has no words for it.
    """

    reason: Callable[[object], str | None]
    schema: Mapping[str, object] = field(default_factory=dict)


def whole(low: int, high: int, *, step: int = 1) -> Rule:
    """A whole number from `low` to `high`, a multiple of `step`."""

    def check(value: object) -> str | None:
        if not isinstance(value, int) or isinstance(value, bool):
            hint = "; write ${json(env(..))} for a number" if isinstance(value, str) else ""
            return f"{value!r} is not a whole number{hint}"
        if not low <= value <= high:
            return f"{value} is not from {low} to {high}"
        return None if value % step == 0 else f"{value} is not a multiple of {step}"

    schema = {"type": "integer", "minimum": low, "maximum": high, "multipleOf": step}
    return Rule(check, schema)


def decimal(low: float, high: float, *, step: float) -> Rule:
    """A number from `low` to `high`, a multiple of `step`."""

    def check(value: object) -> str | None:
        if not isinstance(value, int | float) or isinstance(value, bool):
            return f"{value!r} is not a number"
        if not low <= value <= high:
            return f"{value} is not from {low} to {high}"
        on_step = abs(value / step - round(value / step)) < 1e-6
        return None if on_step else f"{value} is not a multiple of {step}"

    # No multipleOf: 0.35 is no exact multiple of 0.05 in binary, and validators say so.
    return Rule(check, {"type": "number", "minimum": low, "maximum": high})


def one_of(*values: object) -> Rule:
    """One of a closed set."""

    def check(value: object) -> str | None:
        if any(value == known and type(value) is type(known) for known in values):
            return None
        names = [known for known in values if isinstance(known, str)]
        close = difflib.get_close_matches(str(value), names, 1)
        hint = f"did you mean {close[0]}?" if close else f"one of {', '.join(map(str, values))}"
        return f"{value!r} is not known; {hint}"

    return Rule(check, {"enum": list(values)})


def text(pattern: str = r"[\s\S]+", form: str = "a text that is not empty") -> Rule:
    """A text that is of one form as a whole; the pattern is in what Python and ECMAScript share."""

    def check(value: object) -> str | None:
        if isinstance(value, str) and re.fullmatch(pattern, value):
            return None
        return f"{value!r} is not {form}"

    return Rule(check, {"type": "string", "pattern": f"^(?:{pattern})$"})


def short_text(most: int, form: str) -> Rule:
    """A text of at most that many characters."""

    def check(value: object) -> str | None:
        return None if isinstance(value, str) and len(value) <= most else f"is not {form}"

    return Rule(check, {"type": "string", "maxLength": most})


def list_of(*values: str) -> Rule:
    """A list of members of a closed set, not empty."""
    member = one_of(*values)

    def check(value: object) -> str | None:
        if not isinstance(value, list) or not value:
            return f"{value!r} is not a list of {', '.join(values)}"
        return next((reason for item in value if (reason := member.reason(item))), None)

    return Rule(check, {"type": "array", "minItems": 1, "items": member.schema})


def anything() -> Rule:
    """A block of the platform that this project does not use: known by name alone, and compared
    with the SDK's models by openapi_models.py.
    """
    return Rule(lambda value: None)


FLAG = one_of(True, False)


def close_name(key: str, known: Iterable[str]) -> str | None:
    """The known name that `key` looks like, if it looks like one."""
    by_folded = {name.casefold(): name for name in known}
    found = difflib.get_close_matches(key.casefold(), list(by_folded), 1, cutoff=0.75)
    return by_folded[found[0]] if found else None
