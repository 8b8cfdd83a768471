"""Runs the journey of a code on a fresh local cloud and reads the meter.

The second code is what counts: the first starts the instances and takes the leases of the limits
that everybody shares, and the difference between the two is what a lease costs.
"""

from __future__ import annotations

import json
import re
import statistics
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from infra.background_cloud import BackgroundCloud, CloudFailed
from infra.capacity.constants import FunctionCounts, Measured, OfThisMachine
from infra.package import build
from infra.package.build import PROJECT

FUNCTIONS = ("request_otp", "verify_otp", "receive_receipt")
RUNS = 8
RECEIPT_LIMIT_S = 30.0
_DURATION = re.compile(r'"duration_ms": [0-9.]+')


def measure() -> Measured:
    """One run, in half a minute. Raises CloudFailed, or PackagingFailed."""
    with tempfile.TemporaryDirectory(prefix="sesame-capacity-") as folder:
        cloud = BackgroundCloud(Path(folder), arguments=("--max-instances", "1"))
        cloud.start()
        try:
            # Both instances start with what the store never sees: a cold machine is no answer.
            cloud.post("/v1/otp", {"phone": "0", "purpose": "login"})
            cloud.post("/v1/otp/verify", {"challenge_id": "none", "code": "000000"})
            meters = [_one_code(cloud, number) for number in range(RUNS)]
            invocations: list[dict[str, Any]] = cloud.control("GET", "/invocations")
        finally:
            cloud.stop()
        report = build("python3.10", Path(folder) / "build", functions=FUNCTIONS, with_zip=True,
                       cache=PROJECT / "build" / "package-tests")  # fmt: skip
    warm = [each for each in invocations if not each["cold_start"]]
    durations = {name: round(statistics.median(_durations(warm, name)), 1) for name in FUNCTIONS}
    zips = {built.name: built.zipped_bytes or 0 for built in report.functions}
    return Measured(
        counts={name: _counts(name, meters[0], meters[1], warm) for name in FUNCTIONS},
        of_this_machine=OfThisMachine(durations_ms=durations, zip_bytes=zips),
    )


def _one_code(cloud: BackgroundCloud, number: int) -> list[dict[str, Any]]:
    """Ask for a code, verify it, wait for its receipt: what the meter then shows."""
    phone = f"+86138001380{number:02d}"
    cloud.control("DELETE", "/meter")
    asked = cloud.post("/v1/otp", {"phone": phone, "purpose": "login"})
    if asked.status_code != 202:
        raise CloudFailed(f"a code was refused: {asked.status_code}")
    body = {"challenge_id": asked.json()["challenge_id"], "code": cloud.code_on(phone)}
    verified = cloud.post("/v1/otp/verify", body)
    if verified.status_code != 200:
        raise CloudFailed(f"a right code was refused: {verified.status_code}")
    deadline_s = time.monotonic() + RECEIPT_LIMIT_S
    while _receipts(cloud.control("GET", "/invocations")) <= number:
        if time.monotonic() > deadline_s:
            raise CloudFailed("no receipt came")
        time.sleep(0.1)
    read: list[dict[str, Any]] = cloud.control("GET", "/meter")["operations"]
    return read


def _receipts(invocations: Iterable[Mapping[str, Any]]) -> int:
    return sum(each["function"] == "receive_receipt" for each in invocations)


def _durations(invocations: Iterable[Mapping[str, Any]], function: str) -> list[float]:
    return [each["duration_ms"] for each in invocations if each["function"] == function]


def _counts(
    name: str,
    first: list[dict[str, Any]],
    second: list[dict[str, Any]],
    warm: Iterable[Mapping[str, Any]],
) -> FunctionCounts:
    props = _function_props(name)
    read, write = _units(second, name)
    first_read, first_write = _units(first, name)
    return FunctionCounts(
        operations={
            f"{each['service']}.{each['operation']}": each["count"]
            for each in second
            if each["function"] == name
        },
        read_cu=read,
        write_cu=write,
        log_bytes=_log_bytes(next(each for each in warm if each["function"] == name)),
        lease_read_cu=first_read - read,
        lease_write_cu=first_write - write,
        cpu=props["cpu"],
        memory_mb=props["memorySize"],
    )


def _units(meter: Iterable[Mapping[str, Any]], name: str) -> tuple[int, int]:
    own = [each for each in meter if each["function"] == name]
    return sum(each["read_cu"] for each in own), sum(each["write_cu"] for each in own)


def _log_bytes(invocation: Mapping[str, Any]) -> int:
    # Durations have as many digits as they like: all count as one.
    lines = [_DURATION.sub('"duration_ms": 0', json.dumps(json.loads(line)))
             for line in invocation["log"]]  # fmt: skip
    return -(-sum(len(line) + 1 for line in lines) // 100) * 100


def _function_props(name: str) -> Mapping[str, Any]:
    document = yaml.safe_load((PROJECT / "s.yaml").read_text(encoding="utf-8"))
    extended: Mapping[str, Any] = document["template"]["function"]
    return {**extended, **document["resources"][name]["props"]}
