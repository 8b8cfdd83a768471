"""better-auth's phone-number plugin beside us: installed below build/, run by node.

The store is its own memory and the SMS goes nowhere, so it pays for nothing but itself.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from infra.project import ROOT

NODE = Path(__file__).resolve().parent / "betterauth"
FOLDER = ROOT / "build" / "betterauth"
TIME_LIMIT_S = 300


class LeftOut(Exception):
    """It cannot be run here; the text says why."""


def measured(pairs: int, warm_up: int) -> Mapping[str, Mapping[str, float]]:
    """CPU seconds of `pairs` requests and as many verifies, by kind, for each way to verify.

    Raises LeftOut.
    """
    absent = [name for name in ("node", "npm") if shutil.which(name) is None]
    if absent:
        raise LeftOut(f"no {' and no '.join(absent)} on this machine")
    install()
    done = subprocess.run(
        ["node", "phone_number.mjs", str(pairs), str(warm_up)],
        cwd=FOLDER,
        capture_output=True,
        timeout=TIME_LIMIT_S,
        check=False,
    )
    if done.returncode:
        raise LeftOut(f"node ended with {done.returncode}")
    result: dict[str, dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
    return result


def install() -> None:
    """Have the pinned packages below build/. Raises LeftOut. Asks the npm registry, once."""
    lock = (NODE / "package-lock.json").read_text(encoding="utf-8")
    stamp = FOLDER / "installed.json"
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", "phone_number.mjs"):
        shutil.copyfile(NODE / name, FOLDER / name)
    if stamp.exists() and stamp.read_text(encoding="utf-8") == lock:
        return
    flags = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")
    command = ["npm", "ci", *flags, "--cache", str(FOLDER / "cache")]
    done = subprocess.run(
        command, cwd=FOLDER, capture_output=True, timeout=TIME_LIMIT_S, check=False
    )
    if done.returncode:
        raise LeftOut("npm could not install better-auth")
    stamp.write_text(lock, encoding="utf-8")
