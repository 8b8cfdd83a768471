"""Hashes over inputs, by which a build knows that it has nothing to do."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

IGNORED = {"__pycache__"}


def digest(words: Iterable[str], paths: Iterable[Path]) -> str:
    """A SHA-256 in hex over the words, and over every file's place and content below the paths."""
    total = hashlib.sha256()
    for word in words:
        total.update(f"{len(word)}:{word}".encode())
    for number, path in enumerate(paths):
        for file in files_below(path):
            content = hashlib.sha256(file.read_bytes()).hexdigest()
            place = file.relative_to(path).as_posix()
            total.update(f"{number}:{place}:{content}\n".encode())
    return total.hexdigest()


def files_below(path: Path) -> Iterator[Path]:
    """Every file below a folder in a fixed order, without caches; the path itself if a file."""
    if path.is_file():
        yield path
        return
    for file in sorted(path.rglob("*")):
        if file.is_file() and not IGNORED.intersection(file.relative_to(path).parts):
            yield file
