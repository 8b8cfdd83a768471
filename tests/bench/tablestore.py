"""`python -m tests.bench.tablestore`: what the local Tablestore costs, carries and survives.

    speed   the server's own CPU for a GetRow and a conditional UpdateRow, by one client on one
            connection, and operations a second by 16 client threads in 4 processes: by the SDK,
            which takes more CPU than the server, and by its requests sent again over sockets
    limit   10,000 conditional increments at once with a limit of 500
    crash   200 rounds of kill -9 under write load

Without an argument all of it. The server is a process of its own with its data on disk.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.localcloud.tablestore.crashing import ServedTablestore, crash_rounds
from tests.localcloud.tablestore.tablestore_server import sdk

CPU_AIM_MS = 0.5
RATE_AIM = 1_500
PROCESSES, THREADS = 4, 4
RATE_S = 8.0
INCREMENTS, LIMIT = 10_000, 500
CRASH_ROUNDS = 200
KEY = [("p", "a" * 32), ("i", "x")]
COLUMNS = [
    ("n", 0),
    ("state", "pending"),
    ("hash", "f" * 64),
    ("expires_at", 1 << 40),
    ("nonce", "0" * 32),
    ("limit", 3),
]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for; 1 where something was lost or let through."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", nargs="?", choices=("speed", "limit", "crash", "load"))
    parser.add_argument("--rounds", type=int, default=CRASH_ROUNDS, help="of crash (200)")
    parser.add_argument("--load", nargs=4, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.what == "load":
        return load(*asked.load)
    held = True
    with tempfile.TemporaryDirectory(prefix="sesame-bench-") as folder:
        if asked.what in (None, "speed"):
            speed(Path(folder))
        if asked.what in (None, "limit"):
            held &= limit(Path(folder))
        if asked.what in (None, "crash"):
            held &= crash(Path(folder) / "crash", asked.rounds)
    return 0 if held else 1


# ---- speed ----


def speed(data: Path) -> None:
    """Print the server's CPU by operation and the rate under load."""
    with ServedTablestore(data) as server:
        client = server.client()
        _create_table(client)
        client.put_row("t", sdk.Row(KEY, COLUMNS), None)
        print(f"{'one client, one connection':<34}{'server CPU ms':>14}{'wall ms':>9}")
        for name, call in _operations(client, KEY).items():
            cpu_ms, wall_ms = _measured(server.pid, call)
            print(f"{name:<34}{cpu_ms:>14.3f}{wall_ms:>9.2f}   (aim: {CPU_AIM_MS} ms of CPU)")
        for kind in ("sdk", "bare"):
            _rate(server, kind)


def _operations(
    client: sdk.OTSClient, key: Sequence[tuple[str, str]]
) -> dict[str, Callable[[], object]]:
    below = sdk.SingleColumnCondition(
        "n", 1 << 40, sdk.ComparatorType.LESS_THAN, pass_if_missing=True
    )
    condition = sdk.Condition("IGNORE", below)
    change = {"INCREMENT": [("n", 1)]}
    return {
        "GetRow": lambda: client.get_row("t", list(key), max_version=1),
        "UpdateRow, increment if n < limit": lambda: client.update_row(
            "t", sdk.Row(list(key), change), condition
        ),
    }


