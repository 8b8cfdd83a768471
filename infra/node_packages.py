"""Packages of npm that checks run: pinned in a folder of the tree with their hashes, installed
below build/, and run by node. Nothing of them is shipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FLAGS = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")


class NodeFailed(Exception):
    """What npm or node said against it."""


@dataclass(frozen=True, slots=True)
class NodePackages:
    """The packages of one folder. what: as they are called where they are left out. source: the
    folder with package.json and its lock. folder: where they are installed.
    """

    what: str
    source: Path
    folder: Path
    time_limit_s: float = 120

    def missing(self) -> str | None:
        """Why they cannot be run here, if they cannot. Installs them where they are not yet."""
        absent = [name for name in ("node", "npm") if shutil.which(name) is None]
        if absent:
            return f"{self.what}: no {' and no '.join(absent)} on this machine"
        try:
            self.install()
        except NodeFailed as failed:
            return f"{self.what}: {failed}"
        return None

    def install(self) -> None:
        """Have them. Raises NodeFailed. Asks the npm registry, once a lock."""
        lock = (self.source / "package-lock.json").read_text(encoding="utf-8")
        stamp = self.folder / "installed.json"
        if stamp.exists() and stamp.read_text(encoding="utf-8") == lock:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(self.source / name, self.folder / name)
        self.run(("npm", "ci", *FLAGS, "--cache", str(self.folder / "cache")))
        stamp.write_text(lock, encoding="utf-8")

    def node(self, script: str, *arguments: str) -> str:
        """What a script of the source folder printed. Raises NodeFailed."""
        modules = {"PATH": os.environ["PATH"], "NODE_PATH": str(self.folder / "node_modules")}
        return self.run(("node", str(self.source / script), *arguments), modules)

    def run(self, command: tuple[str, ...], environment: Mapping[str, str] | None = None) -> str:
        """What a command printed, run where the packages are. Raises NodeFailed."""
        try:
            ended = subprocess.run(
                command,
                cwd=self.folder,
                env=dict(os.environ if environment is None else environment),
                capture_output=True,
                text=True,
                timeout=self.time_limit_s,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise NodeFailed(
                f"{command[0]} did not end within {self.time_limit_s:.0f} s"
            ) from error
        if ended.returncode:
            raise NodeFailed(f"{command[0]} ended with {ended.returncode}: {ended.stderr[-2000:]}")
        return ended.stdout
