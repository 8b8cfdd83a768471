"""Notifications through the queue while everything fails: python -m tests.bench.drain [COUNT]

One per cent of the wire's operations fail or lose their answers, and a worker is killed every three
seconds. In the end the phones' own books are compared with ours: exit 0 only if every message was
delivered once, within its round trips. Not part of `make check`, for its length (10,000 take some
minutes).
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import requests

from infra.background_cloud import BackgroundCloud

LIST = 10
FAULTS = (
    ("dysmsapi", "drop_after"),
    ("dysmsapi", "error:isp.SYSTEM_ERROR"),
    ("tablestore", "drop_after"),
    ("tablestore", "error:OTSServerBusy"),
    ("smq", "error:InternalError"),
)
PARAMS = {"order_no": "A1", "status": "shipped"}
WORKER = "sesame-dispatch-notification-local"
KILL_EVERY_S = 3
TURNS = 120
TRIPS_LIMIT = 3.0
"""Tablestore round trips a message, receipts not counted: they have a limit of their own."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a run. statuses: ours, by message; copies: how many messages each phone
    has; trips: Tablestore round trips by function; took_s: until 99 % were on phones.
    """

    count: int
    statuses: Mapping[str, int]
    copies: Mapping[str, int]
    killed_count: int
    trips: Mapping[str, int]
    took_s: float

    @property
    def lost_count(self) -> int:
        """Messages that reached no phone."""
        return self.count - len(self.copies)

    @property
    def twice_count(self) -> int:
        """Messages that a phone has more than once."""
        return sum(copies > 1 for copies in self.copies.values())

    @property
    def trips_per_message(self) -> float:
        """Round trips of all functions but the one for receipts."""
        others = (trips for name, trips in self.trips.items() if name != "receive_receipt")
        return sum(others) / self.count

    def broken(self) -> list[str]:
        """The promises that this run broke."""
        promises = {
            "every message reaches its phone": not self.lost_count,
            "no message comes twice": not self.twice_count,
            "every message is known to be delivered": set(self.statuses) == {"delivered"},
            "a worker was killed": self.killed_count > 0 or self.took_s < 2 * KILL_EVERY_S,
            f"at most {TRIPS_LIMIT:g} trips a message": self.trips_per_message <= TRIPS_LIMIT,
        }
        return [promise for promise, is_kept in promises.items() if not is_kept]


def kill_a_worker(group_id: int) -> bool:
    """End one process of the worker's function in the process group of our own cloud."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            environment = (folder / "environ").read_text(errors="replace")
            if f"FC_FUNCTION_NAME={WORKER}" not in environment.split("\0"):
                continue
            if os.getpgid(int(folder.name)) == group_id:
                os.kill(int(folder.name), signal.SIGKILL)
                return True
        except OSError:
            continue
    return False


def accept(cloud: BackgroundCloud, count: int) -> list[str]:
    """Accept `count` messages, ten in a list, with a fault of each kind for every hundred."""
    ids: list[str] = []
    for start in range(0, count, LIST):
        if start % 100 == 0:
            for service, kind in FAULTS:
                cloud.control(
                    "POST",
                    "/faults",
                    {"service": service, "operation": "*", "kind": kind, "times": 1},
                )
        body = {
            "to": [f"+86138{number:08d}" for number in range(start, min(start + LIST, count))],
            "template": "ship_update",
            "params": PARAMS,
            "dedupe_key": f"order-{start}",
        }
        while (answer := cloud.post("/v1/notifications", body)).status_code == 503:
            continue
        ids += [message["message_id"] for message in answer.json()["messages"]]
    return ids


def status(cloud: BackgroundCloud, session: requests.Session, message_id: str) -> str:
    """How far a message is."""
    address = f"{cloud.ready['gateway']}/v1/messages/{message_id}"
    return str(session.get(address, timeout=30).json()["status"])


def phones(cloud: BackgroundCloud) -> Counter[str]:
    """How many messages each phone has."""
    return Counter(each["phone"] for each in cloud.control("GET", "/inbox"))


def arrive(cloud: BackgroundCloud, count: int) -> float:
    """Let time pass until 99 % of the messages are on phones, or it is of no use; when that was."""
    for _ in range(TURNS):
        if len(phones(cloud)) >= 0.99 * count:
            break
        cloud.advance(30)
        time.sleep(2)
    return time.monotonic()


def settle(cloud: BackgroundCloud, session: requests.Session, ids: Sequence[str]) -> Counter[str]:
    """Let time pass until every message is delivered, or it is of no use; how they ended."""
    ends: Counter[str] = Counter()
    waiting = list(ids)
    for _ in range(TURNS):
        found = {message_id: status(cloud, session, message_id) for message_id in waiting}
        waiting = [message_id for message_id, each in found.items() if each != "delivered"]
        if not waiting:
            break
        # What a dead worker had claimed comes when the sweep has asked the provider for it.
        cloud.advance(120)
        time.sleep(2)
    ends["delivered"] = len(ids) - len(waiting)
    ends.update(found[message_id] for message_id in waiting)
    return +ends


def trips(cloud: BackgroundCloud) -> Counter[str]:
    """Tablestore round trips by function, but for those of our own looking."""
    counts: Counter[str] = Counter()
    for each in cloud.control("GET", "/meter")["operations"]:
        if each["service"] == "tablestore" and each["function"] != "track_message":
            counts[each["function"]] += each["count"]
    return counts


def run(cloud: BackgroundCloud, count: int) -> Outcome:
    """Send `count` messages through a started cloud."""
    assert cloud.process is not None
    group_id = cloud.process.pid
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {cloud.ready['api_key']}"
    is_over, killed = threading.Event(), []

    def killer() -> None:
        while not is_over.wait(KILL_EVERY_S):
            killed.append(kill_a_worker(group_id))

    thread = threading.Thread(target=killer, daemon=True)
    thread.start()
    try:
        began_s = time.monotonic()
        ids = accept(cloud, count)
        cloud.control("DELETE", "/faults")
        took_s = arrive(cloud, count) - began_s
        ends = settle(cloud, session, ids)
    finally:
        is_over.set()
        thread.join()
    return Outcome(
        count=count,
        statuses=ends,
        copies=phones(cloud),
        killed_count=sum(killed),
        trips=trips(cloud),
        took_s=took_s,
    )


def main(count: int) -> int:
    """Run it and report; 1 if a promise was broken."""
    with tempfile.TemporaryDirectory(prefix="sesame-drain-") as folder:
        cloud = BackgroundCloud(Path(folder))
        cloud.start()
        try:
            outcome = run(cloud, count)
        finally:
            cloud.stop()
    print(f"{count} accepted, {dict(outcome.statuses)}, {outcome.killed_count} workers killed")
    print(f"lost {outcome.lost_count}, sent twice {outcome.twice_count}")
    print(f"{count / outcome.took_s:.0f} messages a second in {outcome.took_s:.0f} s")
    print(f"{outcome.trips_per_message:.2f} Tablestore trips a message, {dict(outcome.trips)}")
    for promise in outcome.broken():
        print(f"BROKEN: {promise}")
    return 1 if outcome.broken() else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
