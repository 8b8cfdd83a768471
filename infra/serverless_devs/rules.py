"""The small rules that the checks are tables of: each takes a value and says what is wrong."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from infra.serverless_devs.problems import UNKNOWN, Problems, Where

Rule = Callable[[object], "str | None"]


def whole(low: int, high: int, *, step: int = 1) -> Rule:
    """A whole number from `low` to `high`, a multiple of `step`."""

    def check(value: object) -> str | None:
        if not isinstance(value, int) or isinstance(value, bool):
            hint = "; write ${json(env(..))} for a number" if isinstance(value, str) else ""
            return f"{value!r} is not a whole number{hint}"
        if not low <= value <= high:
            return f"{value} is not from {low} to {high}"
        return None if value % step == 0 else f"{value} is not a multiple of {step}"

    return check


def decimal(low: float, high: float, *, step: float) -> Rule:
    """A number from `low` to `high`, a multiple of `step`."""

    def check(value: object) -> str | None:
        if not isinstance(value, int | float) or isinstance(value, bool):
            return f"{value!r} is not a number"
        if not low <= value <= high:
            return f"{value} is not from {low} to {high}"
        on_step = abs(value / step - round(value / step)) < 1e-6
        return None if on_step else f"{value} is not a multiple of {step}"

    return check


def one_of(*values: object) -> Rule:
    """One of a closed set."""

    def check(value: object) -> str | None:
        if any(value == known and type(value) is type(known) for known in values):
            return None
        names = [known for known in values if isinstance(known, str)]
        close = difflib.get_close_matches(str(value), names, 1)
        hint = f"did you mean {close[0]}?" if close else f"one of {', '.join(map(str, values))}"
        return f"{value!r} is not known; {hint}"

    return check


def text(pattern: str = r"(?s).+", form: str = "a text that is not empty") -> Rule:
    """A text of one form."""

    def check(value: object) -> str | None:
        if isinstance(value, str) and re.fullmatch(pattern, value):
            return None
        return f"{value!r} is not {form}"

    return check


def list_of(*values: str) -> Rule:
    """A list of members of a closed set, not empty."""

    def check(value: object) -> str | None:
        if not isinstance(value, list) or not value:
            return f"{value!r} is not a list of {', '.join(values)}"
        member = one_of(*values)
        return next((reason for item in value if (reason := member(item))), None)

    return check


def apply(
    rules: Mapping[str, Rule], block: Mapping[str, object], where: Where, problems: Problems
) -> None:
    """Check each key of `block` that has a rule; keys that are absent are no problem."""
    for key, rule in rules.items():
        value = block.get(key, UNKNOWN)
        reason = None if value is UNKNOWN else rule(value)
        if reason:
            problems.add((*where, key), reason)


def require(
    keys: Sequence[str], block: Mapping[str, object], where: Where, problems: Problems
) -> None:
    """Check that every key is there with a value."""
    for key in keys:
        if block.get(key) is None:
            problems.add((*where, key), "is missing")


def refuse_unknown(
    block: Mapping[str, object], known: Iterable[str], where: Where, problems: Problems
) -> None:
    """Refuse every key that is not known, with the close one named."""
    names = list(known)
    for key in block:
        if key not in names:
            close = _close(str(key), names)
            problems.add(
                (*where, str(key)),
                "is no known key" + (f"; did you mean {close}?" if close else ""),
            )


def refuse_misspelled(
    block: Mapping[str, object], known: Iterable[str], where: Where, problems: Problems
) -> None:
    """Refuse a key only if it looks like a misspelled known one: for blocks whose keys are not all
    documented.
    """
    names = list(known)
    for key in block:
        close = _close(str(key), names) if key not in names else None
        if close:
            problems.add((*where, str(key)), f"is no known key; did you mean {close}?")


def _close(key: str, names: list[str]) -> str | None:
    by_folded = {name.casefold(): name for name in names}
    found = difflib.get_close_matches(key.casefold(), list(by_folded), 1, cutoff=0.75)
    return by_folded[found[0]] if found else None
