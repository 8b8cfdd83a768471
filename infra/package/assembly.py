"""One function's folder: its own files, the product package, and its third-party closure."""

from __future__ import annotations

import shutil
from importlib.metadata import Distribution
from pathlib import Path, PurePosixPath

from infra.package.bytecode import compile_tree
from infra.package.closure import Closure
from infra.package.digests import files_below
from infra.package.edits import DEFERRED_STUB
from infra.package.model import PackagingFailed
from infra.package.slimming import DROPPED_FOLDERS, EXCLUDED, ships
from infra.package.targets import Target
from infra.package.wheels import Wheels

REQUIREMENTS = "requirements.in"
SHARED = "shared"
THIRD_PARTY = "python"


def assemble(
    folder: Path,
    *,
    function: Path,
    shared: Path,
    closure: Closure,
    wheels: Wheels,
    target: Target,
    compiler: str | None,
) -> None:
    """Fill a new folder with all that the function ships, byte-compiled if there is a compiler.
    Raises PackagingFailed if a file of the function would hide the product or its packages.
    """
    for reserved in (SHARED, THIRD_PARTY):
        if (function / reserved).exists():
            raise PackagingFailed(f"{function / reserved} would hide the packaged {reserved}/")
    _copy_sources(function, folder)
    (folder / REQUIREMENTS).unlink(missing_ok=True)
    _copy_sources(shared, folder / SHARED)
    third_party = folder / THIRD_PARTY
    third_party.mkdir()
    if compiler is not None:
        compile_tree(folder, interpreter=compiler, leave_out=third_party)
    for distribution in closure.shipped.values():
        _copy_distribution(distribution, wheels.site, third_party, target)
    stubs = {stub for name in closure.left_out if (stub := EXCLUDED[name])}
    if closure.shipped:
        stubs.add(DEFERRED_STUB)  # stands in edited sources
    for stub in sorted(stubs):
        shutil.copytree(wheels.stubs / stub, third_party / stub)


def _copy_sources(source: Path, destination: Path) -> None:
    for file in files_below(source):
        place = file.relative_to(source)
        if not DROPPED_FOLDERS.intersection(place.parts[:-1]):
            _copy(file, destination / place)


def _copy_distribution(
    distribution: Distribution, site: Path, third_party: Path, target: Target
) -> None:
    for recorded in distribution.files or []:
        place = PurePosixPath(recorded)
        if not ships(place, target.extension_suffixes):
            continue
        _copy(site / place, third_party / place)
        compiled = place.parent / "__pycache__" / f"{place.stem}.{target.bytecode_tag}.pyc"
        if place.suffix == ".py" and (site / compiled).exists():
            _copy(site / compiled, third_party / compiled)


def _copy(source: Path, destination: Path) -> None:
    destination.parent.mkdir(parents=True, exist_ok=True)
    # A copy, never a link: installers link into a cache that all projects of a machine share.
    shutil.copyfile(source, destination)
