"""Which installed distributions a function needs: what it names, and what those need in turn.

Read from the installed metadata rather than from the lock, which does not say who needs whom; the
markers are those of the target, not of the interpreter that runs this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from infra.package.edits import EDITED_FILES
from infra.package.locked import Lock
from infra.package.model import PackagingFailed, ShippedDistribution
from infra.package.slimming import EXCLUDED
from infra.package.targets import Target


@dataclass(frozen=True, slots=True)
class Closure:
    """What is shipped, by canonical name, and the excluded distributions met on the way."""

    shipped: Mapping[str, Distribution]
    left_out: tuple[str, ...]


def read_installed(site: Path) -> dict[str, Distribution]:
    """Every distribution in that folder, by canonical name."""
    return {
        canonicalize_name(found.metadata["Name"]): found
        for found in distributions(path=[str(site)])
    }


def close(
    names: tuple[str, ...], *, installed: Mapping[str, Distribution], lock: Lock, target: Target
) -> Closure:
    """The closure of those names on the target. Raises PackagingFailed for a name that is
    excluded, not locked, or not there for this target.
    """
    for name in names:
        if name in EXCLUDED:
            raise PackagingFailed(f"{name} is named, but never shipped (see slimming.py)")
    shipped: dict[str, Distribution] = {}
    left_out: set[str] = set()
    wanted = [(name, "requirements.in") for name in names]
    while wanted:
        name, wanted_by = wanted.pop()
        if name in EXCLUDED:
            left_out.add(name)
        elif name not in shipped:
            shipped[name] = _find(name, wanted_by, installed=installed, lock=lock, target=target)
            wanted += [(needed, name) for needed in _needs(shipped[name], target)]
    return Closure(shipped=dict(sorted(shipped.items())), left_out=tuple(sorted(left_out)))


def describe(distribution: Distribution) -> ShippedDistribution:
    """The line of the manifest for a distribution."""
    metadata = distribution.metadata
    classifiers = metadata.get_all("Classifier") or []
    # get_all, since asking for a field that is not there is an error to be from 3.12 on.
    fields = ("License-Expression", "License")
    candidates = [text for field in fields for text in metadata.get_all(field) or []]
    candidates += [c.rpartition(" :: ")[2] for c in classifiers if c.startswith("License ::")]
    # Some projects put the whole licence text into the field.
    licence = next((text for text in candidates if text and "\n" not in text), "unknown")
    recorded = {file.as_posix() for file in distribution.files or []}
    return ShippedDistribution(
        name=canonicalize_name(metadata["Name"]),
        version=distribution.version,
        licence=licence,
        edited=tuple(sorted(recorded.intersection(EDITED_FILES))),
    )


def _find(
    name: str,
    wanted_by: str,
    *,
    installed: Mapping[str, Distribution],
    lock: Lock,
    target: Target,
) -> Distribution:
    if name not in lock.entries:
        raise PackagingFailed(f"{name}, which {wanted_by} names, is not in the lock {lock.path}")
    if name not in installed:
        raise PackagingFailed(
            f"{name}, which {wanted_by} names, is locked but not for {target.name}"
        )
    return installed[name]


def _needs(distribution: Distribution, target: Target) -> list[str]:
    requirements = [Requirement(text) for text in distribution.requires or []]
    environment = {**target.markers, "extra": ""}
    return [
        canonicalize_name(requirement.name)
        for requirement in requirements
        if requirement.marker is None or requirement.marker.evaluate(environment)
    ]
