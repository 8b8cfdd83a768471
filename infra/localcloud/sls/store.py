"""Projects, what is in them, and their logs, in one SQLite file.

All but logs is one table of documents: a project, a log store, an index, a dashboard, an alert is
the JSON that the client sent, under its project, kind and name.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from infra.localcloud.core.clock import CloudClock
from infra.localcloud.sls.records import Log

Kind = Literal["project", "logstore", "index", "dashboard", "alert", "savedsearch"]
Body = Mapping[str, object]
FOREVER_DAYS = 3650
"""The retention that means for ever."""
DAY_S = 86_400
_SCHEMA = """
CREATE TABLE IF NOT EXISTS document (
    project TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL,
    created_at REAL NOT NULL, modified_at REAL NOT NULL, PRIMARY KEY (project, kind, name)
);
CREATE TABLE IF NOT EXISTS log (
    number INTEGER PRIMARY KEY AUTOINCREMENT, project TEXT NOT NULL, store TEXT NOT NULL,
    time_s INTEGER NOT NULL, received_at REAL NOT NULL, topic TEXT NOT NULL, source TEXT NOT NULL,
    tags TEXT NOT NULL, fields TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS log_by_time ON log (project, store, time_s);
"""


@dataclass(frozen=True, slots=True)
class Document:
    """A resource as it was last written. Times are UTC epoch s."""

    name: str
    body: Body
    created_at: float
    modified_at: float


class LogDatabase:
    """The data of one cloud's log service."""

    def __init__(self, file: Path | None, clock: CloudClock) -> None:
        self._clock = clock
        self._database = sqlite3.connect(file or ":memory:", check_same_thread=False)
        # A commit outlives the process, kill -9 included; a power cut may cost the last ones.
        self._database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL")
        self._database.executescript(_SCHEMA)

    def find(self, project: str, kind: Kind, name: str) -> Document | None:
        """A resource, or None. A project's own name is its `name` too."""
        rows = self._documents("project = ? AND kind = ? AND name = ?", (project, kind, name))
        return rows[0] if rows else None

    def list_of(self, project: str, kind: Kind) -> list[Document]:
        """A project's resources of one kind, by name."""
        return self._documents("project = ? AND kind = ? ORDER BY name", (project, kind))

    def projects(self) -> list[Document]:
        """Every project, by name."""
        return self._documents("kind = 'project' ORDER BY name", ())

    def write(self, project: str, kind: Kind, name: str, body: Body) -> None:
        """Create a resource, or replace its body and keep when it was created."""
        now_s = self._clock.now_s()
        with self._database:
            self._database.execute(
                "INSERT INTO document VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                "body = excluded.body, modified_at = excluded.modified_at",
                (project, kind, name, json.dumps(body), now_s, now_s),
            )

    def delete(self, project: str, kind: Kind, name: str) -> None:
        """Remove a resource alone."""
        with self._database:
            self._database.execute(
                "DELETE FROM document WHERE project = ? AND kind = ? AND name = ?",
                (project, kind, name),
            )

    def delete_store(self, project: str, name: str) -> None:
        """Remove a log store with its index and logs."""
        with self._database:
            self._database.execute(
                "DELETE FROM document WHERE project = ? AND kind IN ('logstore', 'index') "
                "AND name = ?",
                (project, name),
            )
            self._database.execute(
                "DELETE FROM log WHERE project = ? AND store = ?", (project, name)
            )

    def delete_project(self, project: str) -> None:
        """Remove a project with all that is in it."""
        with self._database:
            self._database.execute("DELETE FROM document WHERE project = ?", (project,))
            self._database.execute("DELETE FROM log WHERE project = ?", (project,))

    def append(self, project: str, store: str, logs: Iterable[Log]) -> None:
        """Keep logs. Whether the log store is there is the caller's to know."""
        rows = [
            (
                *(project, store, log.time_s, log.received_at, log.topic, log.source),
                *(json.dumps(dict(part), ensure_ascii=False) for part in (log.tags, log.fields)),
            )
            for log in logs
        ]
        with self._database:
            self._database.executemany(
                "INSERT INTO log (project, store, time_s, received_at, topic, source, tags, "
                "fields) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )

    def logs(
        self, project: str, store: str, *, from_s: int, to_s: int, received_after: float, ttl_d: int
    ) -> list[Log]:
        """The logs of `from_s` <= time < `to_s` that are not over the retention of `ttl_d` days,
        in the order of their time. received_after: when the index was made; an index knows nothing
        older.
        """
        if ttl_d < FOREVER_DAYS:
            from_s = max(from_s, int(self._clock.now_s()) - ttl_d * DAY_S)
        rows = self._database.execute(
            "SELECT time_s, received_at, topic, source, tags, fields FROM log WHERE project = ? "
            "AND store = ? AND time_s >= ? AND time_s < ? AND received_at >= ? "
            "ORDER BY time_s, number",
            (project, store, from_s, to_s, received_after),
        )
        return [
            Log(time_s, received_at, topic, source, json.loads(tags), json.loads(fields))
            for time_s, received_at, topic, source, tags, fields in rows
        ]

    def clear(self) -> None:
        """Forget everything."""
        with self._database:
            self._database.execute("DELETE FROM document")
            self._database.execute("DELETE FROM log")

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _documents(self, condition: str, values: tuple[str, ...]) -> list[Document]:
        rows = self._database.execute(
            f"SELECT name, body, created_at, modified_at FROM document WHERE {condition}", values
        )
        return [
            Document(name, json.loads(body), created_at, modified_at)
            for name, body, created_at, modified_at in rows
        ]
