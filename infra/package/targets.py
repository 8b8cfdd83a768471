"""The runtimes that a package can be made for, and what differs between them.

A target fixes the wheels that fit (the C library of the platform's image), the markers that hold
there, and the extension modules that its interpreter would load.
"""

from __future__ import annotations

import importlib.machinery
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from packaging.markers import default_environment

from infra.package.model import PackagingFailed

# Function Compute's python3.10 runs on Debian 10 (glibc 2.28), python3.12 on Debian 11 (2.31).
PLATFORMS = {"python3.10": "x86_64-manylinux_2_28", "python3.12": "x86_64-manylinux_2_31"}

TARGETS = ("here", *PLATFORMS)


@dataclass(frozen=True, slots=True)
class Target:
    """A runtime: `python` is its minor version, `markers` what PEP 508 markers see there."""

    name: str
    python: str
    platform: str
    uv_options: tuple[str, ...]
    markers: Mapping[str, str]
    extension_suffixes: tuple[str, ...]

    @property
    def bytecode_tag(self) -> str:
        """The part of a .pyc file's name that tells the interpreter, such as `cpython-310`."""
        return "cpython-" + self.python.replace(".", "")


def resolve(name: str) -> Target:
    """The target of that name. Raises PackagingFailed for a name that is none."""
    if name == "here":
        return _running_interpreter()
    if name not in PLATFORMS:
        raise PackagingFailed(f"unknown target {name!r}; known: {', '.join(TARGETS)}")
    return _function_compute(name, PLATFORMS[name])


def _running_interpreter() -> Target:
    environment = {key: str(value) for key, value in default_environment().items()}
    return Target(
        name="here",
        python=f"{sys.version_info.major}.{sys.version_info.minor}",
        platform=f"{environment['sys_platform']}-{environment['platform_machine']}",
        uv_options=(),
        markers=environment,
        extension_suffixes=tuple(importlib.machinery.EXTENSION_SUFFIXES),
    )


def _function_compute(name: str, platform: str) -> Target:
    python = name.removeprefix("python")
    tag = "cpython-" + python.replace(".", "")
    return Target(
        name=name,
        python=python,
        platform=platform,
        uv_options=("--python-version", python, "--python-platform", platform),
        markers={
            "implementation_name": "cpython",
            "implementation_version": f"{python}.0",
            "os_name": "posix",
            "platform_machine": "x86_64",
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": f"{python}.0",
            "python_version": python,
            "sys_platform": "linux",
        },
        extension_suffixes=(f".{tag}-x86_64-linux-gnu.so", ".abi3.so", ".so"),
    )
