"""What `make check` leaves to one Python is there."""

from __future__ import annotations

from infra.check import ONCE, ROOT


def test_what_runs_once_is_there() -> None:
    assert [file for file in ONCE if not (ROOT / file).is_file()] == []
