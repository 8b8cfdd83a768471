"""What the control plane shows of invocations, and what was printed meanwhile."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

import pytest

from infra.localcloud.fc import runtime as runtime_module
from infra.localcloud.fc.log_pipe import LogPipe
from tests.localcloud.fc.functions_on_disk import Functions

Deploy = Callable[..., Functions]


def test_the_log_holds_what_the_invocation_printed(deploy: Deploy) -> None:
    code = """
        import logging, os, sys
        def handler(event, context):
            print("to stdout", event.decode())
            sys.stderr.write("to stderr\\n")
            os.write(1, b"past the interpreter\\n")
            logging.getLogger().debug("below the level")
            print("no newline", end="")
    """
    functions = deploy(code)
    functions.invoke(1)
    assert functions.invoke(2).log == (
        "to stdout 2",
        "to stderr",
        "past the interpreter",
        "no newline",
    )


@pytest.mark.parametrize("end", ["os._exit(1)", "time.sleep(600)", "raise ValueError()"])
def test_the_log_of_a_failed_invocation_is_kept(deploy: Deploy, end: str) -> None:
    code = f"import os, time\ndef handler(event, context):\n    print('last words'); {end}"
    assert deploy(code, timeout_s=1).invoke().log[0] == "last words"


def test_a_flood_of_output_is_bounded(deploy: Deploy) -> None:
    code = """
        def handler(event, context):
            print("x" * 100_000)
            for number in range(5000): print(number)
    """
    log = deploy(code).invoke().log
    assert len(log) == 2000
    assert len(log[0]) == 32 * 1024


def test_invocations_are_listed_newest_last(deploy: Deploy) -> None:
    functions = deploy("def handler(event, context): print(event.decode())")
    ids = [functions.invoke(number).request_id for number in range(2)]
    first, second = functions.runtime.invocations()
    assert [first["request_id"], second["request_id"]] == ids
    assert (first["cold_start"], second["cold_start"]) == (True, False)
    assert {key: second[key] for key in ("function", "outcome", "error_type", "log")} == {
        "function": "sample",
        "outcome": "ok",
        "error_type": None,
        "log": ["1"],
    }
    assert set(second) == {
        "function",
        "request_id",
        "outcome",
        "error_type",
        "duration_ms",
        "cold_start",
        "invocation_type",
        "started_at",
        "log",
    }


def test_only_the_latest_invocations_are_kept(deploy: Deploy) -> None:
    functions = deploy("def handler(event, context): return 1")
    functions.together([None] * (runtime_module.KEPT_COUNT + 5))
    assert len(functions.runtime.invocations()) == runtime_module.KEPT_COUNT


def test_a_log_pipe_gives_at_once_what_was_written_before() -> None:
    """Without the event loop's help: an answer may be read before the lines printed ahead of it."""

    async def scenario() -> list[str]:
        pipe = LogPipe()
        os.write(pipe.write_fd, b"one\ntwo")
        lines = pipe.take()
        pipe.close_writer()
        pipe.close()
        return lines

    assert asyncio.run(scenario()) == ["one", "two"]


def test_a_finished_log_pipe_keeps_the_last_words() -> None:
    async def scenario() -> list[str]:
        pipe = LogPipe()
        os.write(pipe.write_fd, b"last words\n")
        pipe.close_writer()
        pipe.finish()
        return pipe.take()

    assert asyncio.run(scenario()) == ["last words"]
