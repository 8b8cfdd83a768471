"""Pushes receipts and replies to the customer's addresses: SmsReport and SmsUp, JSON arrays over
HTTP.

What waits is in the service's database, so that a restart goes on where the last run stopped; an
entry leaves it once it was taken, or after the last try. A push that was cut off is made again:
like the real thing, this delivers at least once. Nothing is kept for a cloud that pushes nowhere.

Faults aimed at SmsReport and SmsUp strike pushes, a batch each: `drop_before` loses it for good,
as the real thing may; `drop_after` makes it and loses the customer's answer, so that it comes
again; `error:<Code>`, `html_503` and `hang` are tries that fail; `delay:<ms>` is late.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import aiohttp

from infra.localcloud.core.clock import CloudClock
from infra.localcloud.core.faults import FaultPlan
from infra.localcloud.dysmsapi.phones import as_answered
from infra.localcloud.dysmsapi.records import DELIVERED, SendRecord, beijing_time
from infra.localcloud.inbox.book import InboxReply

RETRY_AFTER_S = (60.0, 300.0, 600.0)
"""After each failed try but the last, on the cloud's clock."""
BATCH_LIMIT = 100
"""Inferred: the documentation has arrays, and no length."""
ANSWER_TIMEOUT_S = 5.0
"""Inferred: a push that hangs counts as failed, and the documentation does not say when."""
POLL_S = 0.1
_OPERATIONS = {"report": "SmsReport", "up": "SmsUp"}
"""The vendor's names of the two message types."""
_ANSWER_LIMIT_BYTES = 64 * 1024
_DEST_CODE = "10690000"
"""Inferred: an access number of the carriers' form. The messages here carry no extension."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS push (
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, body TEXT NOT NULL,
    due_at REAL NOT NULL, failed_count INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS push_by_due ON push (due_at);
"""


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Where the customer wants receipts and replies, as set in the provider's console."""

    sms_report_url: str
    sms_up_url: str


