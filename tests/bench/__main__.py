"""`make bench`: cold starts side by side, as ratios: the packaged functions and the textbook.

Each run is a fresh interpreter that imports the handler, runs the initializer and answers one
request against the local cloud. CPU is the child's user and system time from start to end, and the
median of the runs; the order alternates, so that a noisy moment strikes all alike.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from infra.background_cloud import BackgroundCloud
from tests.bench.otp_throughput import report as throughput
from tests.bench.subjects import LIMITS, subjects

RUNS = 9


def main() -> int:
    """Measure and print; 1 if a subject did not answer as it should."""
    numbers = iter(range(10**6))
    with tempfile.TemporaryDirectory(prefix="sesame-bench-") as folder:
        cloud = BackgroundCloud(Path(folder))
        cloud.start()
        try:
            print(f"{'cold start and one request':<30}{'CPU ms':>8}{'modules':>9}{'RSS MiB':>9}")
            for ours, textbook in subjects(cloud):
                runs: dict[str, list[dict[str, float]]] = {ours.name: [], textbook.name: []}
                for _ in range(RUNS):
                    for subject in (ours, textbook):
                        phone = f"138{next(numbers):08d}"
                        body: dict[str, str] = {"phone": phone, "purpose": "login"}
                        if subject.path.endswith("verify"):
                            issued = cloud.post("/v1/otp", body).json()
                            body = {"challenge_id": issued["challenge_id"], "code": "000000"}
                        measured = subject.run(body)
                        expected = 422 if subject.path.endswith("verify") else 202
                        if measured["status"] != expected:
                            print(f"bench: {subject.name} answered {measured['status']}")
                            return 1
                        runs[subject.name].append(measured)
                report(ours.path, runs, limit=LIMITS[ours.name][1])
            print()
            throughput(cloud)
        finally:
            cloud.stop()
    return 0


def report(path: str, runs: Mapping[str, list[dict[str, float]]], *, limit: float) -> None:
    """A line for each subject of a route, and the ratio of the first to the second."""
    medians = {
        name: {key: statistics.median(run[key] for run in measured) for key in measured[0]}
        for name, measured in runs.items()
    }
    for name, values in medians.items():
        label = f"{path}  {name}"
        print(
            f"{label:<30}{values['cpu_s'] * 1000:>8.0f}"
            f"{values['module_count']:>9.0f}{values['rss_mib']:>9.0f}"
        )
    ours, textbook = medians.values()
    print(f"{'  ratio':<30}{ours['cpu_s'] / textbook['cpu_s']:>8.2f}  (aim: {limit:.2f})")


if __name__ == "__main__":
    sys.exit(main())
