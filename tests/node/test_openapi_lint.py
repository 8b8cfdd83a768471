"""The OpenAPI description against a linter that others wrote, by its strict rules."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from infra.openapi import FILE
from tests.node.sdks import OPENAPI, answer_of


@pytest.fixture(scope="module", autouse=True)
def _linter() -> None:
    reason = OPENAPI.missing()
    if reason is not None:
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(f"LEFT OUT: {reason}")


def test_the_description_has_nothing_to_be_told_of() -> None:
    assert answer_of(OPENAPI, "lint.js", {"file": str(FILE)}) == {"lines": []}


def test_the_linter_finds_what_is_planted(tmp_path: Path) -> None:
    described = json.loads(FILE.read_text(encoding="utf-8"))
    del described["paths"]["/v1/otp"]["post"]["operationId"]
    described["paths"]["/v1/otp/verify"]["post"]["requestBody"]["content"]["application/json"][
        "schema"
    ] = {"$ref": "#/components/schemas/Nowhere"}
    planted = tmp_path / "openapi.json"
    planted.write_text(json.dumps(described), encoding="utf-8")

    lines = answer_of(OPENAPI, "lint.js", {"file": str(planted)})["lines"]

    assert {line["rule"] for line in lines} >= {"operation-operationId", "no-unresolved-refs"}
