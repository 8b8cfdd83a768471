"""The console's own files: style, script and mark. Each address bears the hash of its content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PREFIX = "/console/static/"
_FOLDER = Path(__file__).parent / "static"
_MEDIA = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True, repr=False)
class StaticFile:
    """A file, its media type, and the hash that names its content."""

    content: bytes
    media_type: str
    tag: str


@cache
def static_files() -> Mapping[str, StaticFile]:
    """All of them by name, read once: some 30 KB."""
    return {file.name: _read(file) for file in sorted(_FOLDER.iterdir()) if file.suffix in _MEDIA}


def asset(name: str) -> str:
    """The address of a file, which changes with its content."""
    return f"{PREFIX}{name}?v={static_files()[name].tag}"


def _read(file: Path) -> StaticFile:
    content = file.read_bytes()
    return StaticFile(content, _MEDIA[file.suffix], hashlib.sha256(content).hexdigest()[:16])
