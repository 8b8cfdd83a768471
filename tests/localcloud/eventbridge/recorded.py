"""A runtime that records instead of running, and triggers on top of it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from contextlib import asynccontextmanager
from pathlib import Path

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.eventbridge.triggers import Triggers
from infra.localcloud.fc.invocation import InvocationResult
from infra.localcloud.smq.store import Draft, QueueStore
from infra.serverless_devs import FunctionSpec
from infra.serverless_devs.manifest import Trigger

DEAD = "acs:mns:cn-hangzhou:123:/queues/dead"


class RecordingRuntime:
    """Fails the first `failures` invocations; holds all while `gate` is closed."""

    def __init__(self) -> None:
        self.events: list[bytes] = []
        self.types: list[str] = []
        self.failures = 0
        self.gate = asyncio.Event()
        self.gate.set()

    def new_request_id(self) -> str:
        return "1-request"

    async def invoke(
        self, function_name: str, event: bytes, *, request_id: str = "", invocation_type="sync"
    ) -> InvocationResult:
        self.events.append(event)
        self.types.append(invocation_type)
        has_failed = len(self.events) <= self.failures
        await self.gate.wait()
        return InvocationResult(
            function=function_name,
            request_id=request_id,
            outcome="error" if has_failed else "ok",
            payload=b"",
            error_type="UnhandledInvocationError" if has_failed else None,
            duration_ms=1,
            cold_start=False,
            invocation_type=invocation_type,
            started_at=0,
            log=(),
        )


class Scene:
    """A cloud, its queues and its triggers."""

    def __init__(self, *triggers: Trigger) -> None:
        self.cloud = Cloud()
        self.queues = QueueStore(None, self.cloud.clock)
        self.runtime = RecordingRuntime()
        self.triggers = Triggers(
            self.cloud,
            self.runtime,  # type: ignore[arg-type]
            [function(*triggers)],
            self.queues,
            account_id="123",
            region="cn-hangzhou",
            draw=lambda: 0.5,
        )

    @property
    def events(self) -> list[object]:
        return [json.loads(event) for event in self.runtime.events]

    def send(self, *bodies: str) -> None:
        self.queues.send(
            "jobs", [Draft(base64.b64encode(each.encode()).decode()) for each in bodies]
        )

    def is_empty(self, queue: str = "jobs") -> bool:
        counts = self.queues.counts(queue)
        return (counts.active, counts.inactive, counts.delayed) == (0, 0, 0)


@asynccontextmanager
async def running(*triggers: Trigger):
    """A scene whose triggers run while the block does."""
    scene = Scene(*triggers)
    await scene.triggers.start()
    yield scene
    await scene.triggers.stop()
    scene.queues.close()


async def until(claim: Callable[[], bool]) -> None:
    """Return as soon as the claim holds. Raises TimeoutError if it does not within 5 s."""

    async def poll() -> None:
        while not claim():
            await asyncio.sleep(0.005)

    await asyncio.wait_for(poll(), 5)


def function(*triggers: Trigger) -> FunctionSpec:
    return FunctionSpec(
        resource="work",
        name="work-fn",
        region="cn-hangzhou",
        runtime="python3.10",
        handler="index.handler",
        code_dir=Path("/nowhere"),
        timeout_s=10,
        memory_mb=512,
        cpu=0.35,
        environment={},
        role="",
        initializer=None,
        pre_stop=None,
        triggers=triggers,
        routes=(),
        log_project="",
        log_store="",
        async_retries=0,
    )


def queue_trigger(
    *, mode: str = "event-streaming", schema: str = "CloudEvents", **config: object
) -> Trigger:
    """An SMQ trigger; `run_` starts an option of `runOptions`, `src_` one of the source."""
    run = {key[4:]: config.pop(key) for key in list(config) if key.startswith("run_")}
    src = {key[4:]: config.pop(key) for key in list(config) if key.startswith("src_")}
    source = {"RegionId": "cn-hangzhou", "QueueName": "jobs", **src}
    return Trigger(
        name="jobs",
        type="eventbridge",
        config={
            "eventSourceConfig": {
                "eventSourceType": "MNS",
                "eventSourceParameters": {"sourceMNSParameters": source},
            },
            "eventSinkConfig": {"deliveryOption": {"eventSchema": schema}},
            "runOptions": {"mode": mode, **run},
            **config,
        },
    )
