"""What the phones and mailboxes of the local cloud received, and what the phones answered: the page
that a developer reads instead of a real phone.

One SQLite file holds it all, and `version` moves with every change, so that a live page needs no
diff. Everything here belongs to the cloud's event loop; `wait_for_change` is woken from the same
loop.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from infra.localcloud.core.cloud import Cloud

_SCHEMA = """
CREATE TABLE IF NOT EXISTS message (phone TEXT NOT NULL, record TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS message_by_phone ON message (phone);
CREATE TABLE IF NOT EXISTS reply (phone TEXT NOT NULL, record TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS mail (recipient TEXT NOT NULL, record TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS expected (
    phone TEXT NOT NULL, record TEXT NOT NULL, due_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS loss (phone TEXT NOT NULL, record TEXT NOT NULL);
"""


def _new_id() -> str:
    return secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class InboxMessage:
    """A message as a phone shows it. `phone` is E.164 with its plus, `sent_at` UTC epoch
    seconds, `request_id` that of the invocation that sent it ("" if no function did).
    """

    phone: str
    sign_name: str
    text: str
    template_code: str
    params: Mapping[str, str]
    out_id: str
    biz_id: str
    sent_at: float
    id: str = field(default_factory=_new_id)
    request_id: str = ""

    def as_json(self) -> dict[str, object]:
        """The control plane's form of it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class InboxLoss:
    """A message that a phone never got, and the carrier's code for why. Its text is not kept: the
    phone does not have it.
    """

    phone: str
    template_code: str
    err_code: str
    sent_at: float
    request_id: str = ""
    id: str = field(default_factory=_new_id)

    def as_json(self) -> dict[str, object]:
        """The page's form of it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class InboxReply:
    """What a phone answered, at `sent_at` (UTC epoch seconds)."""

    phone: str
    content: str
    sent_at: float
    id: str = field(default_factory=_new_id)

    def as_json(self) -> dict[str, object]:
        """The control plane's form of it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class InboxMail:
    """A mail as a mailbox shows it. A body that the sender left out is empty; `sent_at` is UTC
    epoch seconds.
    """

    to: str
    sender: str
    sender_alias: str
    subject: str
    text_body: str
    html_body: str
    tag_name: str
    env_id: str
    sent_at: float
    id: str = field(default_factory=_new_id)

    def as_json(self) -> dict[str, object]:
        """The control plane's form of it."""
        return asdict(self)


class Inbox:
    """The messages, replies and mails of one cloud, kept over a restart if the cloud keeps
    anything.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._clock = cloud.clock
        folder = cloud.folder("inbox")
        self._database = sqlite3.connect(
            folder / "inbox.db" if folder else ":memory:", check_same_thread=False
        )
        # A commit outlives the process, kill -9 included; a power cut may cost the last ones.
        self._database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL")
        self._database.executescript(_SCHEMA)
        self._version = int(self._database.execute("PRAGMA user_version").fetchone()[0])
        self._next_due_at = self._earliest()
        self._changed = asyncio.Event()
        self._listeners: list[Callable[[InboxReply], None]] = []

    @property
    def version(self) -> int:
        """A number that grows with every change, also over a restart."""
        self._receive_due()
        return self._version

    def deliver(self, message: InboxMessage) -> None:
        """Let a phone receive `message`."""
        self._change("INSERT INTO message VALUES (?, ?)", message.phone, message.as_json())

    def expect(self, message: InboxMessage, *, at: float) -> None:
        """Let a phone receive `message` once the cloud's clock is at `at`, UTC epoch s."""
        insert = "INSERT INTO expected VALUES (?, ?, ?)"
        self._change(insert, message.phone, message.as_json(), at)
        self._next_due_at = self._earliest()

    def expected(self) -> list[tuple[InboxMessage, float]]:
        """What is still on its way and when it is due, the soonest first."""
        self._receive_due()
        rows = self._database.execute("SELECT record, due_at FROM expected ORDER BY due_at, rowid")
        return [(InboxMessage(**json.loads(record)), due_at) for record, due_at in rows]

    def lose(self, loss: InboxLoss) -> None:
        """Keep that a message never came to its phone."""
        self._change("INSERT INTO loss VALUES (?, ?)", loss.phone, loss.as_json())

    def losses(self, limit: int = -1) -> list[InboxLoss]:
        """What never came, newest first."""
        return [InboxLoss(**record) for record in self._records("loss", None, limit)]

    def messages(self, phone: str | None = None, limit: int = -1) -> list[InboxMessage]:
        """What came in, newest first; of one phone, or of all."""
        self._receive_due()
        return [InboxMessage(**record) for record in self._records("message", phone, limit)]

    def add_reply(self, phone: str, content: str) -> InboxReply:
        """Let a phone answer, now by the cloud's clock."""
        reply = InboxReply(phone=phone, content=content, sent_at=self._clock.now_s())
        self._change("INSERT INTO reply VALUES (?, ?)", phone, reply.as_json())
        for listener in self._listeners:
            listener(reply)
        return reply

    def listen(self, listener: Callable[[InboxReply], None]) -> None:
        """Tell `listener` of every reply from now on, at once."""
        self._listeners.append(listener)

    def deliver_mail(self, mail: InboxMail) -> None:
        """Let a mailbox receive `mail`."""
        self._change("INSERT INTO mail VALUES (?, ?)", mail.to, mail.as_json())

    def mails(self, to: str | None = None, limit: int = -1) -> list[InboxMail]:
        """What came in, newest first; of one address, or of all."""
        where, values = ("WHERE recipient = ?", (to,)) if to is not None else ("", ())
        rows = self._database.execute(
            f"SELECT record FROM mail {where} ORDER BY rowid DESC LIMIT ?",
            (*values, limit),
        )
        return [InboxMail(**json.loads(row[0])) for row in rows]

    def mail(self, mail_id: str) -> InboxMail | None:
        """The mail of that id, None if there is none."""
        row = self._database.execute(
            "SELECT record FROM mail WHERE json_extract(record, '$.id') = ?", (mail_id,)
        ).fetchone()
        return InboxMail(**json.loads(row[0])) if row else None

    def replies(self, phone: str | None = None, limit: int = -1) -> list[InboxReply]:
        """What was answered, newest first; by one phone, or by all."""
        return [InboxReply(**record) for record in self._records("reply", phone, limit)]

    async def wait_for_change(self, since: int, timeout_s: float) -> int:
        """The version, at once if it is no longer `since`, else after the next change or
        `timeout_s`.
        """
        if self._version == since:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._changed.wait(), timeout_s)
        return self._version

    def reset(self) -> None:
        """Empty every phone and mailbox. The version moves on."""
        with self._database:
            for table in ("message", "reply", "mail", "expected", "loss"):
                self._database.execute(f"DELETE FROM {table}")
            self._bump()
        self._next_due_at = None

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _change(
        self, statement: str, address: str, record: dict[str, object], *more: float
    ) -> None:
        with self._database:
            self._database.execute(statement, (address, json.dumps(record), *more))
            self._bump()

    def _receive_due(self) -> None:
        """Move what is due by now into the phones."""
        now_s = self._clock.now_s()
        if self._next_due_at is None or now_s < self._next_due_at:
            return
        with self._database:
            self._database.execute(
                "INSERT INTO message SELECT phone, record FROM expected WHERE due_at <= ? "
                "ORDER BY due_at, rowid",
                (now_s,),
            )
            self._database.execute("DELETE FROM expected WHERE due_at <= ?", (now_s,))
            self._bump()
        self._next_due_at = self._earliest()

    def _earliest(self) -> float | None:
        row = self._database.execute("SELECT min(due_at) FROM expected").fetchone()
        return None if row[0] is None else float(row[0])

    def _bump(self) -> None:
        self._version += 1
        self._database.execute(f"PRAGMA user_version = {self._version}")
        self._changed.set()
        self._changed = asyncio.Event()

    # Any: a record is what `asdict` made of the one dataclass or the other.
    def _records(self, table: str, phone: str | None, limit: int) -> list[dict[str, Any]]:
        where, values = ("WHERE phone = ?", (phone,)) if phone is not None else ("", ())
        rows = self._database.execute(
            f"SELECT record FROM {table} {where} ORDER BY rowid DESC LIMIT ?",
            (*values, limit),
        )
        return [json.loads(row[0]) for row in rows]
