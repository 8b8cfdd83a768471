"""A zip that is the same to the byte for the same files, whenever and wherever it is made.

The platform skips an upload whose checksum it already has, and a reviewer can rebuild a release.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path

# The earliest time that a zip can hold.
TIMESTAMP = (1980, 1, 1, 0, 0, 0)
REGULAR_FILE_0644 = 0o100644 << 16
MADE_ON_UNIX = 3
COMPRESSION = 7  # 9 takes twice as long for 0.4 % less


def write_zip(folder: Path, path: Path) -> str:
    """Zip every file of the folder, replace `path` whole, and give its SHA-256 in hex."""
    aside = path.with_suffix(".zip.new")
    with zipfile.ZipFile(aside, "w") as archive:
        for file in sorted(file for file in folder.rglob("*") if file.is_file()):
            entry = zipfile.ZipInfo(file.relative_to(folder).as_posix(), date_time=TIMESTAMP)
            entry.create_system = MADE_ON_UNIX
            entry.external_attr = REGULAR_FILE_0644
            archive.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED, COMPRESSION)
    sha256 = hashlib.sha256(aside.read_bytes()).hexdigest()
    os.replace(aside, path)
    return sha256
