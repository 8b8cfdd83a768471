"""Notifications through the queue while everything fails: python -m tests.bench.drain [COUNT]

One per cent of the wire's operations fail or lose their answers, and a worker is killed every three
seconds. In the end the phones' own books are compared with ours: exit 0 only if every message was
delivered once. Not part of `make check`, for its length (10,000 take some minutes).
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
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
KILL_EVERY_S = 3
TURNS = 120


def kill_a_worker() -> bool:
    """End one process of the worker's function, of any local cloud of this machine's user."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            environment = (folder / "environ").read_text(errors="replace")
            if "FC_FUNCTION_NAME=sesame-dispatch-notification-local" in environment:
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
            "to": [f"+86138{number:08d}" for number in range(start, start + LIST)],
            "template": "ship_update",
            "params": PARAMS,
            "dedupe_key": f"order-{start}",
        }
        while (answer := cloud.post("/v1/notifications", body)).status_code == 503:
            continue
        ids += [message["message_id"] for message in answer.json()["messages"]]
    return ids


def statuses(cloud: BackgroundCloud, session: requests.Session, ids: list[str]) -> Counter[str]:
    """How far the messages are."""
    return Counter(
        session.get(f"{cloud.ready['gateway']}/v1/messages/{message_id}").json()["status"]
        for message_id in ids
    )


def main(count: int) -> int:
    """Run it; 1 if a message was lost or sent twice."""
    with tempfile.TemporaryDirectory(prefix="sesame-drain-") as folder:
        cloud = BackgroundCloud(Path(folder))
        cloud.start()
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {cloud.ready['api_key']}"
        is_over, killed = threading.Event(), []

        def killer() -> None:
            while not is_over.wait(KILL_EVERY_S):
                killed.append(kill_a_worker())

        threading.Thread(target=killer, daemon=True).start()
        try:
            began_s = time.monotonic()
            ids = accept(cloud, count)
            cloud.control("DELETE", "/faults")
            sample = ids[:: max(1, count // 200)]
            for _ in range(TURNS):
                if set(statuses(cloud, session, sample)) == {"delivered"}:
                    break
                cloud.advance(120)
                is_over.wait(2)
            is_over.set()
            took_s = time.monotonic() - began_s
            ends = statuses(cloud, session, ids)
            phones = Counter(each["phone"] for each in cloud.control("GET", "/inbox"))
            operations = cloud.control("GET", "/meter")["operations"]
            trips = sum(
                each["count"]
                for each in operations
                if each["service"] == "tablestore" and each["function"] != "track_message"
            )
        finally:
            is_over.set()
            cloud.stop()
    twice = sum(number > 1 for number in phones.values())
    print(f"{count} accepted, {dict(ends)}, {sum(killed)} workers killed")
    print(f"lost {count - len(phones)}, sent twice {twice}")
    print(f"{count / took_s:.0f} messages a second, {trips / count:.2f} Tablestore trips a message")
    return 0 if len(phones) == count and not twice and set(ends) == {"delivered"} else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
