"""The table of what is here, inferred and absent is current, and is read from the code."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.localcloud.control.operations import OPERATIONS
from infra.localcloud.coverage import __main__ as coverage
from infra.localcloud.coverage.absences import ABSENT_OPERATIONS
from infra.localcloud.coverage.source import codes_of, inferences_of


def test_table_is_current() -> None:
    assert coverage.main(["--check"]) == 0, "run python -m infra.localcloud.coverage"


def test_check_says_when_the_table_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(coverage, "FILE", tmp_path / "table.md")
    assert coverage.main(["--check"]) == 1
    assert "out of date" in capsys.readouterr().err

    assert coverage.main([]) == 0

    assert coverage.main(["--check"]) == 0


def test_codes_that_a_rule_gives_are_told_from_those_of_faults() -> None:
    codes = codes_of("dysmsapi")

    assert {"isv.BUSINESS_LIMIT_CONTROL", "isv.DAY_LIMIT_CONTROL"} <= set(codes.by_rule)
    assert {"isp.SYSTEM_ERROR", "isv.DENY_IP_RANGE"} <= set(codes.by_fault)


def test_inferences_are_found_in_comments_and_docstrings() -> None:
    modules = {module for module, _ in inferences_of("dysmsapi")}

    assert {"sending", "account", "push"} <= modules


def test_nothing_is_both_here_and_absent() -> None:
    for service, absent in ABSENT_OPERATIONS.items():
        named = {word for names in absent for word in names.replace(",", " ").split()}
        assert named.isdisjoint(OPERATIONS[service]), service
