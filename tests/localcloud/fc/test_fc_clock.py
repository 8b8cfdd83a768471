"""The cloud's clock is the functions' clock."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.localcloud.fc.functions_on_disk import Functions

Deploy = Callable[..., Functions]
CLOCKS = """
    import datetime, time
    def handler(event, context):
        return {
            "time": time.time(),
            "time_ns": time.time_ns() / 1e9,
            "now": datetime.datetime.now().timestamp(),
            "utcnow": datetime.datetime.now(datetime.timezone.utc).timestamp(),
            "monotonic": time.monotonic(),
        }
"""
WALL = ("time", "time_ns", "now", "utcnow")


@pytest.mark.parametrize("offset_s", [90_000.0, -90_000.0])
def test_a_function_sees_the_clock_that_was_moved(deploy: Deploy, offset_s: float) -> None:
    functions = deploy(CLOCKS)
    functions.invoke()
    functions.cloud.clock.advance(offset_s)
    clocks = functions.returned()
    for name in WALL:
        assert clocks[name] == pytest.approx(time.time() + offset_s, abs=2), name


def test_a_warm_instance_follows_every_move_of_the_clock(deploy: Deploy) -> None:
    functions = deploy(CLOCKS)
    for offset_s in (500.0, 500.0, -500.0, 0.0):
        functions.cloud.clock.set_offset(offset_s)
        assert functions.returned()["time"] == pytest.approx(time.time() + offset_s, abs=2)


def test_a_moved_clock_keeps_going(deploy: Deploy) -> None:
    functions = deploy(CLOCKS)
    functions.cloud.clock.advance(500)
    first, second = functions.returned(), functions.returned()
    passed_s = second["monotonic"] - first["monotonic"]
    assert second["time"] - first["time"] == pytest.approx(passed_s, abs=0.05)


def test_monotonic_time_is_the_hosts(deploy: Deploy) -> None:
    functions = deploy(CLOCKS)
    functions.cloud.clock.advance(90_000)
    assert functions.returned()["monotonic"] == pytest.approx(time.monotonic(), abs=2)


def test_an_invocation_starts_by_the_clouds_clock(deploy: Deploy) -> None:
    functions = deploy(CLOCKS)
    functions.cloud.clock.advance(90_000)
    assert functions.invoke().started_at == pytest.approx(time.time() + 90_000, abs=5)
