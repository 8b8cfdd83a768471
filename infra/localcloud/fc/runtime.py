"""Function Compute on this machine: every function has a few instances, and further requests wait
for one, as they do at an account's limit.

Functions live on the cloud's clock, and each request brings fresh credentials of its role.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import shutil
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.fc.instance import Answer, Instance
from infra.localcloud.fc.invocation import (
    InvocationResult,
    InvocationType,
    Outcome,
    new_request_id,
)
from infra.localcloud.fc.launch import Launch, find_time_machine, is_compiled_for
from infra.localcloud.fc.pool import Pool
from infra.serverless_devs import FunctionSpec

log = logging.getLogger("localcloud.fc")

OnEnded = Callable[[FunctionSpec, InvocationResult], None]
KEPT_COUNT = 500
"""How many invocations are remembered."""


class FunctionNotFound(LookupError):
    """No function has this name."""


class RuntimeStopped(RuntimeError):
    """The runtime takes no more invocations."""


class FunctionRuntime:
    """Runs the functions of a manifest. Call `stop` at the end; all children end with it."""

    def __init__(
        self,
        cloud: Cloud,
        functions: Sequence[FunctionSpec],
        *,
        account_id: str,
        region: str,
        max_instances: int = 4,
        python: str = sys.executable,
        credentials_duration_s: float = 3600,
        ended: OnEnded = lambda spec, result: None,
    ) -> None:
        """python: the interpreter of the instances, whatever runtime the functions name.
        ended: told of every invocation that has ended.

        credentials_duration_s: how long the role credentials of one invocation are good.
        """
        self._cloud = cloud
        self._python = python
        self._credentials_duration_s = credentials_duration_s
        self._bytecode = Path(tempfile.mkdtemp(prefix="fc-bytecode-"))
        self._time_machine: dict[str, str] = {}
        self._is_stopped = False
        self._kept: deque[InvocationResult] = deque(maxlen=KEPT_COUNT)
        self._account_id, self._region = account_id, region
        self._max_instances = max_instances
        self._ended = ended
        self._pools = {spec.name: self._pool(spec) for spec in functions}
        self._replaced: list[Pool] = []

    async def invoke(
        self,
        function_name: str,
        event: bytes,
        *,
        request_id: str | None = None,
        invocation_type: InvocationType = "sync",
    ) -> InvocationResult:
        """Run the function once and wait for its end; what goes wrong in it is in the result.

        Raises FunctionNotFound, LaunchFailed (no code to run) and RuntimeStopped.
        """
        request_id = request_id or self.new_request_id()
        while True:
            pool = self._pools.get(function_name)
            if pool is None:
                raise FunctionNotFound(function_name)
            async with pool.slots:
                if self._is_stopped:
                    raise RuntimeStopped("the local cloud is stopping")
                if pool.is_replaced:
                    continue  # while the request waited; the new version takes it
                result = await self._run(pool, event, request_id, invocation_type)
            break
        self._kept.append(result)
        self._ended(pool.launch.spec, result)
        _debug(f"{function_name} {request_id}", result.log)
        return result

    async def deploy(self, spec: FunctionSpec) -> None:
        """Add a function, or replace the one of its name. Requests under way end as they began;
        the next one meets the new version, cold.
        """
        replaced = self._pools.get(spec.name)
        self._pools[spec.name] = self._pool(spec)
        if replaced is not None:
            await self._empty(replaced)

    async def remove(self, function_name: str) -> None:
        """Take a function away. Requests under way end as they began."""
        removed = self._pools.pop(function_name, None)
        if removed is not None:
            await self._empty(removed)

    def new_request_id(self) -> str:
        """An id for an invocation that is still to come."""
        return new_request_id(self._cloud.clock.now_s())

    def results(self) -> tuple[InvocationResult, ...]:
        """The latest invocations that have ended, newest last."""
        return tuple(self._kept)

    def invocations(self) -> list[dict[str, object]]:
        """The same, as the control plane shows them."""
        return [result.as_json() for result in self._kept]

    async def stop(self) -> None:
        """End all instances: idle ones with their pre-stop hook, busy ones at once."""
        self._is_stopped = True
        pools = [*self._pools.values(), *self._replaced]
        await asyncio.gather(*(instance.kill() for pool in pools for instance in pool.running))
        idle = [(pool, instance) for pool in pools for instance in pool.idle]
        await asyncio.gather(*(self._retire(pool, instance) for pool, instance in idle))
        shutil.rmtree(self._bytecode, ignore_errors=True)

    async def reset(self) -> None:
        """Kill all instances and forget all invocations; the next one starts cold."""
        for pool in (*self._pools.values(), *self._replaced):
            idle, pool.idle = pool.idle, []
            await asyncio.gather(*(instance.kill() for instance in (*idle, *pool.running)))
        for stale in self._bytecode.iterdir():
            shutil.rmtree(stale, ignore_errors=True)
        self._kept.clear()

    def _pool(self, spec: FunctionSpec) -> Pool:
        is_compiled = is_compiled_for(self._python, spec.runtime)
        launch = Launch(
            spec=spec,
            account_id=self._account_id,
            region=self._region,
            python=self._python,
            bytecode=None if is_compiled else self._bytecode,
        )
        return Pool(launch, self._max_instances)

    async def _empty(self, pool: Pool) -> None:
        pool.is_replaced = True
        self._replaced = [each for each in (*self._replaced, pool) if each.running]
        idle, pool.idle = pool.idle, []
        await asyncio.gather(*(self._retire(pool, instance) for instance in idle))

    async def _run(
        self, pool: Pool, event: bytes, request_id: str, invocation_type: InvocationType
    ) -> InvocationResult:
        spec, started_at = pool.launch.spec, self._cloud.clock.now_s()
        began_s = asyncio.get_running_loop().time()
        warm = await pool.take_idle()
        instance = warm or await Instance.start(pool.launch)
        pool.running.add(instance)
        try:
            answer, outcome = await self._answer(
                spec, instance, event, request_id, initialize=warm is None
            )
        except BaseException:
            await instance.kill()
            raise
        finally:
            pool.running.discard(instance)
        if answer.is_final or outcome == "init_error" or self._is_stopped:
            await instance.kill()
        elif pool.is_replaced:
            await self._retire(pool, instance)
        else:
            pool.idle.append(instance)
        return InvocationResult(
            function=spec.resource,
            request_id=request_id,
            outcome=outcome,
            payload=answer.payload,
            error_type=_ERROR_TYPES.get(outcome),
            duration_ms=(asyncio.get_running_loop().time() - began_s) * 1000,
            cold_start=warm is None,
            invocation_type=invocation_type,
            started_at=started_at,
            log=answer.log,
        )

    async def _answer(
        self,
        spec: FunctionSpec,
        instance: Instance,
        event: bytes,
        request_id: str,
        *,
        initialize: bool,
    ) -> tuple[Answer, Outcome]:
        if initialize and spec.initializer:
            frame = await self._frame(spec, spec.initializer.handler, request_id)
            answer = await instance.call(frame, spec.initializer.timeout_s)
            _debug(f"{spec.name} initializer", answer.log)  # not listed with the request's
            if answer.outcome != "ok":
                return answer, "init_error"
        frame = await self._frame(spec, spec.handler, request_id, event)
        answer = await instance.call(frame, spec.timeout_s)
        return answer, answer.outcome

    async def _frame(
        self, spec: FunctionSpec, handler: str, request_id: str, event: bytes | None = None
    ) -> dict[str, object]:
        """One request to an instance, with credentials of its own; no event means a hook."""
        offset_s = self._cloud.clock.offset_s
        if offset_s and not self._time_machine:
            self._time_machine = await find_time_machine(self._python)
        return {
            "handler": handler,
            "event": None if event is None else base64.b64encode(event).decode(),
            "request_id": request_id,
            "offset_s": offset_s,
            "time_machine": self._time_machine,
            "credentials": self._credentials(spec, request_id),
        }

    def _credentials(self, spec: FunctionSpec, request_id: str) -> dict[str, str]:
        """A new session of the function's role; empty texts for a function without one."""
        if not spec.role:
            return dict.fromkeys(("access_key_id", "access_key_secret", "security_token"), "")
        session = self._cloud.identities.issue_session(
            role=spec.role,
            session_name=spec.name,
            duration_s=self._credentials_duration_s,
            function=spec.resource,
            request_id=request_id,
        )
        return {
            "access_key_id": session.access_key_id,
            "access_key_secret": session.access_key_secret,
            "security_token": session.token,
        }

    async def _retire(self, pool: Pool, instance: Instance) -> None:
        hook = pool.launch.spec.pre_stop
        if hook and instance.is_alive:
            frame = await self._frame(pool.launch.spec, hook.handler, self.new_request_id())
            answer = await instance.call(frame, hook.timeout_s)
            _debug(f"{pool.launch.spec.name} pre-stop", answer.log)
        await instance.close()


def _debug(origin: str, lines: tuple[str, ...]) -> None:
    for line in lines:
        log.debug("%s: %s", origin, line)


# inferred: that a time-out and an exit are of the same type as an unhandled exception.
_ERROR_TYPES: dict[Outcome, str] = {
    "error": "UnhandledInvocationError",
    "timeout": "UnhandledInvocationError",
    "exit": "UnhandledInvocationError",
    "init_error": "InitializationError",
}
