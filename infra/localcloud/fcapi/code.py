"""Code packages: from a zip's bytes to a folder that instances run from.

A folder is named by its content's checksum and a count, so that a new version never changes files
under instances that still run the old one.
"""

from __future__ import annotations

import io
import lzma
import secrets
import shutil
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from infra.localcloud.fcapi.crc64 import crc64
from infra.localcloud.fcapi.errors import invalid

UNPACKED_LIMIT_BYTES = 1 << 30
"""A stop for zips that are bombs (inferred; the documented limit of 500 MB is the zip's own)."""

_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, RuntimeError),
    *(EOFError, MemoryError, OSError, ValueError),
)
"""What zipfile raises for bytes that are no zip, or an entry that is not what its head says."""


@dataclass(frozen=True, slots=True)
class Package:
    """An unpacked zip: its folder, CRC-64 and size in bytes."""

    folder: Path
    checksum: str
    size_bytes: int


def unpack(content: bytes, folder: Path) -> Package:
    """Unpack a zip below `folder`. Raises FcRefused if it is none, or reaches out of its folder."""
    checksum = crc64(content)
    target = folder / f"{checksum}-{secrets.token_hex(3)}"
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check(archive)
            target.mkdir(parents=True)
            _extract(archive, target)
    except _BROKEN as error:
        shutil.rmtree(target, ignore_errors=True)
        raise invalid("the code package is not a valid zip file") from error
    return Package(target, checksum, len(content))


def _check(archive: zipfile.ZipFile) -> None:
    if sum(entry.file_size for entry in archive.infolist()) > UNPACKED_LIMIT_BYTES:
        raise invalid("the code package is too large")
    for entry in archive.infolist():
        parts = Path(entry.filename).parts
        if entry.filename.startswith("/") or ".." in parts or _is_link(entry):
            raise invalid(f"the code package reaches out of its folder: {entry.filename!r}")


def _extract(archive: zipfile.ZipFile, target: Path) -> None:
    for entry in archive.infolist():
        path = Path(archive.extract(entry, target))
        mode = (entry.external_attr >> 16) & 0o777
        if mode and path.is_file():
            path.chmod(mode | stat.S_IRUSR | stat.S_IWUSR)


def _is_link(entry: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(entry.external_attr >> 16)
