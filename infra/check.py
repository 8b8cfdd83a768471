"""`make check`: every check of the project, in order, and what was left out said loudly.

Nothing may be left out where CI is set: what a machine lacks is then a failure, not a note.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.package.bytecode import find_interpreter
from infra.serverless_devs import tool

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
OTHER_PYTHONS = ("3.10", "3.12")
OTHER_TESTS = ("tests/unit", "tests/contract", "tests/functional", "tests/localcloud/tablestore")
"""What is run on the platform's own Python versions: the product, and the codecs under it."""

ONCE = (
    "tests/unit/package/test_package_manifest.py",
    "tests/unit/rollup/test_reconciliation.py",
    "tests/unit/abuse/test_attack_replay.py",
    "tests/functional/test_capacity_measured.py",
    "tests/functional/test_console_cost.py",
    "tests/functional/test_foundation.py",
    "tests/functional/test_foundation_drift.py",
    "tests/functional/test_serverless_devs_tool.py",
)
"""Of these, what is long and about counts or files, which are the same on every Python."""

IN_PARALLEL = ("--quiet", "-n", "auto", "--dist", "loadfile", "--randomly-dont-reorganize")
"""A worker a core; the tests of a file share what they start, and stay together. In the order of
the files, so that the long ones, which are end to end, come early.
"""


@dataclass(frozen=True, slots=True)
class Step:
    """One command, and why it is run."""

    name: str
    command: tuple[str, ...]


def steps(*, with_real_tool: bool) -> Iterator[Step]:
    """The checks on the interpreter at hand, cheapest first."""
    python = str(BIN / "python")
    yield Step("format", (str(BIN / "ruff"), "format", "--check", "--quiet", "."))
    yield Step("lint", (str(BIN / "ruff"), "check", "--quiet", "."))
    yield Step("import rules", (str(BIN / "lint-imports"), "--no-logo"))
    for version in OTHER_PYTHONS:
        yield Step(f"types, {version}", (str(BIN / "mypy"), "--python-version", version))
    yield Step("openapi", (python, "-m", "infra.openapi", "--check"))
    example = "infra/s.env.example"
    yield Step("s.yaml", ("make", "--no-print-directory", "s-check", f"ENV_FILE={example}"))
    if with_real_tool:
        real = (python, "-m", "infra.serverless_devs", "tool", "--env-file", example)
        yield Step("s.yaml by the real tool", real)
    yield Step("package", ("make", "--no-print-directory", "package", f"ENV_FILE={example}"))
    yield Step("tests", (python, "-m", "pytest", *IN_PARALLEL))
    yield Step("demo", (python, "-m", "infra.demo"))


def other_python_steps(version: str, interpreter: str) -> Iterator[Step]:
    """The tests of the product on another Python, in an environment of its own below build/."""
    venv = ROOT / "build" / "venvs" / version
    uv, python = str(BIN / "uv"), str(venv / "bin" / "python")
    requirements = str(ROOT / "infra" / "requirements" / "dev.txt")
    if not (venv / "bin" / "python").exists():
        yield Step(f"python {version}", (uv, "venv", "--quiet", "-p", interpreter, str(venv)))
    yield Step(
        f"python {version}: install",
        (uv, "pip", "install", "--quiet", "-p", python, "--require-hashes", "-r", requirements),
    )
    ignored = tuple(f"--ignore={file}" for file in ONCE)
    command = (python, "-m", "pytest", *IN_PARALLEL, *OTHER_TESTS, *ignored)
    yield Step(f"python {version}: tests", command)


def missing_browser() -> str | None:
    """Why the browser tests cannot run here, if they cannot."""
    absent = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return f"browser tests: no {' and no '.join(absent)} on this machine" if absent else None


def missing_node() -> str | None:
    """Why the tests of the Node SDKs and of the JavaScript client cannot run here, if so."""
    absent = [name for name in ("node", "npm") if shutil.which(name) is None]
    return f"tests in Node: no {' and no '.join(absent)} on this machine" if absent else None


def run(step: Step) -> bool:
    """Run one step with its output shown; True if it held."""
    print(f"\n== {step.name}", flush=True)
    started_s = time.monotonic()
    held = subprocess.run(step.command, cwd=ROOT, check=False).returncode == 0
    print(f"-- {step.name}: {'ok' if held else 'FAILED'}, {time.monotonic() - started_s:.0f} s")
    return held


def main(arguments: Sequence[str]) -> int:
    """Run all of it; 1 if anything failed, or was left out although CI is set."""
    without_tool = tool.missing()
    left_out = [note for note in (missing_browser(), missing_node(), without_tool) if note]
    chosen = list(steps(with_real_tool=without_tool is None))
    for version in OTHER_PYTHONS:
        interpreter = find_interpreter(version)
        if interpreter is None:
            left_out.append(f"tests on Python {version}: not on this machine")
        elif interpreter != sys.executable:
            chosen += other_python_steps(version, interpreter)
    failed: list[str] = []
    for step in chosen:
        if arguments and step.name not in arguments:
            continue
        if not run(step):
            failed.append(step.name)
            break
    print()
    for note in left_out:
        print(f"!! LEFT OUT: {note}")
    if failed:
        print(f"check: FAILED at {failed[0]}")
        return 1
    if left_out and os.environ.get("CI"):
        print("check: FAILED, as nothing may be left out in CI")
        return 1
    print("check: ok" + (f", but {len(left_out)} left out" if left_out else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
