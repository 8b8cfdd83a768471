"""The build: from the sources and the lock to the deployable folders, redoing only what changed.

Each function has a stamp, a hash of everything that went into its folder; the same hash means that
the folder stands. A new folder is built aside and renamed, so that a reader never sees half of it.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from infra.package.assembly import REQUIREMENTS, SHARED, assemble
from infra.package.bytecode import find_interpreter
from infra.package.closure import close, describe, read_installed
from infra.package.digests import digest
from infra.package.locked import Lock, read_lock, read_names
from infra.package.model import BuiltFunction, PackagingFailed, Report
from infra.package.sbom import bill_of_materials
from infra.package.targets import Target, resolve
from infra.package.wheels import ensure_wheels, wheels_name
from infra.package.zipping import write_zip

PROJECT = Path(__file__).resolve().parents[2]
MODULE_SUFFIXES = {".py", ".so"}
MANIFEST, SBOM = ".manifest.json", ".cdx.json"
MADE_BESIDE = (".zip", MANIFEST, SBOM)


def build(
    target: str = "here",
    out: Path = Path("build"),
    *,
    functions: Sequence[str] = (),
    with_zip: bool = False,
    root: Path = PROJECT,
    cache: Path | None = None,
) -> Report:
    """Make `out/functions/<name>/` for the named functions, or for all of them, and the manifests.

    `root` holds functions/, shared/ and infra/requirements/functions.txt; `cache` keeps installed
    distributions and may be shared between builds. One build at a time works on an `out`.
    Raises PackagingFailed with one line for the user.
    """
    resolved = resolve(target)
    names = _choose(root / "functions", functions)
    lock = read_lock(root / "infra" / "requirements" / "functions.txt")
    out.mkdir(parents=True, exist_ok=True)
    with _alone_in(out):
        run = _Run(
            target=resolved,
            root=root.resolve(),
            out=out.resolve(),
            cache=(cache or out / ".wheels").resolve(),
            lock=lock,
            compiler=find_interpreter(resolved.python),
        )
        if not functions:
            run.drop_all_but(names)
        results = [run.build_function(name, with_zip=with_zip) for name in names]
        report = Report(
            target=resolved.name,
            python=resolved.python,
            platform=resolved.platform,
            functions=tuple(built for built, _ in results),
            rebuilt=tuple(built.name for built, was_rebuilt in results if was_rebuilt),
        )
        _write_manifests(out, report)
    return report


@dataclass(frozen=True, slots=True)
class _Run:
    """One build's fixed surroundings; its methods change files below `out` and `cache` only."""

    target: Target
    root: Path
    out: Path
    cache: Path
    lock: Lock
    compiler: str | None

    def build_function(self, name: str, *, with_zip: bool) -> tuple[BuiltFunction, bool]:
        """The function as it now stands, and whether this run made it."""
        cache_name = wheels_name(
            self.target, lock=self.lock, has_bytecode=self.compiler is not None
        )
        source, folder = self.root / "functions" / name, self.out / "functions" / name
        inputs = digest([cache_name], [source, self.root / SHARED])
        stamp, archive = self.out / ".stamps" / f"{name}.json", self.out / f"{name}.zip"
        standing = _read_stamp(stamp, inputs) if folder.is_dir() else None
        if standing is None:
            # First, so that a build cut short never leaves them beside another folder.
            stamp.unlink(missing_ok=True)
            archive.unlink(missing_ok=True)
        built = standing or self._assemble(name, source, folder, cache_name)
        if with_zip and not (built.zip_sha256 and archive.exists()):
            sha256 = write_zip(folder, archive)
            built = replace(built, zip_sha256=sha256, zipped_bytes=archive.stat().st_size)
        if built != standing:
            _write_whole(stamp, {"inputs": inputs, "built": built.to_json()})
        return built, standing is None

    def drop_all_but(self, names: Sequence[str]) -> None:
        """Remove what earlier builds made for functions that are no more."""
        for folder in (self.out / "functions").glob("[!.]*"):
            if folder.name not in names:
                shutil.rmtree(folder)
                for suffix in MADE_BESIDE:
                    (self.out / f"{folder.name}{suffix}").unlink(missing_ok=True)

    def _assemble(self, name: str, source: Path, folder: Path, cache_name: str) -> BuiltFunction:
        wheels = ensure_wheels(
            self.cache, cache_name, target=self.target, lock=self.lock, compiler=self.compiler
        )
        closure = close(
            read_names(source / REQUIREMENTS),
            installed=read_installed(wheels.site),
            lock=self.lock,
            target=self.target,
        )
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".making-") as aside:
            made = Path(aside) / name
            assemble(
                made,
                function=source,
                shared=self.root / SHARED,
                closure=closure,
                wheels=wheels,
                target=self.target,
                compiler=self.compiler,
            )
            if folder.exists():
                folder.rename(Path(aside) / "old")
            made.rename(folder)
        files = [file for file in folder.rglob("*") if file.is_file()]
        return BuiltFunction(
            name=name,
            file_count=len(files),
            unpacked_bytes=sum(file.stat().st_size for file in files),
            module_count=sum(file.suffix in MODULE_SUFFIXES for file in files),
            has_bytecode=self.compiler is not None,
            distributions=tuple(describe(found) for found in closure.shipped.values()),
            left_out=closure.left_out,
        )


def _write_manifests(out: Path, report: Report) -> None:
    """Beside each zip its manifest and its bill of materials, and those of all of them."""
    for function in report.functions:
        _write_whole(out / f"{function.name}{MANIFEST}", report.manifest_of(function))
        bill = bill_of_materials(function.name, [function])
        _write_whole(out / f"{function.name}{SBOM}", bill)
    _write_whole(out / "manifest.json", report.manifest())
    _write_whole(out / f"sesame{SBOM}", bill_of_materials("sesame", report.functions))


def _choose(functions: Path, wanted: Sequence[str]) -> tuple[str, ...]:
    known = sorted(index.parent.name for index in functions.glob("*/index.py"))
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        raise PackagingFailed(f"no index.py in {functions / unknown[0]}")
    return tuple(name for name in known if not wanted or name in wanted)


@contextmanager
def _alone_in(out: Path) -> Iterator[None]:
    with (out / ".lock").open("w") as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        yield


def _read_stamp(stamp: Path, inputs: str) -> BuiltFunction | None:
    try:
        content = json.loads(stamp.read_text(encoding="utf-8"))
        return BuiltFunction.from_json(content["built"]) if content["inputs"] == inputs else None
    except (OSError, ValueError, KeyError, TypeError):
        # No stamp, or one of another version of this code: the folder is simply built again.
        return None


def _write_whole(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".new")
    aside.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    os.replace(aside, path)
