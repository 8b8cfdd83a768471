"""Instances: how many, how they are shared, and that none outlives its parent."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.localcloud.fc.runtime import RuntimeStopped
from infra.serverless_devs import Hook
from tests.localcloud.fc.functions_on_disk import Functions, is_running
from tests.waiting import wait_until

Deploy = Callable[..., Functions]
PID = """
    import os
    def handler(event, context): return os.getpid()
"""
MEET = """
    import json, os
    def handler(event, context):
        pipe, mode = json.loads(event)
        open(pipe, mode).close()  # a named pipe opens once both of its ends are asked for
        return os.getpid()
"""


def test_an_idle_instance_is_used_again(deploy: Deploy) -> None:
    functions = deploy(PID)
    results = [functions.invoke() for _ in range(3)]
    assert len({result.payload for result in results}) == 1
    assert [result.cold_start for result in results] == [True, False, False]


def test_requests_at_once_run_in_instances_of_their_own(deploy: Deploy, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    results = deploy(MEET, max_instances=2).together([(str(pipe), "r"), (str(pipe), "w")])
    assert {result.outcome for result in results} == {"ok"}
    assert len({result.payload for result in results}) == 2


def test_requests_beyond_the_limit_wait_for_an_instance(deploy: Deploy) -> None:
    results = deploy(PID, max_instances=2).together([None] * 40)
    assert {result.outcome for result in results} == {"ok"}
    assert len({result.payload for result in results}) <= 2


def test_an_instance_takes_one_request_at_a_time(deploy: Deploy) -> None:
    code = """
        import threading
        lock = threading.Lock()
        def handler(event, context): return lock.acquire(blocking=False) and not lock.release()
    """
    results = deploy(code, max_instances=1).together([None] * 20)
    assert {result.payload for result in results} == {b"true"}


def test_an_instance_that_died_while_idle_is_replaced(deploy: Deploy) -> None:
    functions = deploy(PID)
    pid = functions.returned()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_running(pid))
    assert functions.returned() != pid


def test_stop_ends_idle_and_busy_instances(deploy: Deploy, tmp_path: Path) -> None:
    code = """
        import json, os
        def handler(event, context):
            if folder := json.loads(event):
                open(f"{folder}/{os.getpid()}", "w").close()
                while True: pass
            return os.getpid()
    """
    functions = deploy(code, max_instances=2)
    busy = functions.loop.create_task(
        functions.runtime.invoke("sample-fn", json.dumps(str(tmp_path / "busy")).encode())
    )
    (tmp_path / "busy").mkdir()
    idle_pid = functions.returned()
    started = (tmp_path / "busy").iterdir
    wait_until(lambda: functions.run(_tick()) or any(started()))
    pids = [idle_pid, *(int(file.name) for file in started())]
    functions.run(functions.runtime.stop())
    assert [is_running(pid) for pid in pids] == [False, False]
    assert functions.run(busy).outcome == "exit"


def test_stop_calls_the_pre_stop_hook(deploy: Deploy, tmp_path: Path) -> None:
    code = f"""
        def handler(event, context): return 1
        def pre_stop(context): open({str(tmp_path / "stopped")!r}, "w").close()
    """
    functions = deploy(code, pre_stop=Hook("index.pre_stop", 5))
    functions.invoke()
    functions.run(functions.runtime.stop())
    assert (tmp_path / "stopped").exists()


def test_a_stopped_runtime_takes_nothing_more(deploy: Deploy) -> None:
    functions = deploy(PID)
    functions.run(functions.runtime.stop())
    with pytest.raises(RuntimeStopped):
        functions.invoke()


def test_reset_starts_cold_and_forgets(deploy: Deploy) -> None:
    functions = deploy(PID)
    pid = functions.returned()
    functions.run(functions.runtime.reset())
    assert not is_running(pid)
    assert functions.runtime.invocations() == []
    assert functions.invoke().cold_start


def test_instances_end_when_the_parent_is_killed(tmp_path: Path) -> None:
    """Also one whose handler never returns, and so never looks at its control socket."""
    (tmp_path / "index.py").write_text(
        "import os, pathlib\n"
        "def handler(event, context):\n"
        f"    pathlib.Path({str(tmp_path)!r}, 'pid').write_text(str(os.getpid()))\n"
        "    while True: pass\n"
    )
    script = tmp_path / "parent.py"
    script.write_text(_PARENT.format(folder=str(tmp_path)))
    environment = os.environ | {"PYTHONPATH": os.getcwd(), "TMPDIR": str(tmp_path)}
    pid_file = tmp_path / "pid"
    with subprocess.Popen([sys.executable, str(script)], env=environment) as parent:
        wait_until(lambda: pid_file.exists() and pid_file.read_text() != "")
        assert is_running(int(pid_file.read_text()))
        parent.kill()
    wait_until(lambda: not is_running(int(pid_file.read_text())))


_PARENT = """
import asyncio, dataclasses, pathlib, sys
from tests.localcloud.fc.functions_on_disk import SPEC
from infra.localcloud.core.cloud import Cloud
from infra.localcloud.fc.runtime import FunctionRuntime
async def main():
    spec = dataclasses.replace(SPEC, code_dir=pathlib.Path({folder!r}), timeout_s=600)
    runtime = FunctionRuntime(Cloud(), [spec], account_id="1", region="cn-hangzhou")
    await runtime.invoke("sample-fn", b"")
asyncio.run(main())
"""


async def _tick() -> None:
    """Let the loop go round once."""
