"""Event patterns, the exact part of them: a field matches if its value is one of those listed.

`{}` matches every event, an object matches field by field, and a list in the event matches if one
of its elements does (inferred). Prefix, suffix, numeric and other comparisons are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Scalar = str | int | float | bool | None


class PatternInvalid(ValueError):
    """A pattern outside of the part that is understood here."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """What an event must be: `fields` holds, for each name, the values allowed or a pattern."""

    fields: tuple[tuple[str, tuple[Scalar, ...] | Pattern], ...] = ()

    def matches(self, event: Mapping[str, object]) -> bool:
        """Whether every field of the pattern is in the event with a value that is allowed."""
        return all(name in event and _fits(wanted, event[name]) for name, wanted in self.fields)


def read_pattern(written: object) -> Pattern:
    """The pattern of an `eventRuleFilterPattern`. Raises PatternInvalid."""
    if not isinstance(written, dict):
        raise PatternInvalid("an event pattern must be an object")
    return Pattern(tuple((name, _wanted(name, value)) for name, value in written.items()))


def _wanted(name: str, value: object) -> tuple[Scalar, ...] | Pattern:
    if isinstance(value, dict):
        return read_pattern(value)
    if not isinstance(value, list) or not value:
        raise PatternInvalid(f"an event pattern needs a list of values for {name}")
    if not all(isinstance(item, Scalar) for item in value):
        raise PatternInvalid(f"an event pattern may only list plain values for {name}")
    return tuple(value)


def _fits(wanted: tuple[Scalar, ...] | Pattern, value: object) -> bool:
    if isinstance(wanted, Pattern):
        return isinstance(value, Mapping) and wanted.matches(value)
    values = value if isinstance(value, list) else [value]
    # type too: in JSON true is not 1, though it is in Python
    return any(
        item == allowed and isinstance(item, bool) == isinstance(allowed, bool)
        for item in values
        for allowed in wanted
    )