class ReceiptPusher:
    """Pushes from `start` to `stop`.

    duplicate: set it, and each push is made twice, as the real thing may do; `reset` ends it.
    """

    def __init__(
        self, database: sqlite3.Connection, clock: CloudClock, faults: FaultPlan | None = None
    ) -> None:
        self._database = database
        self._clock = clock
        self._faults = faults or FaultPlan()
        self._task: asyncio.Task[None] | None = None
        self.duplicate = False
        database.executescript(_SCHEMA)
        self._next_due_at = self._earliest()

    def start(self, callbacks: Callbacks) -> None:
        """Push from now on, in the running loop; first what an earlier run left."""
        assert self._task is None, "it is pushing already"
        self._task = asyncio.get_running_loop().create_task(self._push_for_ever(callbacks))

    async def stop(self) -> None:
        """Stop pushing; what waits is kept. Harmless if nothing was started."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def reset(self) -> None:
        """Forget what waits, and push on."""
        with self._database:
            self._database.execute("DELETE FROM push")
        self.duplicate = False
        self._next_due_at = None

    def expect(self, records: Iterable[SendRecord]) -> None:
        """Push the receipt of each record when it settles."""
        self._queue(
            ("report", json.dumps(_report(record), ensure_ascii=False), record.settles_at)
            for record in records
            if record.settles_at is not None
        )

    def add_reply(self, reply: InboxReply, *, sign_name: str) -> None:
        """Push what a phone answered to a message of `sign_name`."""
        body = json.dumps(_reply(reply, sign_name), ensure_ascii=False)
        self._queue([("up", body, reply.sent_at)])

    def _queue(self, entries: Iterable[tuple[str, str, float]]) -> None:
        if self._task is None:
            return
        with self._database:
            self._database.executemany(
                "INSERT INTO push (kind, body, due_at) VALUES (?, ?, ?)", entries
            )
        self._next_due_at = self._earliest()

    async def _push_for_ever(self, callbacks: Callbacks) -> None:
        urls = {"report": callbacks.sms_report_url, "up": callbacks.sms_up_url}
        timeout = aiohttp.ClientTimeout(total=ANSWER_TIMEOUT_S)
        async with aiohttp.ClientSession(timeout=timeout) as client:
            while True:
                if self._next_due_at is not None and self._next_due_at <= self._clock.now_s():
                    for kind, url in urls.items():
                        await self._push_batch(client, kind, url)
                    self._next_due_at = self._earliest()
                await asyncio.sleep(POLL_S)

    async def _push_batch(self, client: aiohttp.ClientSession, kind: str, url: str) -> None:
        """Push the longest-waiting entries that have failed equally often, if any are due."""
        rows = self._database.execute(
            "SELECT id, body, failed_count FROM push WHERE kind = ? AND due_at <= ? "
            "ORDER BY failed_count DESC, due_at, id LIMIT ?",
            (kind, self._clock.now_s(), BATCH_LIMIT),
        ).fetchall()
        if not rows:
            return
        failed_count: int = rows[0][2]
        batch = [row for row in rows if row[2] == failed_count]
        body = [_numbered(kind, row[0], json.loads(row[1])) for row in batch]
        is_taken = await self._push(client, kind, url, body)
        self._note([row[0] for row in batch], is_taken=is_taken, failed_count=failed_count)

    async def _push(
        self, client: aiohttp.ClientSession, kind: str, url: str, body: Sequence[object]
    ) -> bool:
        """One try. True if the customer took it, or if it is lost for good."""
        fault = self._faults.take("dysmsapi", _OPERATIONS[kind], is_call=False)
        match fault.name if fault else None:
            case "drop_before":
                return True
            case "error" | "html_503" | "hang":
                return False
            case "delay" if fault:
                await asyncio.sleep(int(fault.argument) / 1000)
        is_taken = await _is_taken(client, url, body)
        if self.duplicate:
            await _is_taken(client, url, body)
        return is_taken and (fault is None or fault.name != "drop_after")

    def _note(self, ids: list[int], *, is_taken: bool, failed_count: int) -> None:
        with self._database:
            if is_taken or failed_count == len(RETRY_AFTER_S):
                self._database.executemany("DELETE FROM push WHERE id = ?", [(id_,) for id_ in ids])
                return
            due_at = self._clock.now_s() + RETRY_AFTER_S[failed_count]
            self._database.executemany(
                "UPDATE push SET due_at = ?, failed_count = ? WHERE id = ?",
                [(due_at, failed_count + 1, id_) for id_ in ids],
            )

    def _earliest(self) -> float | None:
        row = self._database.execute("SELECT min(due_at) FROM push").fetchone()
        return None if row[0] is None else float(row[0])


async def _is_taken(client: aiohttp.ClientSession, url: str, body: Sequence[object]) -> bool:
    try:
        async with client.post(url, json=body, allow_redirects=False) as response:
            answer = json.loads(await response.content.read(_ANSWER_LIMIT_BYTES))
            # `code` must be a number; Python counts True and False among them.
            code = answer.get("code") if isinstance(answer, dict) else None
            return response.status == 200 and type(code) is int and code == 0
    except (aiohttp.ClientError, asyncio.TimeoutError, OSError, ValueError, RecursionError):
        return False


def _report(record: SendRecord) -> dict[str, object]:
    assert record.settles_at is not None
    return {
        # Inferred for numbers abroad: that a domestic account's receipts have these fields too.
        "phone_number": as_answered(record.phone),
        "send_time": beijing_time(record.sent_at),
        "report_time": beijing_time(record.settles_at),
        "success": record.status == DELIVERED,
        "err_code": record.err_code,
        # Inferred: the texts. The provider's are prose for people.
        "err_msg": "用户接收成功" if record.status == DELIVERED else record.err_code,
        "sms_size": str(record.segment_count),
        "biz_id": record.biz_id,
        "out_id": record.out_id,
    }


def _reply(reply: InboxReply, sign_name: str) -> dict[str, object]:
    return {
        "phone_number": as_answered(reply.phone),
        "content": reply.content,
        "send_time": beijing_time(reply.sent_at),
        "dest_code": _DEST_CODE,
        "sign_name": sign_name,
    }


def _numbered(kind: str, id_: int, body: dict[str, object]) -> dict[str, object]:
    """A reply with its `sequence_id`, the same at every try."""
    return {**body, "sequence_id": str(10**9 + id_)} if kind == "up" else body
