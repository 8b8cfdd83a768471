"""Crash and restart under write load: a served Tablestore is killed while clients write to it.

Every row has three columns that are written together and a row in a local index, so that a row, or
a row and its index, that is only half there can be told from one that is whole.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import urllib3

from tests.localcloud.tablestore.tablestore_server import sdk

ROOT = Path(__file__).resolve().parents[3]
WRITERS = 4
_READY_TIME_LIMIT_S = 60


class ServedTablestore:
    """`python -m infra.localcloud serve tablestore` in a process of its own, on a free port."""

    def __init__(self, data: Path) -> None:
        ready_file = data / "ready.json"
        ready_file.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "infra.localcloud", "serve", "tablestore"]
            + ["--port", "0", "--data", str(data / "data"), "--ready-file", str(ready_file)],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
        )
        ends_s = time.monotonic() + _READY_TIME_LIMIT_S
        while not ready_file.exists():
            if self._process.poll() is not None or time.monotonic() > ends_s:
                raise RuntimeError("the served Tablestore did not get ready")
            time.sleep(0.01)
        self.ready: dict[str, Any] = json.loads(ready_file.read_text())

    def __enter__(self) -> ServedTablestore:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def kill(self) -> None:
        """End the process at once, wherever it is."""
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def client(self) -> sdk.OTSClient:
        """An SDK client that signs as the root key and does not retry."""
        return sdk.OTSClient(
            self.ready["endpoint"],
            self.ready["access_key_id"],
            self.ready["access_key_secret"],
            "local",
            retry_policy=sdk.NoRetryPolicy(),
            socket_timeout=10,
            enable_native=False,
        )


@dataclass(slots=True)
class Report:
    """What the rounds came to."""

    rounds: int = 0
    acknowledged: int = 0
    lost: int = 0
    half: int = 0
    """Rows with columns that do not belong together, or that differ from their index."""


@dataclass(slots=True)
class _Writer:
    """One client that writes until the server is gone, and remembers what was acknowledged."""

    client: sdk.OTSClient
    prefix: str
    rows: dict[str, int] = field(default_factory=dict)
    tried: int = 0
    counted: int = 0

    def write(self) -> None:
        try:
            while True:
                self._write_once()
        except (urllib3.exceptions.HTTPError, sdk.OTSServiceError, sdk.OTSClientError):
            return  # the server has been killed

    def _write_once(self) -> None:
        self.tried += 1
        number = self.tried
        if number % 3 == 0:
            change = {"INCREMENT": [("a", 1), ("b", 1), ("c", 1)]}
            self.client.update_row("t", sdk.Row(_key(f"{self.prefix}-hot"), change), None)
            self.counted += 1
        elif number % 3 == 1:
            name = f"{self.prefix}-{number:06d}"
            self.client.put_row("t", _row(name, number), None)
            self.rows[name] = number
        else:
            names = [f"{self.prefix}-{number:06d}-{each}" for each in range(5)]
            request = sdk.BatchWriteRowRequest()
            items = [sdk.PutRowItem(_row(name, number), None) for name in names]
            request.add(sdk.TableInBatchWriteRowItem("t", items))
            if self.client.batch_write_row(request).is_all_succeed():
                self.rows.update(dict.fromkeys(names, number))


def crash_rounds(data: Path, count: int, *, seed: int = 1) -> Iterator[Report]:
    """Write, kill, restart and compare, `count` times; the report so far after each."""
    chance = random.Random(seed)
    report = Report()
    server = ServedTablestore(data)
    try:
        _create_table(server.client())
        for number in range(count):
            writers = [
                _Writer(server.client(), f"r{number:04d}-w{each}") for each in range(WRITERS)
            ]
            threads = [threading.Thread(target=writer.write) for writer in writers]
            for thread in threads:
                thread.start()
            time.sleep(chance.uniform(0.05, 0.3))
            server.kill()
            for thread in threads:
                thread.join()
            server = ServedTablestore(data)
            _compare(server.client(), f"r{number:04d}-", writers, report)
            report.rounds += 1
            yield report
    finally:
        server.kill()


def _compare(client: sdk.OTSClient, prefix: str, writers: list[_Writer], report: Report) -> None:
    stored = dict(_stored(client, "t", prefix))
    indexed = {key: values["a"] for key, values in _stored(client, "by_a", prefix)}
    for key, values in stored.items():
        whole = len(values) == 3 and len(set(values.values())) == 1
        report.half += not (whole and indexed.get(key) == values.get("a"))
    report.half += len(indexed.keys() - stored.keys())
    for writer in writers:
        report.acknowledged += len(writer.rows) + writer.counted
        for name, number in writer.rows.items():
            report.lost += stored.get(name, {}).get("a") != number
        hot = stored.get(f"{writer.prefix}-hot", {}).get("a", 0)
        # The last one may have been carried out without its answer getting through.
        report.lost += max(0, writer.counted - hot)
        report.half += hot > writer.counted + 1


def _stored(client: sdk.OTSClient, table: str, prefix: str) -> Iterator[tuple[str, dict[str, int]]]:
    names = ["p", "i"] if table == "t" else ["p", "a", "i"]
    rows = client.xget_range(
        table,
        "FORWARD",
        [("p", prefix), *((name, sdk.INF_MIN) for name in names[1:])],
        [("p", prefix + "~"), *((name, sdk.INF_MIN) for name in names[1:])],
        sdk.CapacityUnit(0, 0),
        max_version=1,
    )
    for row in rows:
        key = dict(row.primary_key)
        values = {name: value for name, value, _ in row.attribute_columns}
        yield key["p"], values if table == "t" else {"a": key["a"]}


def _create_table(client: sdk.OTSClient) -> None:
    client.create_table(
        sdk.TableMeta("t", [("p", "STRING"), ("i", "INTEGER")], [("a", "INTEGER")]),
        sdk.TableOptions(),
        sdk.ReservedThroughput(sdk.CapacityUnit(0, 0)),
        [
            sdk.SecondaryIndexMeta(
                "by_a", ["p", "a"], [], index_type=sdk.SecondaryIndexType.LOCAL_INDEX
            )
        ],
    )


def _key(name: str) -> list[tuple[str, Any]]:
    return [("p", name), ("i", 0)]


def _row(name: str, number: int) -> sdk.Row:
    return sdk.Row(_key(name), [("a", number), ("b", number), ("c", number)])
