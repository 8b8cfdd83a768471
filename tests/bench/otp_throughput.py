"""Requests and verifies per CPU second of the process: python -m tests.bench.otp_throughput

Ours and the textbook's go through the official SDKs to the local cloud's Tablestore and SMS, which
run in processes of their own and are not counted; better-auth keeps all in its own memory and sends
nothing, so ours stands beside it once more, with a store and a provider in its own process. One
machine, one run, warm processes. Ratios matter, absolute numbers do not.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.background_cloud import BackgroundCloud
from infra.project import ROOT
from tests.bench.betterauth_runner import LeftOut, measured
from tests.bench.subjects import Subject, subjects

PAIRS, WARM_UP = 300, 50
FAST_PAIRS, FAST_WARM_UP = 1_000, 300
"""For subjects that wait for nobody."""
PROBE = """
import importlib, json, sys, time
sys.path[:0] = sys.argv[3:]
handler = importlib.import_module(sys.argv[1])
class Context:
    request_id = "bench"
handler.initialize(Context())
events = sys.stdin.buffer.read().splitlines()
answers, began_s = [], 0.0
for number, event in enumerate(events):
    if number == int(sys.argv[2]):
        began_s = time.process_time()
    answers.append(handler.handler(event, Context()))
spent_s = time.process_time() - began_s
print(json.dumps({
    "cpu_s": spent_s,
    "statuses": sorted({each["statusCode"] for each in answers}),
    "bodies": [each["body"] for each in answers],
}))
"""


class BenchFailed(Exception):
    """A subject did not answer as it should."""


@dataclass(frozen=True, slots=True)
class Pace:
    """CPU seconds for `pairs` requests and as many verifies."""

    name: str
    pairs: int
    request_s: float
    verify_s: float

    @property
    def rates(self) -> tuple[float, float, float]:
        """Requests, verifies, and both together, per CPU second."""
        both = 2 * self.pairs / (self.request_s + self.verify_s)
        return self.pairs / self.request_s, self.pairs / self.verify_s, both


def run(subject: Subject, bodies: Sequence[object], *, status: int) -> tuple[float, list[str]]:
    """The CPU seconds of all but the first WARM_UP bodies, and the answers' bodies.

    Raises BenchFailed.
    """
    events = [
        {
            "version": "v1",
            "rawPath": subject.path,
            "headers": {
                "content-type": "application/json",
                "authorization": f"Bearer {subject.environment['BENCH_KEY']}",
            },
            "body": json.dumps(body),
            "isBase64Encoded": False,
            "requestContext": {"http": {"method": "POST", "path": subject.path}},
        }
        for body in bodies
    ]
    flags = ["-I", "-S"] if subject.isolated else []
    folders = map(str, subject.folders)
    done = subprocess.run(
        [sys.executable, *flags, "-c", PROBE, subject.module, str(WARM_UP), *folders],
        input=b"\n".join(json.dumps(event).encode() for event in events),
        env={**subject.environment, "PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    result = json.loads(done.stdout.splitlines()[-1])
    if result["statuses"] != [status]:
        raise BenchFailed(f"{subject.name} answered {result['statuses']}")
    return float(result["cpu_s"]), result["bodies"]


def pace(
    cloud: BackgroundCloud, name: str, request: Subject, verify: Subject, *, start: int
) -> Pace:
    """How one pair of handlers does. start: of the phones that are its own."""
    phones = [f"138{start + number:08d}" for number in range(PAIRS + WARM_UP)]
    wishes = [{"phone": phone, "purpose": "login"} for phone in phones]
    request_s, bodies = run(request, wishes, status=202)
    codes = codes_on(cloud)
    guesses = [
        {
            # The textbook has no challenges: its key is the number.
            "challenge_id": json.loads(body).get("challenge_id", phone),
            "code": codes[phone],
        }
        for phone, body in zip(phones, bodies, strict=True)
    ]
    verify_s, _ = run(verify, guesses, status=200)
    return Pace(name, PAIRS, request_s, verify_s)


def codes_on(cloud: BackgroundCloud) -> Mapping[str, str]:
    """The newest code on each phone, by the number's last eleven digits."""
    codes: dict[str, str] = {}
    for each in cloud.control("GET", "/inbox"):  # newest first
        found = re.search(r"\d{6}", each["text"])
        if found:
            codes.setdefault(each["phone"][-11:], found[0])
    return codes


def in_memory(environment: Mapping[str, str]) -> Pace:
    """Ours without the wire. Raises CalledProcessError."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.otp_throughput_memory"]
        + [str(FAST_PAIRS), str(FAST_WARM_UP)],
        cwd=ROOT,
        env={**environment, "PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    spent = json.loads(done.stdout.splitlines()[-1])
    name = "sesame, store and SMS in its process"
    return Pace(name, FAST_PAIRS, spent["request"], spent["verify"])


def better_auth() -> list[Pace]:
    """better-auth in its two ways to verify. Raises LeftOut."""
    names = {
        "consume": "better-auth, consume the code alone",
        "signIn": "better-auth, sign up and session",
    }
    return [
        Pace(names[way], FAST_PAIRS, spent["request"], spent["verify"])
        for way, spent in measured(FAST_PAIRS, FAST_WARM_UP).items()
    ]


def paces(cloud: BackgroundCloud) -> tuple[list[Pace], list[Pace], str]:
    """Those on the wire, those in memory, and why some were left out, if they were.

    Raises BenchFailed, CalledProcessError.
    """
    (ours, book), (ours_verify, book_verify) = subjects(cloud)[:2]
    wired = [
        pace(cloud, "sesame", ours, ours_verify, start=1_000),
        pace(cloud, "textbook", book, book_verify, start=10_000),
    ]
    alone = [in_memory(ours.environment)]
    try:
        return wired, [*alone, *better_auth()], ""
    except LeftOut as why:
        return wired, alone, str(why)


def report(cloud: BackgroundCloud) -> None:
    """Measure on a started cloud and print the table. Raises BenchFailed, CalledProcessError."""
    wired, alone, left_out = paces(cloud)
    print(
        f"{'per CPU second of the process':<40}{'request':>9}{'verify':>9}{'both':>9}{'ratio':>8}"
    )
    for group in (wired, alone):
        ours = group[0].rates[2]
        for each in group:
            request, verify, both = each.rates
            ratio = ours / both
            print(f"{each.name:<40}{request:>9.0f}{verify:>9.0f}{both:>9.0f}{ratio:>8.2f}")
    print("ratio: ours to it, both together; the first two through the SDKs, the others without")
    if left_out:
        print(f"LEFT OUT: better-auth: {left_out}")


def main() -> int:
    """Measure on a cloud of its own; 1 if a subject did not answer as it should."""
    with tempfile.TemporaryDirectory(prefix="sesame-throughput-") as folder:
        cloud = BackgroundCloud(Path(folder))
        cloud.start()
        try:
            report(cloud)
        except (BenchFailed, subprocess.CalledProcessError) as failure:
            print(f"bench: {failure}")
            return 1
        finally:
            cloud.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
