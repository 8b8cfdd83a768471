"""The wildcards of RAM: `*` stands for any text, also none, and `?` for one character."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable

Glob = Callable[[str], bool]


def glob(pattern: str, *, ignores_case: bool = False) -> Glob:
    """A test of whole texts against `pattern`. Its time does not explode with the stars in it."""
    # fnmatch's third wildcard, [...], is plain text in RAM.
    expression = fnmatch.translate(pattern.replace("[", "[[]"))
    flags = re.ASCII | re.IGNORECASE if ignores_case else re.ASCII
    match = re.compile(expression, flags).match
    return lambda text: match(text) is not None
