"""Small projects to package, and one shared cache of installed distributions under build/, so that
only the first run on a machine needs the network.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.package import Report
from infra.package.build import PROJECT

CACHE = PROJECT / "build" / "package-tests"
SENDER = ("tablestore", "pydantic", "phonenumberslite", "alibabacloud-dysmsapi20170525")
FUNCTIONS: Mapping[str, tuple[str, ...]] = {
    "send": (*SENDER, "alibabacloud-credentials"),
    "check": ("tablestore", "pydantic"),
    "describe": (),
}

MakeProject = Callable[[Mapping[str, tuple[str, ...]]], Path]


@dataclass(frozen=True)
class Packaged:
    """A finished build: `folder` gives a function's deployable folder."""

    target: str
    out: Path
    report: Report

    def folder(self, function: str) -> Path:
        return self.out / "functions" / function


def write_project(root: Path, functions: Mapping[str, tuple[str, ...]]) -> Path:
    """A project in `root` whose functions name those distributions, with the real lock."""
    for name, requirements in functions.items():
        folder = root / "functions" / name
        folder.mkdir(parents=True)
        (folder / "index.py").write_text("def handler(event, context):\n    return {}\n")
        (folder / "requirements.in").write_text("\n".join(["# bare names", *requirements]) + "\n")
    (root / "shared" / "otp" / "tests").mkdir(parents=True)
    for place in ("__init__.py", "otp/__init__.py", "otp/codes.py", "otp/tests/test_codes.py"):
        (root / "shared" / place).write_text("LENGTH = 6\n")
    lock = root / "infra" / "requirements" / "functions.txt"
    lock.parent.mkdir(parents=True)
    shutil.copyfile(PROJECT / "infra" / "requirements" / "functions.txt", lock)
    return root
