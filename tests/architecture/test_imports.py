"""Which file may import what; the layers themselves are import-linter's (.importlinter)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OPENAPI = {"openapi.py", "dysmsapi.py", "directmail.py", "kms.py"}
SDKS = {
    "tablestore": {"tablestore.py"},
    "alibabacloud_dysmsapi20170525": {"dysmsapi.py"},
    "alibabacloud_dm20151123": {"directmail.py"},
    "alibabacloud_tea_openapi": OPENAPI,
    "alibabacloud_credentials": OPENAPI,
    "alibabacloud_credentials_api": {"role_provider.py"},
    "darabonba": OPENAPI,
    "mns": {"smq.py"},
    "nacl": {"ed25519.py"},
    "jmespath": {"rule.py"},
    "urllib3": {"tablestore.py", "sender.py", "siteverify.py"},
    "phonenumbers": {"phone_parser.py"},
}
PRODUCT = sorted(ROOT.glob("shared/**/*.py"))
ENTRIES = sorted(ROOT.glob("functions/*/index.py"))


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def test_there_is_something_to_check() -> None:
    assert len(PRODUCT) > 30
    assert len(ENTRIES) >= 3


@pytest.mark.parametrize("file", PRODUCT, ids=lambda file: str(file.relative_to(ROOT)))
def test_only_a_file_named_after_a_technology_imports_its_sdk(file: Path) -> None:
    for module in imported(file):
        assert file.name in SDKS.get(module, {file.name}), f"{file} imports {module}"


@pytest.mark.parametrize("file", ENTRIES, ids=lambda file: file.parent.name)
def test_a_front_door_is_short_and_decides_nothing(file: Path) -> None:
    source = file.read_text(encoding="utf-8")

    assert len(source.splitlines()) <= 25
    assert not [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.If)]


@pytest.mark.parametrize("file", PRODUCT, ids=lambda file: str(file.relative_to(ROOT)))
def test_service_code_asks_for_time_and_chance_as_arguments(file: Path) -> None:
    """The clock, the edge's stopwatch and the pause between tries are the only exceptions."""
    allowed = {"clock.py", "ids.py", "handler.py", "tablestore.py", "code_sender.py"}
    # These two name the default of an argument.
    allowed |= {"notice_channel.py", "dispatch.py"}
    allowed |= {"console_wiring.py"}  # a composition root: it hands one in
    if file.name not in allowed:
        assert not {"time", "random", "secrets"} & set(imported(file))
    # Dates may be computed with; what time it is now is asked of the clock.
    called = {
        node.func.attr
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert not {"now", "utcnow", "today"} & called


@pytest.mark.parametrize(
    "file",
    sorted(
        file
        for folder in ("shared", "functions", "infra")
        for file in ROOT.glob(f"{folder}/**/*.py")
    ),
    ids=lambda file: str(file.relative_to(ROOT)),
)
def test_no_file_is_too_long_to_read(file: Path) -> None:
    generated = file.name.endswith("_pb2.py")

    assert generated or len(file.read_text(encoding="utf-8").splitlines()) <= 450
