"""The process: how it starts, refuses, and ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from infra.localcloud.__main__ import forget_earlier_run
from infra.localcloud.run import data_lock
from tests.waiting import wait_until


class Launch:
    """Starts modules as processes, each in a group of its own."""

    def __init__(self) -> None:
        self.started: list[subprocess.Popen[str]] = []

    def __call__(self, module: str, *arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process


@pytest.fixture
def launch() -> Iterator[Launch]:
    launched = Launch()
    yield launched
    for process in launched.started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.fixture
def ready_file(tmp_path: Path) -> Path:
    return tmp_path / "ready.json"


def serve(launch: Launch, service: str, ready_file: Path, *more: object) -> dict[str, str]:
    """Start one service; what its ready file says."""
    process = launch(
        "infra.localcloud", "serve", service, "--port", 0, "--ready-file", ready_file, *more
    )
    wait_until(lambda: ready_file.exists() or process.poll() is not None)
    ready: dict[str, str] = json.loads(ready_file.read_text())
    return ready


def small_up(launch: Launch, tmp_path: Path, ready_file: Path, *more: str) -> subprocess.Popen[str]:
    return launch(
        "tests.localcloud.up.up_process", tmp_path / "project", tmp_path / "data", ready_file, *more
    )


@pytest.mark.parametrize("service", ["tablestore", "dysmsapi", "sts", "smq"])
def test_serve_runs_one_service_with_a_control_plane(
    launch: Launch, ready_file: Path, service: str
) -> None:
    ready = serve(launch, service, ready_file)
    assert {"endpoint", "control", "access_key_id", "access_key_secret", service} == set(ready)
    assert stat.S_IMODE(ready_file.stat().st_mode) == 0o600
    with httpx.Client(trust_env=False, timeout=5) as http:
        assert http.get(ready["endpoint"]).status_code >= 400  # unsigned
        assert http.post(f"{ready['control']}/reset").is_success
        assert http.get(f"{ready['control']}/invocations").json() == []


def test_serve_keeps_its_key_in_the_data_folder(
    launch: Launch, ready_file: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    first = serve(launch, "sts", ready_file, "--data", data)
    assert (
        json.loads((data / "root-key.json").read_text())["access_key_id"]
        == (first["access_key_id"])
    )


def test_taken_port_ends_with_one_line_and_status_1(launch: Launch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = launch("infra.localcloud", "serve", "sts", "--port", port)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert errors == f"sesame: port {port} is taken; choose another with PORT={port + 10}\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_the_cloud_in_order_with_its_functions(
    launch: Launch, tmp_path: Path, ready_file: Path, number: signal.Signals
) -> None:
    process = small_up(launch, tmp_path, ready_file)
    wait_until(ready_file.exists)
    gateway = json.loads(ready_file.read_text())["gateway"]
    assert httpx.get(f"{gateway}/v1/say", trust_env=False, timeout=15).text == "hello!"
    process.send_signal(number)
    _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_ready_file_is_gone_after_an_orderly_end(launch: Launch, ready_file: Path) -> None:
    serve(launch, "sts", ready_file)
    process = launch.started[0]
    process.send_signal(signal.SIGINT)

    assert process.wait(timeout=10) == 0
    assert not ready_file.exists()


def test_ready_file_of_a_dead_cloud_is_taken_away_first(tmp_path: Path, ready_file: Path) -> None:
    ready_file.write_text("{}")
    forget_earlier_run(ready_file, tmp_path / "data")

    assert not ready_file.exists()


def test_ready_file_of_a_running_cloud_stays(tmp_path: Path, ready_file: Path) -> None:
    ready_file.write_text("{}")
    with data_lock.hold(tmp_path / "data"):
        forget_earlier_run(ready_file, tmp_path / "data")

    assert ready_file.exists()


def test_signal_while_starting_ends_it_too(
    launch: Launch, tmp_path: Path, ready_file: Path
) -> None:
    process = small_up(launch, tmp_path, ready_file, "prepare")
    assert process.stdout
    assert process.stdout.readline() == "preparing\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")
    assert not ready_file.exists()


def test_second_signal_ends_it_at_once(launch: Launch, tmp_path: Path, ready_file: Path) -> None:
    process = small_up(launch, tmp_path, ready_file, "stop")
    wait_until(ready_file.exists)
    process.send_signal(signal.SIGINT)
    assert process.stdout
    assert process.stdout.readline() == "stopping\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=5) == 130


def test_page_that_is_open_does_not_hold_up_the_end(
    launch: Launch, tmp_path: Path, ready_file: Path
) -> None:
    process = small_up(launch, tmp_path, ready_file)
    wait_until(ready_file.exists)
    gateway = json.loads(ready_file.read_text())["gateway"]
    with httpx.stream("GET", f"{gateway}/_inbox/events", trust_env=False, timeout=15) as stream:
        next(stream.iter_lines())
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")
