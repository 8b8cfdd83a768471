"""The official Node SDK of Tablestore: npm's `tablestore`, pinned in tablestore/ with its hashes
and installed below build/.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SOURCE = Path(__file__).resolve().parent / "tablestore"
FOLDER = ROOT / "build" / "node" / "tablestore"
TIME_LIMIT_S = 100


class NodeFailed(Exception):
    """What npm or node said against it."""


def missing() -> str | None:
    """Why the SDK cannot be run here, if it cannot. Installs it where it is not yet."""
    absent = [name for name in ("node", "npm") if shutil.which(name) is None]
    if absent:
        return f"Tablestore's Node SDK: no {' and no '.join(absent)} on this machine"
    try:
        install()
    except NodeFailed as failed:
        return f"Tablestore's Node SDK: {failed}"
    return None


def install() -> None:
    """Have the pinned package below build/. Raises NodeFailed. Asks the npm registry, once."""
    lock = (SOURCE / "package-lock.json").read_text(encoding="utf-8")
    stamp = FOLDER / "installed.json"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == lock:
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(SOURCE / name, FOLDER / name)
    flags = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")
    _run(("npm", "ci", *flags, "--cache", str(FOLDER / "cache")), os.environ)
    stamp.write_text(lock, encoding="utf-8")


def run(script: Path, place: Mapping[str, str]) -> dict[str, Any]:
    """What a script of tablestore/ printed as JSON; `place` is its one argument. Raises
    NodeFailed.
    """
    environment = {"PATH": os.environ["PATH"], "NODE_PATH": str(FOLDER / "node_modules")}
    told: dict[str, Any] = json.loads(_run(("node", str(script), json.dumps(place)), environment))
    return told


def _run(command: tuple[str, ...], environment: Mapping[str, str]) -> str:
    try:
        ended = subprocess.run(
            command,
            cwd=FOLDER,
            env=dict(environment),
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NodeFailed(f"{command[0]} did not end within {TIME_LIMIT_S} s") from error
    if ended.returncode:
        raise NodeFailed(f"{command[0]} ended with {ended.returncode}: {ended.stderr[-2000:]}")
    return ended.stdout
