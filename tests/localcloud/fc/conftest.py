from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.localcloud.fc.functions_on_disk import Functions


@pytest.fixture
def deploy(tmp_path: Path) -> Iterator[Callable[..., Functions]]:
    """Writes a function's code and starts a runtime for it; stops them all after the test."""
    deployed: list[Functions] = []

    def start(code: str, **options: object) -> Functions:
        functions = Functions(tmp_path / f"code{len(deployed)}", code, **options)  # type: ignore[arg-type]
        deployed.append(functions)
        return functions

    yield start
    for functions in deployed:
        functions.close()
