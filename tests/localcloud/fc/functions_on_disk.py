"""Tiny functions written to a folder and run by a real runtime, driven without `await`."""

from __future__ import annotations

import asyncio
import json
import sys
import textwrap
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.fc.invocation import InvocationResult
from infra.localcloud.fc.runtime import FunctionRuntime
from infra.serverless_devs import FunctionSpec

SPEC = FunctionSpec(
    resource="sample",
    name="sample-fn",
    region="cn-hangzhou",
    runtime="python3.10",
    handler="index.handler",
    code_dir=None,
    timeout_s=10,
    memory_mb=512,
    cpu=0.35,
    environment={},
    role="acs:ram::1000000000000001:role/sample",
    initializer=None,
    pre_stop=None,
    triggers=(),
    routes=(),
    log_project="sample-project",
    log_store="sample-store",
    async_retries=3,
)


def is_running(pid: int) -> bool:
    """True while the process lives; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Functions:
    """One function and its runtime on an event loop of their own."""

    def __init__(
        self, folder: Path, code: str, *, max_instances: int = 4, python: str = "", **spec: Any
    ) -> None:
        folder.mkdir(exist_ok=True)
        (folder / "index.py").write_text(textwrap.dedent(code))
        self.cloud = Cloud()
        self.spec = replace(SPEC, code_dir=folder, **spec)
        self.loop = asyncio.new_event_loop()
        self.runtime = FunctionRuntime(
            self.cloud,
            [self.spec],
            account_id="1000000000000001",
            region="cn-hangzhou",
            max_instances=max_instances,
            python=python or sys.executable,
        )

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """The result of a coroutine."""
        return self.loop.run_until_complete(work)

    def invoke(self, event: Any = None) -> InvocationResult:
        """One invocation with a JSON event."""
        return self.run(self.runtime.invoke(self.spec.name, json.dumps(event).encode()))

    def returned(self, event: Any = None) -> Any:
        """What the handler returned, decoded; the invocation must have gone well."""
        result = self.invoke(event)
        assert result.error_type is None, (result.payload, result.log)
        return json.loads(result.payload)

    def together(self, events: list[Any]) -> list[InvocationResult]:
        """Invocations that are all under way at once."""

        async def gather() -> list[InvocationResult]:
            calls = (
                self.runtime.invoke(self.spec.name, json.dumps(event).encode()) for event in events
            )
            return list(await asyncio.gather(*calls))

        return self.run(gather())

    def close(self) -> None:
        """Stop the runtime and the loop."""
        self.run(self.runtime.stop())
        self.run(self.loop.shutdown_default_executor())
        self.loop.close()
