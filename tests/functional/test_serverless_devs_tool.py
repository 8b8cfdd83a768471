"""The real tool on this project's s.yaml; `make check` installs it in a step of its own, before."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from infra.serverless_devs import tool
from infra.serverless_devs.__main__ import ENV_EXAMPLE, read_env_file
from tests.unit.serverless_devs.test_planted_mistakes import MISTAKES, S_YAML, planted

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or not tool.PROGRAM.exists(),
    reason="npm's @serverless-devs/s is not installed below build/",
)

KNOWN_TO_THE_SCHEMA = (
    "a prop nobody knows",
    "a hook",
    "a trigger's key",
    "a domain key",
    "a queue's name",
    "an ARN's key",
    "odd memory",
    "a reserved name",
    "a short cron",
)


@pytest.fixture
def environment() -> dict[str, str]:
    return {**read_env_file(ENV_EXAMPLE), "STAGE": "staging"}


def test_the_tool_renders_and_verifies_the_file_with_numbers_from_outside(
    environment: dict[str, str],
) -> None:
    environment |= {"SESAME_OTP_INSTANCES_KEPT": "2", "SESAME_DISPATCH_INSTANCES": "40"}
    assert tool.problems_of(S_YAML, environment) == []


@pytest.mark.parametrize("name", KNOWN_TO_THE_SCHEMA)
def test_the_projects_schema_lets_s_verify_see_a_mistake(
    name: str, environment: dict[str, str], tmp_path: Path
) -> None:
    (mistake,) = (each for each in MISTAKES if each.name == name)
    file = tmp_path / "s.yaml"
    file.write_text(planted(mistake), encoding="utf-8")

    (told,) = tool.verified(file, environment)

    assert told.startswith("s verify: ")


def test_a_variable_that_is_missing_is_named_by_the_tool(environment: dict[str, str]) -> None:
    del environment["SESAME_OTP_KEYS"]
    (told,) = tool.verified(S_YAML, environment)
    assert "SESAME_OTP_KEYS" in told
