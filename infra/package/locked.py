"""The two kinds of requirement files: the hashed lock, and the bare names of one function.

A function names what it imports; only the lock knows versions. So a function's file that carries
a version is an error, and so is a name that the lock does not hold.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

from infra.package.model import PackagingFailed

BARE_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock file by canonical name; an entry's text holds its marker and its hashes."""

    path: Path
    entries: Mapping[str, str]

    def text_without(self, excluded: Collection[str]) -> str:
        """The lock as it goes to the installer, without the distributions never shipped."""
        return "".join(text for name, text in self.entries.items() if name not in excluded)


def read_lock(path: Path) -> Lock:
    """The lock in that file. Raises PackagingFailed if there is none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    except FileNotFoundError:
        raise PackagingFailed(f"there is no lock at {path}") from None
    entries: dict[str, str] = {}
    name = ""
    for line in lines:
        if start := BARE_NAME.match(line):
            name = canonicalize_name(start.group())
        if name:
            # One name may stand several times, each time with another marker.
            entries[name] = entries.get(name, "") + line
    return Lock(path=path, entries=entries)


def read_names(path: Path) -> tuple[str, ...]:
    """The canonical names in a function's requirements.in, none if the file is missing.
    Raises PackagingFailed, with the line, for anything but a bare name or a comment.
    """
    if not path.exists():
        return ()
    names = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.partition("#")[0].strip()
        if text and not BARE_NAME.fullmatch(text):
            raise PackagingFailed(f"{path}:{number}: {text!r} is not a bare distribution name")
        if text:
            names.append(canonicalize_name(text))
    return tuple(names)
