"""Asynchronous invocation: accepted at once, run later, tried again after an error, and its end
told to a destination.

Function Compute does not retry a synchronous invocation; an asynchronous one is tried again up to
`maxAsyncRetryAttempts` times, and not once it is older than `maxAsyncEventAgeInSeconds`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from infra.localcloud.fc.invocation import InvocationResult
from infra.localcloud.fc.launch import LaunchFailed
from infra.localcloud.fc.runtime import FunctionNotFound, FunctionRuntime, RuntimeStopped
from infra.serverless_devs import FunctionSpec

log = logging.getLogger("localcloud.fc")

Backoff = Callable[[int], Awaitable[None]]
DEFAULT_RETRY_COUNT = 3
DEFAULT_AGE_LIMIT_S = 86_400
"""As the API's own model says; another page of the vendor says 18,000."""


async def exponential_backoff(attempt: int) -> None:
    """Wait 1, 2, 4 ... s before attempt 1, 2, 3 (inferred: the vendor names no intervals)."""
    await asyncio.sleep(2 ** (attempt - 1))


@dataclass(frozen=True, slots=True)
class AsyncRule:
    """What becomes of a function's asynchronous invocations. Destinations are ARNs, "" for none."""

    retry_count: int = DEFAULT_RETRY_COUNT
    age_limit_s: float = DEFAULT_AGE_LIMIT_S
    on_success: str = ""
    on_failure: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """An asynchronous invocation that is over. `function` is the name that it was invoked by."""

    function: str
    event: bytes
    result: InvocationResult
    attempt_count: int


class AsyncRules:
    """The rules of all functions; they may change while invocations run. tell: carries the end of
    an invocation to an ARN.
    """

    def __init__(
        self,
        functions: Sequence[FunctionSpec] = (),
        *,
        tell: Callable[[str, Ended], None] = lambda arn, ended: None,
    ) -> None:
        self._rules = {spec.name: AsyncRule(retry_count=spec.async_retries) for spec in functions}
        self.tell = tell

    def of(self, function_name: str) -> AsyncRule:
        """The function's rule, or the platform's defaults."""
        return self._rules.get(function_name, AsyncRule())

    def put(self, function_name: str, rule: AsyncRule) -> None:
        """Set the rule of one function."""
        self._rules[function_name] = rule

    def remove(self, function_name: str) -> None:
        """Go back to the defaults."""
        self._rules.pop(function_name, None)


def read_rule(config: Mapping[str, object]) -> AsyncRule:
    """The rule that an `asyncInvokeConfig` states, as the API and s.yaml write it."""
    retry_count = config.get("maxAsyncRetryAttempts")
    age_limit_s = config.get("maxAsyncEventAgeInSeconds")
    return AsyncRule(
        retry_count=retry_count if isinstance(retry_count, int) else DEFAULT_RETRY_COUNT,
        age_limit_s=age_limit_s if isinstance(age_limit_s, int) else DEFAULT_AGE_LIMIT_S,
        on_success=_destination(config, "onSuccess"),
        on_failure=_destination(config, "onFailure"),
    )


class AsyncInvoker:
    """Takes asynchronous invocations and sees each to its end. Call `stop` at the end."""

    def __init__(
        self,
        runtime: FunctionRuntime,
        functions: Sequence[FunctionSpec],
        *,
        backoff: Backoff = exponential_backoff,
        rules: AsyncRules | None = None,
    ) -> None:
        """rules: those of `functions` if not given."""
        self._runtime = runtime
        self._rules = rules or AsyncRules(functions)
        self._backoff = backoff
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def submit(self, function_name: str, event: bytes, *, request_id: str | None = None) -> str:
        """Accept an invocation; its request id, which all of its attempts bear."""
        request_id = request_id or self._runtime.new_request_id()
        task = asyncio.create_task(self._see_through(function_name, event, request_id))
        self._tasks[request_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(request_id, None))
        return request_id

    async def settle(self) -> None:
        """Wait until all that was accepted has ended."""
        while self._tasks:
            await asyncio.gather(*self._tasks.values())

    async def see_end(self, request_ids: Collection[str], *, limit_s: float) -> None:
        """Wait until these have ended, but no longer than that, in real time."""
        tasks = [self._tasks[each] for each in request_ids if each in self._tasks]
        if tasks:
            await asyncio.wait(tasks, timeout=limit_s)

    async def stop(self) -> None:
        """Give up what has not ended."""
        tasks = [*self._tasks.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _see_through(self, function_name: str, event: bytes, request_id: str) -> None:
        clock = asyncio.get_running_loop().time  # real time, as the waits between attempts are
        began_s, attempt = clock(), 0
        while True:
            try:
                result = await self._runtime.invoke(
                    function_name, event, request_id=request_id, invocation_type="async"
                )
            except RuntimeStopped:
                return
            except (LaunchFailed, FunctionNotFound) as error:
                log.error("an asynchronous invocation was given up: %s", error)
                return
            attempt += 1
            rule = self._rules.of(function_name)
            if result.error_type is None or attempt > rule.retry_count:
                break
            await self._backoff(attempt)
            if clock() - began_s > rule.age_limit_s:
                break
        arn = rule.on_success if result.error_type is None else rule.on_failure
        if arn:
            self._rules.tell(arn, Ended(function_name, event, result, attempt))


def _destination(config: Mapping[str, object], condition: str) -> str:
    block = config.get("destinationConfig")
    target = block.get(condition) if isinstance(block, Mapping) else None
    arn = target.get("destination") if isinstance(target, Mapping) else None
    return arn if isinstance(arn, str) else ""
