"""Projects in temporary folders, and three functions packaged once for every target."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.package import build
from tests.unit.package.projects import CACHE, FUNCTIONS, MakeProject, Packaged, write_project


@pytest.fixture
def make_project(tmp_path: Path) -> MakeProject:
    return lambda functions: write_project(tmp_path / "project", functions)


@pytest.fixture(scope="session", params=["here", "python3.10", "python3.12"])
def packaged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Packaged:
    """The three functions above, packaged for each target in turn."""
    base = tmp_path_factory.mktemp("packaged")
    root = write_project(base / "project", FUNCTIONS)
    report = build(request.param, base / "out", root=root, cache=CACHE)
    return Packaged(target=request.param, out=base / "out", report=report)
