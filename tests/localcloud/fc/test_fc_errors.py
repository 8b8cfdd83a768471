"""How invocations fail, and that the next one is served all the same."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from infra.localcloud.fc.launch import LaunchFailed
from infra.localcloud.fc.runtime import FunctionNotFound
from infra.serverless_devs import Hook
from tests.localcloud.fc.functions_on_disk import Functions

Deploy = Callable[..., Functions]
EXITED = {"errorMessage": "Process exited unexpectedly before completing request"}

BY_EVENT = """
    import json, os, sys
    def handler(event, context):
        match json.loads(event):
            case "raise": raise ValueError("why")
            case "exit": sys.exit(3)
            case "die": os._exit(3)
            case "hang":
                while True: pass
            case "odd": return object()
        return os.getpid()
"""


def test_an_exception_is_described(deploy: Deploy) -> None:
    result = deploy(BY_EVENT).invoke("raise")
    assert (result.outcome, result.error_type) == ("error", "UnhandledInvocationError")
    assert json.loads(result.payload) == {
        "errorMessage": "why",
        "errorType": "ValueError",
        "stackTrace": [
            [
                'File "/code/index.py"',
                "line 5",
                "in handler",
                'case "raise": raise ValueError("why")',
            ]
        ],
    }


def test_an_exception_leaves_the_instance_warm(deploy: Deploy) -> None:
    functions = deploy(BY_EVENT)
    before = functions.returned()
    functions.invoke("raise")
    assert functions.returned() == before


@pytest.mark.parametrize("event", ["exit", "die"])
def test_an_exit_is_an_error_and_the_instance_is_replaced(deploy: Deploy, event: str) -> None:
    functions = deploy(BY_EVENT)
    before = functions.returned()
    result = functions.invoke(event)
    assert (result.outcome, result.error_type) == ("exit", "UnhandledInvocationError")
    assert json.loads(result.payload) == EXITED
    assert functions.returned() != before


def test_a_timeout_kills_the_instance_and_it_is_replaced(deploy: Deploy) -> None:
    functions = deploy(BY_EVENT, timeout_s=1)
    before = functions.returned()
    result = functions.invoke("hang")
    assert (result.outcome, result.error_type) == ("timeout", "UnhandledInvocationError")
    assert json.loads(result.payload) == {"errorMessage": "Function timed out after 1 seconds"}
    assert result.duration_ms < 3000
    assert functions.returned() != before


def test_a_result_that_is_no_json_is_an_error(deploy: Deploy) -> None:
    result = deploy(BY_EVENT).invoke("odd")
    assert json.loads(result.payload)["errorType"] == "TypeError"


def test_a_file_that_cannot_be_imported_is_tried_anew(deploy: Deploy) -> None:
    functions = deploy("import not_packaged\ndef handler(event, context): pass")
    for _ in range(2):
        result = functions.invoke()
        assert json.loads(result.payload)["errorType"] == "ImportModuleError"
        assert "not_packaged" in json.loads(result.payload)["errorMessage"]
        assert result.cold_start


def test_a_missing_handler_is_named(deploy: Deploy) -> None:
    result = deploy("def other(event, context): pass").invoke()
    assert json.loads(result.payload)["errorType"] == "HandlerNotFound"


def test_the_initializer_runs_once_in_each_instance(deploy: Deploy) -> None:
    code = """
        calls = []
        def initialize(context): calls.append(context.request_id)
        def handler(event, context): return len(calls)
    """
    functions = deploy(code, initializer=Hook("index.initialize", 5))
    assert [functions.returned() for _ in range(3)] == [1, 1, 1]


@pytest.mark.parametrize("body", ["raise ValueError('no')", "import os; os._exit(1)"])
def test_a_failed_initializer_is_an_initialization_error(deploy: Deploy, body: str) -> None:
    code = f"def initialize(context): {body}\ndef handler(event, context): return 1"
    functions = deploy(code, initializer=Hook("index.initialize", 5))
    results = [functions.invoke() for _ in range(2)]
    assert [result.error_type for result in results] == ["InitializationError"] * 2
    assert [result.cold_start for result in results] == [True, True]


def test_an_initializer_that_takes_too_long_is_an_initialization_error(deploy: Deploy) -> None:
    code = """
        def initialize(context):
            while True: pass
        def handler(event, context): return 1
    """
    result = deploy(code, initializer=Hook("index.initialize", 1)).invoke()
    assert result.error_type == "InitializationError"


def test_an_unknown_function_is_refused(deploy: Deploy) -> None:
    functions = deploy(BY_EVENT)
    with pytest.raises(FunctionNotFound):
        functions.run(functions.runtime.invoke("no-such-fn", b""))


def test_a_function_without_code_is_refused(deploy: Deploy) -> None:
    functions = deploy(BY_EVENT)
    assert functions.spec.code_dir is not None
    (functions.spec.code_dir / "index.py").unlink()
    functions.spec.code_dir.rmdir()
    with pytest.raises(LaunchFailed, match="sample-fn: there is no code folder"):
        functions.invoke()
