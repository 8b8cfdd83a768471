"""Asynchronous invocations are seen through, with retries."""

from __future__ import annotations

from collections.abc import Callable

from infra.localcloud.fc.asynchronous import AsyncInvoker
from tests.localcloud.fc.functions_on_disk import Functions

Deploy = Callable[..., Functions]


def _outcomes(functions: Functions) -> tuple[list[object], list[int]]:
    waited: list[int] = []

    async def backoff(attempt: int) -> None:
        waited.append(attempt)

    async def scenario() -> None:
        invoker = AsyncInvoker(functions.runtime, [functions.spec], backoff=backoff)
        invoker.submit("sample-fn", b"{}")
        await invoker.settle()

    functions.run(scenario())
    entries = functions.runtime.invocations()
    assert {entry["invocation_type"] for entry in entries} == {"async"}
    assert len({entry["request_id"] for entry in entries}) == 1
    return [entry["outcome"] for entry in entries], waited


def test_an_error_is_tried_again_as_often_as_configured(deploy: Deploy) -> None:
    functions = deploy("def handler(event, context): raise ValueError", async_retries=2)
    assert _outcomes(functions) == (["error"] * 3, [1, 2])


def test_retries_end_with_the_first_success(deploy: Deploy) -> None:
    code = """
        calls = []
        def handler(event, context):
            calls.append(event)
            if len(calls) < 2: raise ValueError
    """
    assert _outcomes(deploy(code)) == (["error", "ok"], [1])
