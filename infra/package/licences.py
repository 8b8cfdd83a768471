"""Licences as SPDX names them, whichever way a distribution's metadata says it."""

from __future__ import annotations

import re

# What distributions of the lock write in the place of an SPDX identifier.
_SPELLINGS = {
    "Apache License 2.0": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "3-Clause BSD License": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",  # jinja2's, by its LICENSE.txt
    "GNU LGPL v3+": "LGPL-3.0-or-later",
    "MIT License": "MIT",
}
_IDENTIFIERS = frozenset(
    {
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "ISC",
        "LGPL-2.1-or-later",
        "LGPL-3.0-or-later",
        "MIT",
        "MIT-0",
        "MPL-2.0",
        "PSF-2.0",
    }
)
_STRONG_COPYLEFT = re.compile(r"\b(A?GPL|SSPL|EUPL|OSL|CC-BY-SA|CPAL)\b", re.IGNORECASE)


def spdx_identifier(declared: str) -> str | None:
    """The SPDX identifier of a licence as it was declared; None for one not looked at yet."""
    identifier = _SPELLINGS.get(declared, declared)
    return identifier if identifier in _IDENTIFIERS else None


def is_strong_copyleft(declared: str) -> bool:
    """Whether a licence would reach the whole service; LGPL and MPL reach their own files."""
    return _STRONG_COPYLEFT.search(declared) is not None
