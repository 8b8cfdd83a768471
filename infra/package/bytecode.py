"""Bytecode for the target's interpreter, which a cold start would otherwise make or do without.

The .pyc files are `unchecked-hash` (PEP 552): valid whatever times an unzip leaves on the sources.
Only an interpreter of the target's own minor version writes them; without one there are none.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from infra.package.model import PackagingFailed

INTRODUCTION = (
    "import platform, sys; print(platform.python_implementation(), *sys.version_info[:2]); "
    "print(sys.executable)"
)


def find_interpreter(python: str, search_path: str | None = None) -> str | None:
    """The path of a CPython of that minor version: the running one, else the first on the path
    that answers to its name, else None.
    """
    if python == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    path = os.environ.get("PATH", "") if search_path is None else search_path
    return next(
        filter(None, (_real_path(found, python) for found in _candidates(python, path))), None
    )


def compile_tree(folder: Path, *, interpreter: str, leave_out: Path | None = None) -> None:
    """Byte-compile every module below the folder, but those below `leave_out`.
    Raises PackagingFailed for a module that does not compile.
    """
    command = [interpreter, "-B", "-S", "-W", "ignore", "-m", "compileall", "-q"]
    # `-s` keeps the build folder's path out of the bytecode; the import system sets the real one.
    command += ["--invalidation-mode", "unchecked-hash", "-s", str(folder)]
    if leave_out is not None:
        command += ["-x", "^" + re.escape(f"{leave_out}{os.sep}")]
    # A fixed seed, because sets are written into bytecode in the order of their hashes.
    environment = {"PYTHONHASHSEED": "0"}
    done = subprocess.run(
        [*command, str(folder)], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        detail = " ".join((done.stdout + done.stderr).split())
        raise PackagingFailed(f"a module does not compile: {detail[:500]}")


def _candidates(python: str, search_path: str) -> Iterator[Path]:
    for folder in filter(None, search_path.split(os.pathsep)):
        yield Path(folder) / f"python{python}"
        if Path(folder).name == "shims":
            # pyenv's shim refuses a version that is installed but not selected.
            yield from Path(folder).parent.glob(f"versions/{python}.*/bin/python{python}")


def _real_path(candidate: Path, python: str) -> str | None:
    """Where the interpreter behind the candidate (perhaps a shim) is, if it is a right one."""
    if not candidate.is_file():
        return None
    command = [str(candidate), "-I", "-S", "-c", INTRODUCTION]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    version, _, path = done.stdout.partition("\n")
    return path.strip() if version.split() == ["CPython", *python.split(".")] else None
