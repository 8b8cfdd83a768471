"""The queues and their messages, in one SQLite file.

A message is hidden by its `visible_at` alone: a delay, a receipt and a changed visibility all move
that one number. A receipt handle is good until then, or until another is given out.
"""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import asdict, astuple, dataclass, replace
from pathlib import Path

from infra.localcloud.core.clock import CloudClock
from infra.localcloud.smq.errors import SmqRefused

_SCHEMA = """
CREATE TABLE IF NOT EXISTS queue (
    name TEXT PRIMARY KEY, visibility_timeout_s INTEGER NOT NULL,
    message_limit_bytes INTEGER NOT NULL, retention_s INTEGER NOT NULL, delay_s INTEGER NOT NULL,
    polling_wait_s INTEGER NOT NULL, is_logging INTEGER NOT NULL, created_at REAL NOT NULL,
    modified_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS message (
    number INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, id TEXT NOT NULL,
    body TEXT NOT NULL, priority INTEGER NOT NULL, enqueued_at REAL NOT NULL,
    visible_at REAL NOT NULL, expires_at REAL NOT NULL, first_dequeued_at REAL,
    dequeue_count INTEGER NOT NULL, receipt_handle TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS message_to_receive ON message (queue, priority, number);
"""
_MESSAGE = (
    "number, id, body, priority, enqueued_at, visible_at, first_dequeued_at, dequeue_count, "
    "receipt_handle"
)


@dataclass(frozen=True, slots=True)
class QueueAttributes:
    """What can be set of a queue; the defaults are the documented ones."""

    visibility_timeout_s: int = 30
    message_limit_bytes: int = 65_536
    retention_s: int = 345_600
    delay_s: int = 0
    polling_wait_s: int = 0
    is_logging: bool = False


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue and its attributes; times are UTC epoch seconds."""

    name: str
    attributes: QueueAttributes
    created_at: float
    modified_at: float


@dataclass(frozen=True, slots=True)
class MessageCounts:
    """How many messages of a queue are there to receive, received and hidden, and delayed."""

    active: int
    inactive: int
    delayed: int


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to send. `delay_s` is the queue's own if it is None; priority 1 goes first."""

    body: str
    delay_s: int | None = None
    priority: int = 8


@dataclass(frozen=True, slots=True)
class Message:
    """A message in a queue; times are UTC epoch seconds."""

    number: int
    id: str
    body: str
    priority: int
    enqueued_at: float
    visible_at: float
    first_dequeued_at: float | None
    dequeue_count: int
    receipt_handle: str


