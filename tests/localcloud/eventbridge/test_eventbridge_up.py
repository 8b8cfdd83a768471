"""Triggers of a whole cloud: they run real functions, and bad ones keep it from starting."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from infra.localcloud.run.refusal import StartRefused
from infra.localcloud.run.up import UpOptions, up
from tests.localcloud.up.small import S_YAML, SmallProject

TIMER = """\
        - triggerName: tick
          triggerType: timer
          triggerConfig: {cronExpression: "@every %s", enable: true, payload: "{}"}
"""


def project(root: Path, period: str) -> SmallProject:
    small = SmallProject(root)
    (root / "s.yaml").write_text(S_YAML + TIMER % period)
    return small


def test_cloud_with_a_bad_trigger_does_not_start(tmp_path: Path) -> None:
    async def scenario() -> None:
        with pytest.raises(StartRefused, match="trigger tick: @every needs a period"):
            async with up(UpOptions(0, tmp_path / "data"), project(tmp_path, "0s").project()):
                pass

    asyncio.run(scenario())


def test_timer_runs_a_function_before_and_after_a_reset(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            up(UpOptions(0, tmp_path / "data"), project(tmp_path, "1h").project()) as running,
            httpx.AsyncClient(base_url=running.control, trust_env=False, timeout=15) as http,
        ):
            for _ in range(2):
                await http.post("/clock", json={"advance_s": 3600})
                # What a timer calls has ended when the clock's move is answered.
                entries = (await http.get("/invocations")).json()
                assert [each["invocation_type"] for each in entries] == ["async"]
                assert (await http.post("/reset")).status_code == 200

    asyncio.run(scenario())
