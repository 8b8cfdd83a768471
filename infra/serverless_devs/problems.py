"""Problems found in a file: collected while reading goes on, so that one run names them all."""

from __future__ import annotations

from typing import Final


class Unknown:
    """The value of an expression that could not be evaluated. It passes every check, so that one
    mistake is reported once.
    """


UNKNOWN: Final = Unknown()

Where = tuple[str, ...]
"""A key path, as (`resources`, `api`, `props`, `timeout`)."""


class Problems:
    """The problems so far, in order of discovery, each once."""

    def __init__(self) -> None:
        self._found: dict[tuple[Where, str], None] = {}

    def add(self, where: Where, reason: str) -> None:
        """Note that `where` is wrong, and why."""
        self._found[where, reason] = None

    def lines(self, file: str, line_of: dict[Where, int]) -> list[str]:
        """Each problem as `FILE: <resource>.<key path>: <reason>`, with its line where known."""
        return [
            f"{file}: {_shown(where)}: {reason}" + _line_note(where, line_of)
            for where, reason in self._found
        ]

    def __bool__(self) -> bool:
        return bool(self._found)


def _shown(where: Where) -> str:
    return ".".join(where[1:] if where[0] == "resources" and len(where) > 1 else where)


def _line_note(where: Where, line_of: dict[Where, int]) -> str:
    """The line of the key, else of the nearest block around it that is no whole resource."""
    while len(where) > 2 and where not in line_of:
        where = where[:-1]
    return f" (line {line_of[where]})" if where in line_of else ""