def _measured(pid: int, call: Callable[[], object], count: int = 3_000) -> tuple[float, float]:
    """The server's CPU and the wall time of one call, in ms."""
    for _ in range(200):
        call()
    cpu_s, wall_s = _cpu_s(pid), time.perf_counter()
    for _ in range(count):
        call()
    used_s, took_s = _cpu_s(pid) - cpu_s, time.perf_counter() - wall_s
    return used_s * 1000 / count, took_s * 1000 / count


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _rate(server: ServedTablestore, kind: str) -> None:
    """Half reads, half conditional updates, each thread on rows of its own."""
    ready = server.ready
    place = (kind, ready["endpoint"], ready["access_key_id"], ready["access_key_secret"])
    command = [sys.executable, "-m", "tests.bench.tablestore", "load", "--load", *place]
    children = [
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    for child in children:
        assert child.stdout is not None
        child.stdout.readline()  # it is ready
    begins_s = time.time() + 2
    for child in children:
        assert child.stdin is not None
        child.stdin.write(f"{begins_s}\n")
        child.stdin.flush()
    time.sleep(max(0.0, begins_s - time.time()))
    cpu_s = _cpu_s(server.pid)
    counts = [int(child.communicate()[0]) for child in children]
    used = (_cpu_s(server.pid) - cpu_s) / RATE_S
    print(
        f"{PROCESSES * THREADS} threads in {PROCESSES} processes, {kind:<4} "
        f"{sum(counts) / RATE_S:>6,.0f} operations/s (aim: {RATE_AIM:,}); "
        f"server {used:.0%} of one core, "
        f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )


def load(kind: str, endpoint: str, key_id: str, secret: str) -> int:
    """One of the client processes: prints how many operations it did in the measured time.

    kind: `sdk`, or `bare` for the SDK's requests sent again by sockets, at next to no cost.
    """

    def connect() -> sdk.OTSClient:
        return sdk.OTSClient(
            endpoint, key_id, secret, "local", retry_policy=sdk.NoRetryPolicy(), enable_native=False
        )

    shared = connect()

    def work(number: int) -> int:
        key = [("p", f"{os.getpid():08d}{number:024d}"), ("i", "x")]
        client = shared if kind == "sdk" else connect()
        client.put_row("t", sdk.Row(key, COLUMNS), None)
        calls = list(_operations(client, key).values())
        if kind == "bare":
            calls = _as_bare(client, calls)
        time.sleep(max(0.0, begins_s - time.time()))
        count = 0
        while time.time() < begins_s + RATE_S:
            for call in calls:
                call()
            count += len(calls)
        return count

    print("ready", flush=True)
    begins_s = float(sys.stdin.readline())
    with ThreadPoolExecutor(THREADS) as pool:
        print(sum(pool.map(work, range(THREADS))))
    return 0


def _as_bare(
    client: sdk.OTSClient, calls: Sequence[Callable[[], object]]
) -> list[Callable[[], object]]:
    """The same requests, byte for byte, over a connection of their own; the client is spent."""
    recorded: list[bytes] = []
    pool = client.connection.pool
    send = pool.urlopen

    def record(
        method: str, url: str, body: bytes, headers: Mapping[str, str], **options: Any
    ) -> Any:
        path = urlsplit(url).path
        lines = [f"{method} {path} HTTP/1.1", f"Host: {urlsplit(url).netloc}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += [f"Content-Length: {len(body)}", "", ""]
        recorded.append("\r\n".join(lines).encode() + bytes(body))
        return send(method, url, body=body, headers=headers, **options)

    pool.urlopen = record
    for call in calls:
        call()
    at = urlsplit(client.connection.host)
    connection = socket.create_connection((at.hostname or "", at.port or 80))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return [partial(_exchange, connection, request) for request in recorded]


def _exchange(connection: socket.socket, request: bytes) -> None:
    """Send a request and read its answer, which must be a 200."""
    connection.sendall(request)
    answer = connection.recv(65536)
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(head.decode())
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)


# ---- what must hold ----


def limit(data: Path) -> bool:
    """Whether a limit lets through exactly what it allows, under 16 threads."""
    data = data / "limit"
    data.mkdir()
    with ServedTablestore(data) as server:
        client = server.client()
        _create_table(client)
        below = sdk.SingleColumnCondition("n", LIMIT, sdk.ComparatorType.LESS_THAN)
        condition = sdk.Condition("IGNORE", below)

        def increment(_: int) -> bool:
            try:
                change = sdk.Row(KEY, {"INCREMENT": [("n", 1)]})
                client.update_row("t", change, condition)
            except sdk.OTSServiceError as error:
                if error.get_error_code() != "OTSConditionCheckFail":
                    raise
                return False
            return True

        with ThreadPoolExecutor(16) as pool:
            allowed = sum(pool.map(increment, range(INCREMENTS)))
    print(f"{INCREMENTS:,} conditional increments, limit {LIMIT}: {allowed} let through")
    return allowed == LIMIT


def crash(data: Path, rounds: int) -> bool:
    """Whether nothing acknowledged was lost and no row was left half there."""
    data.mkdir()
    for report in crash_rounds(data, rounds):
        if report.rounds % 20 == 0 or report.rounds == rounds:
            print(
                f"{report.rounds} crashes: {report.acknowledged:,} writes acknowledged, "
                f"{report.lost} lost, {report.half} half",
                flush=True,
            )
    return report.lost == 0 and report.half == 0


def _create_table(client: sdk.OTSClient) -> None:
    client.create_table(
        sdk.TableMeta("t", [("p", "STRING"), ("i", "STRING")]),
        sdk.TableOptions(),
        sdk.ReservedThroughput(sdk.CapacityUnit(0, 0)),
    )


if __name__ == "__main__":
    sys.exit(main())
