"""Snapshots of a whole cloud: its data folder, copied while it runs and put back while it is down.

Whatever a service keeps over a restart is in that folder, the clock's offset too; so a snapshot
needs to know no service, and coming back from one is a restart. What does not survive a restart -
STS sessions, faults, the meter, scripted deliveries - is not in it.

A cut through all services: the copy is made in one go on the cloud's own loop, and nothing is
answered meanwhile. Restoring leaves a marker until it is done, and the next start finishes what a
crash cut off.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

FOLDER = "snapshots"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}", re.ASCII)
_DATABASES = {".db", ".sqlite"}
_BESIDE_A_DATABASE = ("-wal", "-shm", "-journal")
_MARKER = ".restoring"


class SnapshotRefused(ValueError):
    """A snapshot that cannot be taken, or is not there; the text says why."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot as it is listed. taken_at: by the cloud's clock, UTC epoch s; offset_s: how far
    that clock then was from the host's; size_bytes: of all files.
    """

    name: str
    taken_at: float
    offset_s: float
    size_bytes: int

    def as_json(self) -> dict[str, object]:
        """The control plane's form of it."""
        return asdict(self)


class Snapshots:
    """The snapshots of the cloud whose data is in `data`, kept there too, in a folder of their own.

    not_kept: names directly under `data` that say something of one run only.
    """

    def __init__(self, data: Path, *, not_kept: frozenset[str] = frozenset({"lock"})) -> None:
        self._data = data
        self._folder = data / FOLDER
        self._not_kept = not_kept | {FOLDER}

    def take(self, name: str, *, taken_at: float, offset_s: float) -> Snapshot:
        """Copy the data of the running cloud. Raises SnapshotRefused for a name that is taken or
        is none.
        """
        if not _NAME.fullmatch(name):
            raise SnapshotRefused("name: 1 to 64 letters, digits, dots, dashes or underscores")
        if (self._folder / name).exists():
            raise SnapshotRefused(f"name: there is a snapshot {name} already")
        draft = self._folder / f".{name}.draft"
        shutil.rmtree(draft, ignore_errors=True)
        files = draft / "files"
        files.mkdir(mode=0o700, parents=True)
        for file in self._files():
            _copy(file, files / file.relative_to(self._data))
        size_bytes = sum(each.stat().st_size for each in files.rglob("*") if each.is_file())
        snapshot = Snapshot(name, taken_at, offset_s, size_bytes)
        (draft / "snapshot.json").write_text(json.dumps(snapshot.as_json()), encoding="utf-8")
        draft.rename(self._folder / name)
        return snapshot

    def free_name(self) -> str:
        """A name for a snapshot whose taker has none in mind."""
        numbers = (number for number in range(1, 10**6) if not self.has(f"snapshot-{number}"))
        return f"snapshot-{next(numbers)}"

    def all(self) -> list[Snapshot]:
        """Every snapshot, oldest first."""
        files = [*self._folder.glob("[!.]*/snapshot.json")]
        found = [Snapshot(**json.loads(file.read_text(encoding="utf-8"))) for file in files]
        order = {file.parent.name: file.stat().st_mtime_ns for file in files}
        return sorted(found, key=lambda each: order[each.name])

    def has(self, name: str) -> bool:
        """True if there is a snapshot of that name."""
        is_name = _NAME.fullmatch(name) is not None
        return is_name and (self._folder / name / "snapshot.json").exists()

    def remove(self, name: str) -> None:
        """Forget a snapshot. Raises SnapshotRefused."""
        if not self.has(name):
            raise SnapshotRefused(f"name: there is no snapshot {name}")
        shutil.rmtree(self._folder / name)

    def put_back(self, name: str) -> None:
        """Make the data what it was. Nothing may have its files open. Raises SnapshotRefused."""
        if not self.has(name):
            raise SnapshotRefused(f"name: there is no snapshot {name}")
        marker = self._folder / _MARKER
        marker.write_text(name, encoding="utf-8")
        for entry in self._entries():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        shutil.copytree(self._folder / name / "files", self._data, dirs_exist_ok=True)
        marker.unlink()

    def finish(self) -> None:
        """Do again what an earlier run did not come to the end of; before anything is opened."""
        marker = self._folder / _MARKER
        if marker.exists():
            self.put_back(marker.read_text(encoding="utf-8"))

    def _entries(self) -> Iterator[Path]:
        for entry in self._data.iterdir():
            if entry.name not in self._not_kept:
                yield entry

    def _files(self) -> Iterator[Path]:
        for entry in self._entries():
            for file in [entry] if entry.is_file() else sorted(entry.rglob("*")):
                if file.is_file() and not file.name.endswith(_BESIDE_A_DATABASE):
                    yield file


def of_one_run(data: Path, ready_file: Path | None) -> frozenset[str]:
    """The names under `data` that say something of one run only: its lock, and its ready file."""
    is_in_data = ready_file is not None and ready_file.parent.resolve() == data.resolve()
    return frozenset({"lock", ready_file.name} if ready_file and is_in_data else {"lock"})


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if source.suffix not in _DATABASES:
        shutil.copy2(source, target)
        return
    # Not as a file: the newest commits are in the log beside it.
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)
    target.chmod(source.stat().st_mode & 0o777)
