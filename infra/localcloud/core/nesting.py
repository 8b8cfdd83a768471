"""How deep a document may nest: what is read and cannot be written back is a crash later."""

from __future__ import annotations

NESTING_LIMIT = 64
"""Inferred: the services have limits of their own, which no page tells."""


def nests_too_deep(document: object) -> bool:
    """True if it is of more than NESTING_LIMIT levels."""
    level = [document]
    for _ in range(NESTING_LIMIT):
        level = [
            member
            for each in level
            if isinstance(each, (dict, list))
            for member in (each.values() if isinstance(each, dict) else each)
        ]
    return bool(level)
