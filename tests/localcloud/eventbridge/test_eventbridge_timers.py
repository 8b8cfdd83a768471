"""When timers are due, and that the cloud's clock alone decides it."""

from __future__ import annotations

import asyncio
from datetime import datetime, timezone

import pytest

from infra.localcloud.eventbridge.schedule import ScheduleInvalid, read_schedule
from infra.serverless_devs.manifest import Trigger
from tests.localcloud.eventbridge.recorded import running, until

NOON = datetime(2026, 1, 1, 12, 0, 0, tzinfo=timezone.utc).timestamp()  # a Thursday


def timer(expression: str, **config: object) -> Trigger:
    return Trigger("tick", "timer", {"cronExpression": expression, "payload": "{}", **config})


@pytest.mark.parametrize(
    ("expression", "due"),
    [
        ("@every 5m", "2026-01-01T12:05:00"),
        ("0 0 4 * * *", "2026-01-02T04:00:00"),
        ("CRON_TZ=Asia/Shanghai 0 0 4 * * *", "2026-01-01T20:00:00"),
        ("*/20 * * * * ?", "2026-01-01T12:00:20"),
        ("0 0,30 9-17/4 * * 1-5", "2026-01-01T13:00:00"),
        ("0 0 0 ? * 7", "2026-01-04T00:00:00"),
        ("0 0 0 29 2 ?", "2028-02-29T00:00:00"),
        ("CRON_TZ=Europe/Berlin 0 30 2 29 3 *", "2027-03-29T00:30:00"),  # skipped in 2026
    ],
)
def test_schedule_names_the_next_time(expression: str, due: str) -> None:
    next_s = read_schedule(expression).next_due(since=NOON, now=NOON)
    assert datetime.fromtimestamp(next_s, timezone.utc).isoformat()[:19] == due


@pytest.mark.parametrize(
    "expression",
    ["", "@every 0s", "@every 1d", "0 0 4 * *", "60 * * * * *", "0 0 0 30 2 ?", "0 a * * * *",
     "*/0 * * * * *", "CRON_TZ=Nowhere/Else 0 0 4 * * *"],
)  # fmt: skip
def test_schedule_without_a_time_is_refused(expression: str) -> None:
    with pytest.raises(ScheduleInvalid):
        read_schedule(expression)


def test_timer_fires_once_for_a_jump_over_several_periods() -> None:
    async def scenario() -> None:
        async with running(timer("@every 5m"), timer("@every 1s", enable=False)) as scene:
            scene.cloud.clock.advance(3000)
            await until(lambda: bool(scene.events))
            (event,) = scene.events
            assert (event["triggerName"], event["payload"]) == ("tick", "{}")
            assert scene.runtime.types == ["async"]

    asyncio.run(scenario())
