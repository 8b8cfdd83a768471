"""The README of the local cloud says what there is: every route, every fault, every service."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

import infra.localcloud as package
from infra.localcloud.control.operations import OPERATIONS
from infra.localcloud.control.server import ControlPlane
from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.faults import Fault, FaultInvalid, FaultPlan
from infra.localcloud.inbox.book import Inbox
from infra.localcloud.testing import LocalCloud
from tests.background import Background

ROOT = Path(package.__file__).parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def test_table_of_routes_is_that_of_the_control_plane() -> None:
    background = Background()
    cloud = Cloud()
    inbox = Inbox(cloud)

    async def reset() -> None:
        """Nothing to reset."""

    async def routes() -> set[str]:
        plane = ControlPlane(cloud, inbox, reset=reset)
        app = plane._runner.app
        return {
            f"{route.method} {route.resource.canonical}"
            for route in app.router.routes()
            if route.resource is not None and route.method != "HEAD"
        }

    there = background.run(routes())
    background.close()
    inbox.close()

    assert set(re.findall(r"^\| `((?:GET|POST|DELETE) [^`]+)`", TEXT, re.MULTILINE)) == there


def test_table_of_faults_has_kinds_that_are_taken() -> None:
    kinds = re.findall(r"^\| `((?:error|delay|drop|html|hang)[^`]*)`", TEXT, re.MULTILINE)
    plan = FaultPlan()
    for kind in kinds:
        filled = kind.replace("<Code>", "Throttling").replace("<ms>", "5")
        plan.add(Fault("sts", "*", filled, 1))

    assert len(plan.waiting()) == 6
    with pytest.raises(FaultInvalid):
        plan.add(Fault("sts", "*", "explode", 1))


def test_services_that_can_be_served_are_named() -> None:
    (named,) = re.findall(r"`serve` knows `([^`]+)`", TEXT)

    assert set(named.split()) == set(OPERATIONS)


def test_methods_that_are_named_are_there() -> None:
    (listed,) = re.findall(r"control plane as methods: (.+?)\.\n- ", TEXT, re.DOTALL)
    names = re.findall(r"`(\w+)\(", listed)

    assert len(names) > 8
    assert [name for name in names if not callable(getattr(LocalCloud, name, None))] == []


def test_distribution_has_every_package() -> None:
    there = {
        ".".join(("infra.localcloud", *file.parent.relative_to(ROOT).parts))
        for file in ROOT.rglob("__init__.py")
        if "build" not in file.parts
    }

    assert _array("packages") == {*there, "infra.serverless_devs"}


def test_distribution_has_what_its_modules_import() -> None:
    """Nothing of the product, and no import that pip would not bring."""
    names = {
        "aiohttp multidict": "aiohttp",
        "cryptography": "cryptography",
        "google": "protobuf",
        "lz4": "lz4",
        "packaging": "packaging",
        "phonenumbers": "phonenumberslite",
        "pydantic": "pydantic",
        "yaml": "pyyaml",
        "zstd": "zstd",
    }
    brought = {re.split(r"[<>=]", each)[0] for each in _array("dependencies")}
    known = {word: dist for words, dist in names.items() for word in words.split()}

    own = {"infra", "pytest", *sys.stdlib_module_names}
    imported = {name for file in ROOT.rglob("*.py") for name in _imports(file)} - own

    assert imported <= known.keys()
    assert {known[name] for name in imported} <= brought


def _array(name: str) -> set[str]:
    """The strings of an array in pyproject.toml; tomllib is of Python 3.11."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (body,) = re.findall(rf"^{name} = \[\n(.*?)^\]", text, re.MULTILINE | re.DOTALL)
    return set(re.findall(r'"([^"]+)"', body))


def _imports(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found
