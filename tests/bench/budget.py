"""Parallel sends against one budget, over the wire: python -m tests.bench.budget [LIMIT [SENDS]]

Every send is a dispatch of its own: it claims, charges, sends and records through the real SDK,
against the local cloud's Tablestore. Exit 0 only if the budget was spent to within 1 % and never
beyond. `race` is what the tests run with smaller numbers.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from infra.localcloud.core.cloud import Cloud
from infra.tables import apply_tables
from shared.budget.ledger import tenant_key
from shared.budget.model import column_of, day_of
from shared.errors import StoreUnavailable
from shared.notifications.message_rows import MessageRef
from shared.notifications.model import WorkItem
from shared.rows import RowKey, RowStore, number_in
from tests.fakes.hands import HandClock
from tests.fakes.notifications import TENANT, NotificationService
from tests.fakes.row_stores import rows_on
from tests.localcloud.tablestore.tablestore_server import RunningTablestore

THREADS = 32
LIST = 30
ROUNDS = 20


@dataclass(frozen=True, slots=True)
class Race:
    """How it ended. charged: what the budget's own row counts; statuses: of the messages' rows;
    rounds: 1, and one more whenever a send found the row busy and came again.
    """

    limit: int
    sends: int
    sent: int
    charged: int
    statuses: Mapping[str, int]
    rounds: int

    @property
    def is_kept(self) -> bool:
        """True if all of the budget but 1 % was spent, no more, and the books agree."""
        ends = {"sent": self.sent, "failed": self.sends - self.sent}
        is_within = 0.99 * self.limit <= self.sent <= self.charged <= self.limit
        return is_within and dict(self.statuses) == ends


def race(
    store: RowStore,
    clock: HandClock,
    *,
    limit: int,
    sends: int,
    at_start: Callable[[], None] = lambda: None,
) -> Race:
    """Try `sends` messages with THREADS workers at once, `limit` being allowed in the day.

    at_start: called when all are accepted and none is sent.
    """
    service = NotificationService(
        store=store,  # type: ignore[arg-type]  # any store will do
        clock=clock,
        budgets=json.dumps({TENANT: {"day": {"messages": limit}}}),
    )
    keys: list[RowKey] = []
    for start in range(0, sends, LIST):
        numbers = range(start, min(start + LIST, sends))
        accepted = service.accept(*(f"+86138{number:08d}" for number in numbers))
        keys += [_key(message.message_id) for message in accepted.messages]
    due = [alone for body in service.work.take() for alone in _alone(body)]
    at_start()
    rounds = 0
    with ThreadPoolExecutor(THREADS) as pool:
        while due and rounds < ROUNDS:
            left = list(pool.map(lambda body: _send(service, body), due))
            rounds += 1
            clock.advance(10)
            due = [*service.work.take(), *(body for body in left if body)]
    (row,) = store.read([tenant_key(TENANT)])
    ends = [end for at in range(0, sends, LIST) for end in store.read(keys[at : at + LIST])]
    return Race(
        limit=limit,
        sends=sends,
        sent=len(service.sms.sent),
        charged=number_in(row or {}, column_of(day_of(clock.now_ms()), "messages")),
        statuses=Counter(str((end or {}).get("status")) for end in ends),
        rounds=rounds,
    )


def _send(service: NotificationService, body: bytes) -> bytes | None:
    """Dispatch one item; the item itself if the queue would bring it again."""
    try:
        service.dispatch([body])
    except StoreUnavailable:
        return body
    return None


def _key(message_id: str) -> RowKey:
    ref = MessageRef.parse(message_id)
    assert ref is not None
    return ref.key


def _alone(body: bytes) -> list[bytes]:
    """A work item for each recipient of the one in `body`."""
    item = WorkItem.parse(body)
    return [replace(item, recipients=(each,)).body().encode() for each in item.recipients]


def main(limit: int, sends: int) -> int:
    """Run it on a Tablestore of its own and report; 1 if the budget was not kept."""
    logging.disable(logging.CRITICAL)  # a line for each of thousands that come too late
    server = RunningTablestore(Cloud())
    try:
        apply_tables(server.client())
        root = server.cloud.identities.root
        os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"] = root.access_key_id
        os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"] = root.access_key_secret
        server.cloud.meter.clear()
        began_s = time.monotonic()
        ended = race(rows_on(server), HandClock(), limit=limit, sends=sends)
        took_s = time.monotonic() - began_s
        trips = sum(int(str(each["count"])) for each in server.cloud.meter.as_json()["operations"])
    finally:
        server.stop()
    print(f"budget {limit}, {sends} sends by {THREADS} at once: {dict(ended.statuses)}")
    print(f"sent {ended.sent}, charged {ended.charged}, {ended.rounds} rounds")
    print(f"{took_s:.0f} s, {trips / sends:.2f} Tablestore trips a send")
    if not ended.is_kept:
        print("BROKEN: the budget is spent to within 1 %, and never beyond")
    return 0 if ended.is_kept else 1


if __name__ == "__main__":
    numbers = [int(each) for each in sys.argv[1:]]
    sys.exit(main(*(numbers + [1000, 5000][len(numbers) :])))