class QueueStore:
    """All queues of one cloud. Every method is atomic; what is missing raises SmqRefused."""

    def __init__(self, file: Path | None, clock: CloudClock) -> None:
        self._clock = clock
        self._database = sqlite3.connect(file or ":memory:", check_same_thread=False)
        # A commit outlives the process, kill -9 included; a power cut may cost the last ones.
        self._database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL")
        self._database.executescript(_SCHEMA)

    def create_queue(self, name: str, attributes: QueueAttributes) -> bool:
        """True if the queue is new, False if it was there just so; else QueueAlreadyExist."""
        existing = self._find_queue(name)
        if existing is not None:
            if existing.attributes != attributes:
                raise SmqRefused("QueueAlreadyExist")
            return False
        now_s = self._clock.now_s()
        with self._database:
            self._database.execute(
                "INSERT INTO queue VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (name, *astuple(attributes), now_s, now_s),
            )
        return True

    def queue(self, name: str) -> Queue:
        """The queue of that name."""
        queue = self._find_queue(name)
        if queue is None:
            raise SmqRefused("QueueNotExist")
        return queue

    def queues(self, *, prefix: str = "", after: str = "", limit: int = 1000) -> list[Queue]:
        """The queues whose names start with `prefix` and come behind `after`, by name."""
        rows = self._database.execute(
            "SELECT * FROM queue WHERE substr(name, 1, ?) = ? AND name > ? ORDER BY name LIMIT ?",
            (len(prefix), prefix, after, limit),
        )
        return [_queue(row) for row in rows]

    def set_attributes(self, name: str, attributes: QueueAttributes) -> None:
        """Replace the attributes of a queue."""
        self.queue(name)
        assignments = ", ".join(f"{column} = :{column}" for column in asdict(attributes))
        with self._database:
            self._database.execute(
                f"UPDATE queue SET {assignments}, modified_at = :modified_at WHERE name = :name",
                {**asdict(attributes), "modified_at": self._clock.now_s(), "name": name},
            )

    def delete_queue(self, name: str) -> None:
        """Remove a queue and its messages, if it is there."""
        with self._database:
            self._database.execute("DELETE FROM queue WHERE name = ?", (name,))
            self._database.execute("DELETE FROM message WHERE queue = ?", (name,))

    def counts(self, name: str) -> MessageCounts:
        """How many messages the queue has in each state."""
        now_s = self._clock.now_s()
        row = self._database.execute(
            "SELECT coalesce(sum(visible_at <= :now), 0), "
            "coalesce(sum(visible_at > :now AND dequeue_count > 0), 0), "
            "coalesce(sum(visible_at > :now AND dequeue_count = 0), 0) "
            "FROM message WHERE queue = :queue AND expires_at > :now",
            {"now": now_s, "queue": name},
        ).fetchone()
        return MessageCounts(*row)

    def send(self, name: str, drafts: list[Draft]) -> list[str]:
        """Put messages into a queue, all or none; their ids, in order."""
        attributes = self.queue(name).attributes
        now_s = self._clock.now_s()
        ids = [secrets.token_hex(16).upper() for _ in drafts]
        rows = []
        for message_id, draft in zip(ids, drafts, strict=True):
            delay_s = attributes.delay_s if draft.delay_s is None else draft.delay_s
            expires_at = now_s + attributes.retention_s
            times = (now_s, now_s + delay_s, expires_at)
            rows.append((name, message_id, draft.body, draft.priority, *times))
        with self._database:
            self._database.executemany(
                "INSERT INTO message (queue, id, body, priority, enqueued_at, visible_at, "
                "expires_at, dequeue_count, receipt_handle) VALUES (?, ?, ?, ?, ?, ?, ?, 0, '')",
                rows,
            )
        return ids

    def peek(self, name: str, limit: int) -> list[Message]:
        """What could be received now, at most `limit`, untouched."""
        self.queue(name)
        now_s = self._clock.now_s()
        rows = self._database.execute(
            f"SELECT {_MESSAGE} FROM message WHERE queue = ? AND visible_at <= ? "
            "AND expires_at > ? ORDER BY priority, number LIMIT ?",
            (name, now_s, now_s, limit),
        )
        return [Message(*row) for row in rows]

    def receive(self, name: str, limit: int) -> list[Message]:
        """Take at most `limit` messages, each hidden from now on under a receipt handle."""
        now_s = self._clock.now_s()
        visible_at = now_s + self.queue(name).attributes.visibility_timeout_s
        with self._database:
            self._database.execute(
                "DELETE FROM message WHERE queue = ? AND expires_at <= ?", (name, now_s)
            )
            return [
                self._give_out(message, visible_at, now_s) for message in self.peek(name, limit)
            ]

    def delete(self, name: str, receipt_handle: str) -> None:
        """Remove the message behind a live receipt handle."""
        message = self._held(name, receipt_handle)
        with self._database:
            self._database.execute("DELETE FROM message WHERE number = ?", (message.number,))

    def change_visibility(self, name: str, receipt_handle: str, timeout_s: int) -> Message:
        """Hide a message for `timeout_s` from now, under a fresh receipt handle."""
        message = self._held(name, receipt_handle)
        visible_at = self._clock.now_s() + timeout_s
        handle = _new_handle(message.number)
        with self._database:
            self._database.execute(
                "UPDATE message SET visible_at = ?, receipt_handle = ? WHERE number = ?",
                (visible_at, handle, message.number),
            )
        return replace(message, visible_at=visible_at, receipt_handle=handle)

    def clear(self) -> None:
        """Remove every message; the queues stay."""
        with self._database:
            self._database.execute("DELETE FROM message")

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _find_queue(self, name: str) -> Queue | None:
        row = self._database.execute("SELECT * FROM queue WHERE name = ?", (name,)).fetchone()
        return _queue(row) if row else None

    def _give_out(self, message: Message, visible_at: float, now_s: float) -> Message:
        is_first = message.first_dequeued_at is None
        given = replace(
            message,
            visible_at=visible_at,
            receipt_handle=_new_handle(message.number),
            dequeue_count=message.dequeue_count + 1,
            first_dequeued_at=now_s if is_first else message.first_dequeued_at,
        )
        self._database.execute(
            "UPDATE message SET visible_at = :visible_at, receipt_handle = :receipt_handle, "
            "dequeue_count = :dequeue_count, first_dequeued_at = :first_dequeued_at "
            "WHERE number = :number",
            asdict(given),
        )
        return given

    def _held(self, name: str, receipt_handle: str) -> Message:
        self.queue(name)
        number = receipt_handle.partition("-")[0]
        if not (number.isascii() and number.isdecimal() and len(number) < 18):
            raise SmqRefused("ReceiptHandleError")
        row = self._database.execute(
            f"SELECT {_MESSAGE} FROM message WHERE queue = ? AND number = ?", (name, int(number))
        ).fetchone()
        if row is None:
            raise SmqRefused("MessageNotExist")
        message = Message(*row)
        if message.receipt_handle != receipt_handle or message.visible_at <= self._clock.now_s():
            raise SmqRefused("ReceiptHandleError")
        return message


def _new_handle(number: int) -> str:
    # No character that a URL would change: the SDK puts a handle into the query as it is.
    return f"{number}-{secrets.token_hex(12)}"


def _queue(row: tuple[str, int, int, int, int, int, int, float, float]) -> Queue:
    name, visibility_s, limit_bytes, retention_s, delay_s, wait_s, is_logging, created, changed = (
        row
    )
    attributes = QueueAttributes(
        visibility_timeout_s=visibility_s,
        message_limit_bytes=limit_bytes,
        retention_s=retention_s,
        delay_s=delay_s,
        polling_wait_s=wait_s,
        is_logging=bool(is_logging),
    )
    return Queue(name, attributes, created, changed)
