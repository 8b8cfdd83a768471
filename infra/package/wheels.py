"""The locked distributions, installed once per target and lock, byte-compiled, beside the stubs.

Functions copy from this cache; nothing runs from it. Its name carries a hash of all that made it,
so it is never repaired or updated: another input is another folder, and the old one goes.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from infra.package.bytecode import compile_tree
from infra.package.digests import digest
from infra.package.editing import edit_sources
from infra.package.locked import Lock
from infra.package.model import PackagingFailed
from infra.package.slimming import EXCLUDED, STUBS
from infra.package.targets import Target

# The one locked distribution that is published as source only; it is pure Python.
SOURCE_ONLY = "alibabacloud-tea"


@dataclass(frozen=True, slots=True)
class Wheels:
    """An installed and compiled cache: `site` as an installer left it, `stubs` as we wrote them."""

    folder: Path

    @property
    def site(self) -> Path:
        return self.folder / "site"

    @property
    def stubs(self) -> Path:
        return self.folder / "stubs"


def wheels_name(target: Target, *, lock: Lock, has_bytecode: bool) -> str:
    """The cache folder's name: the target, and a hash of the lock, the stubs and this package."""
    identity = digest(
        [target.platform, target.python, "bytecode" if has_bytecode else "plain"],
        [lock.path, Path(__file__).parent],
    )
    return f"{target.name}-{identity[:16]}"


def ensure_wheels(
    cache: Path, name: str, *, target: Target, lock: Lock, compiler: str | None
) -> Wheels:
    """The cache folder of that name, made if it is not there. Takes seconds then, and the network
    where the installer's own cache is cold. Raises PackagingFailed if the install fails.
    """
    folder = cache / name
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix=".making-") as aside:
            made = Wheels(Path(aside) / name)
            _install(made.site, target=target, lock=lock)
            edit_sources(made.site)
            shutil.copytree(STUBS, made.stubs, ignore=shutil.ignore_patterns("__pycache__"))
            if compiler is not None:
                compile_tree(made.site, interpreter=compiler)
                compile_tree(made.stubs, interpreter=compiler)
            _settle(made.folder, folder)
        _drop_older(cache, target=target, keep=name)
    return Wheels(folder)


def _install(site: Path, *, target: Target, lock: Lock) -> None:
    command = [sys.executable, "-m", "uv", "--quiet", "pip", "install", "--target", str(site)]
    command += ["--python", sys.executable, "--require-hashes", "--no-deps", *target.uv_options]
    command += ["--only-binary", ":all:", "--no-binary", SOURCE_ONLY, "-r", "-"]
    done = subprocess.run(
        command, input=lock.text_without(EXCLUDED), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        detail = " ".join(done.stderr.split())[:400]
        raise PackagingFailed(f"cannot install {lock.path} for {target.name}: {detail}")


def _settle(made: Path, folder: Path) -> None:
    try:
        made.rename(folder)
    except OSError:
        # Another build may have settled the same content first; theirs is as good.
        if not folder.is_dir():
            raise


def _drop_older(cache: Path, *, target: Target, keep: str) -> None:
    for older in cache.glob(f"{target.name}-*"):
        if older.name != keep:
            shutil.rmtree(older, ignore_errors=True)
