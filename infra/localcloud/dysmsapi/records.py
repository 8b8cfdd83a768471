"""The messages that were accepted: one record a phone, which the queries read and the flow control
counts.

The service's times carry no zone; they are written as Beijing time (inferred from the
documentation's examples).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import cast

from infra.localcloud.dysmsapi.content import Kind

BEIJING = timezone(timedelta(hours=8))
WAITING, FAILED, DELIVERED = 1, 2, 3
"""SendStatus, as QuerySendDetails names it."""

# The column received_at is the field settles_at.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS sent (
    biz_id TEXT NOT NULL, phone TEXT NOT NULL, sign_name TEXT NOT NULL, template_code TEXT NOT NULL,
    kind TEXT NOT NULL, content TEXT NOT NULL, segment_count INTEGER NOT NULL, out_id TEXT NOT NULL,
    sent_at REAL NOT NULL, sent_day TEXT NOT NULL, status INTEGER NOT NULL, err_code TEXT NOT NULL,
    received_at REAL
);
CREATE INDEX IF NOT EXISTS sent_by_phone ON sent (phone, sent_at);
CREATE INDEX IF NOT EXISTS sent_by_day ON sent (sent_day);
"""
_COLUMNS = (
    "biz_id, phone, sign_name, template_code, kind, content, segment_count, out_id, sent_at, "
    "status, err_code, received_at"
)


@dataclass(frozen=True, slots=True)
class SendRecord:
    """One message to one phone. `content` is the text as shown; times are UTC epoch seconds.

    status, err_code: what the message comes to. settles_at: when, which may be ahead; None if the
    carrier never tells. See `as_of` for what is known by now.
    """

    biz_id: str
    phone: str
    sign_name: str
    template_code: str
    kind: Kind
    content: str
    segment_count: int
    out_id: str
    sent_at: float
    status: int
    err_code: str
    settles_at: float | None

    def as_of(self, now_s: float) -> SendRecord:
        """What is known of the message at `now_s`: until it settles, that it is waiting
        (inferred: with an empty err_code).
        """
        if self.settles_at is not None and self.settles_at <= now_s:
            return self
        return replace(self, status=WAITING, err_code="", settles_at=None)


@dataclass(frozen=True, slots=True)
class DayCount:
    """The segments of one Beijing day, by what became of them."""

    day: str
    total: int
    delivered: int
    failed: int
    waiting: int


class SendRecords:
    """Every accepted message, in a table of the service's database."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        database.executescript(_SCHEMA)

    def add(self, records: Iterable[SendRecord]) -> None:
        """Keep the records of one call, all or none."""
        rows = [
            (
                *(getattr(record, column) for column in SendRecord.__slots__),
                beijing_day(record.sent_at),
            )
            for record in records
        ]
        with self._database:
            self._database.executemany(
                f"INSERT INTO sent ({_COLUMNS}, sent_day) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )

    def count(
        self,
        phone: str,
        kind: Kind,
        *,
        after: float,
        until: float,
        sign_name: str | None = None,
        template_code: str | None = None,
    ) -> int:
        """How many messages of a kind a phone got in `(after, until]`, of a sign or template if
        one is given.
        """
        row = self._database.execute(
            "SELECT count(*) FROM sent WHERE phone = ? AND sent_at > ? AND sent_at <= ? "
            "AND kind = ? AND sign_name = coalesce(?, sign_name) "
            "AND template_code = coalesce(?, template_code)",
            (phone, after, until, kind, sign_name, template_code),
        ).fetchone()
        return int(row[0])

    def count_of_span(self, span: str) -> int:
        """How many messages were accepted on a Beijing day `yyyyMMdd`, or in a month `yyyyMM`."""
        row = self._database.execute(
            "SELECT count(*) FROM sent WHERE sent_day BETWEEN ? AND ?", (span, f"{span}99")
        ).fetchone()
        return int(row[0])

    def newest_sign(self, phone: str) -> str | None:
        """The sign of the newest message that a phone got; None if it got none."""
        row = self._database.execute(
            "SELECT sign_name FROM sent WHERE phone = ? AND status != ? "
            "ORDER BY sent_at DESC, rowid DESC LIMIT 1",
            (phone, FAILED),
        ).fetchone()
        return str(row[0]) if row else None

    def of_day(self, phone: str, day: str, biz_id: str | None) -> list[SendRecord]:
        """What was sent to a phone on a Beijing day `yyyyMMdd`, newest first."""
        rows = self._database.execute(
            f"SELECT {_COLUMNS} FROM sent WHERE phone = ? AND sent_day = ? "
            "AND biz_id = coalesce(?, biz_id) ORDER BY sent_at DESC, rowid DESC",
            (phone, day, biz_id),
        )
        return [SendRecord(*row) for row in rows]

    def per_day(
        self,
        first_day: str,
        last_day: str,
        *,
        is_international: bool,
        kind: Kind | None,
        sign_name: str | None,
        now_s: float,
    ) -> list[DayCount]:
        """The segments of every day in a span that had any, in order, as known at `now_s`."""
        rows = self._database.execute(
            "SELECT sent_day, sum(segment_count), "
            "sum(segment_count * (known = ?)), sum(segment_count * (known = ?)), "
            "sum(segment_count * (known = ?)) FROM "
            "(SELECT *, CASE WHEN received_at <= ? THEN status ELSE ? END AS known FROM sent) "
            "WHERE sent_day BETWEEN ? AND ? AND (kind = 'international') = ? "
            "AND kind = coalesce(?, kind) AND sign_name = coalesce(?, sign_name) "
            "GROUP BY sent_day ORDER BY sent_day",
            (
                *(DELIVERED, FAILED, WAITING, now_s, WAITING),
                *(first_day, last_day, is_international, kind, sign_name),
            ),
        )
        return [DayCount(*cast(tuple[str, int, int, int, int], row)) for row in rows]

    def clear(self) -> None:
        """Forget every message."""
        with self._database:
            self._database.execute("DELETE FROM sent")


def beijing_day(epoch_s: float) -> str:
    """`yyyyMMdd` in Beijing."""
    return datetime.fromtimestamp(epoch_s, BEIJING).strftime("%Y%m%d")


def beijing_time(epoch_s: float) -> str:
    """`yyyy-MM-dd HH:mm:ss` in Beijing."""
    return datetime.fromtimestamp(epoch_s, BEIJING).strftime("%Y-%m-%d %H:%M:%S")
