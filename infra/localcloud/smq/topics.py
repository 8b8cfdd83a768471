"""The topics and their subscriptions, in one SQLite file. Messages are not kept: what is published
is pushed, or given up.
"""

from __future__ import annotations

import sqlite3
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Literal

from infra.localcloud.core.clock import CloudClock
from infra.localcloud.smq.errors import SmqRefused

Strategy = Literal["BACKOFF_RETRY", "EXPONENTIAL_DECAY_RETRY"]
ContentFormat = Literal["XML", "JSON", "SIMPLIFIED"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS topic (
    name TEXT PRIMARY KEY, message_limit_bytes INTEGER NOT NULL, is_logging INTEGER NOT NULL,
    created_at REAL NOT NULL, modified_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS subscription (
    topic TEXT NOT NULL, name TEXT NOT NULL, endpoint TEXT NOT NULL, filter_tag TEXT NOT NULL,
    strategy TEXT NOT NULL, format TEXT NOT NULL, created_at REAL NOT NULL,
    modified_at REAL NOT NULL, PRIMARY KEY (topic, name)
);
"""
_PAGE = "substr(name, 1, ?) = ? AND name > ? ORDER BY name LIMIT ?"


@dataclass(frozen=True, slots=True)
class TopicAttributes:
    """What can be set of a topic; the defaults are the documented ones."""

    message_limit_bytes: int = 65_536
    is_logging: bool = False


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic; times are UTC epoch seconds."""

    name: str
    attributes: TopicAttributes
    created_at: float
    modified_at: float


@dataclass(frozen=True, slots=True)
class SubscriptionAttributes:
    """Where a subscription pushes to, what, in which form, and how often it tries."""

    endpoint: str
    filter_tag: str = ""
    strategy: Strategy = "BACKOFF_RETRY"
    format: ContentFormat = "XML"


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription of a topic; times are UTC epoch seconds."""

    topic: str
    name: str
    attributes: SubscriptionAttributes
    created_at: float
    modified_at: float

    def wants(self, tag: str) -> bool:
        """True if a message of this tag is for it."""
        return self.attributes.filter_tag in ("", tag)


class TopicStore:
    """All topics of one cloud. Every method is atomic; what is missing raises SmqRefused."""

    def __init__(self, file: Path | None, clock: CloudClock) -> None:
        self._clock = clock
        self._database = sqlite3.connect(file or ":memory:", check_same_thread=False)
        # A commit outlives the process, kill -9 included; a power cut may cost the last ones.
        self._database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL")
        self._database.executescript(_SCHEMA)

    def create(self, name: str, attributes: TopicAttributes) -> bool:
        """True if the topic is new, False if it was there just so; else TopicAlreadyExist."""
        existing = self._find(name)
        if existing is None:
            now_s = self._clock.now_s()
            row = (name, *astuple(attributes), now_s, now_s)
            self._write("INSERT INTO topic VALUES (?, ?, ?, ?, ?)", row)
        elif existing.attributes != attributes:
            raise SmqRefused("TopicAlreadyExist")
        return existing is None

    def ensure(self, name: str) -> None:
        """Have a topic of that name; one that is there stays as it is."""
        if self._find(name) is None:
            self.create(name, TopicAttributes())

    def topic(self, name: str) -> Topic:
        """The topic of that name."""
        topic = self._find(name)
        if topic is None:
            raise SmqRefused("TopicNotExist")
        return topic

    def topics(self, *, prefix: str = "", after: str = "", limit: int = 1000) -> list[Topic]:
        """The topics whose names start with `prefix` and come behind `after`, by name."""
        rows = self._database.execute(
            f"SELECT * FROM topic WHERE {_PAGE}", (len(prefix), prefix, after, limit)
        )
        return [_topic(row) for row in rows]

    def set_attributes(self, name: str, attributes: TopicAttributes) -> None:
        """Replace the attributes of a topic."""
        self.topic(name)
        self._write(
            "UPDATE topic SET message_limit_bytes = ?, is_logging = ?, modified_at = ? "
            "WHERE name = ?",
            (*astuple(attributes), self._clock.now_s(), name),
        )

    def delete(self, name: str) -> None:
        """Remove a topic, if it is there, and its subscriptions."""
        self._write("DELETE FROM subscription WHERE topic = ?", (name,))
        self._write("DELETE FROM topic WHERE name = ?", (name,))

    def subscribe(self, topic: str, name: str, attributes: SubscriptionAttributes) -> bool:
        """True if the subscription is new, False if it was there just so; else
        SubscriptionAlreadyExist.
        """
        self.topic(topic)
        existing = self._find_subscription(topic, name)
        if existing is None:
            now_s = self._clock.now_s()
            row = (topic, name, *astuple(attributes), now_s, now_s)
            self._write("INSERT INTO subscription VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        elif existing.attributes != attributes:
            raise SmqRefused("SubscriptionAlreadyExist")
        return existing is None

    def subscription(self, topic: str, name: str) -> Subscription:
        """The subscription of that name."""
        self.topic(topic)
        subscription = self._find_subscription(topic, name)
        if subscription is None:
            raise SmqRefused("SubscriptionNotExist")
        return subscription

    def subscriptions(
        self, topic: str, *, prefix: str = "", after: str = "", limit: int = 1000
    ) -> list[Subscription]:
        """The subscriptions of a topic, by name, as `topics` does."""
        self.topic(topic)
        rows = self._database.execute(
            f"SELECT * FROM subscription WHERE topic = ? AND {_PAGE}",
            (topic, len(prefix), prefix, after, limit),
        )
        return [_subscription(row) for row in rows]

    def all_subscriptions(self, topic: str) -> list[Subscription]:
        """Every subscription of a topic; none of one that is not there."""
        rows = self._database.execute(
            "SELECT * FROM subscription WHERE topic = ? ORDER BY name", (topic,)
        )
        return [_subscription(row) for row in rows]

    def set_strategy(self, topic: str, name: str, strategy: Strategy) -> None:
        """Change how often a subscription tries: nothing else of it can be changed."""
        self.subscription(topic, name)
        self._write(
            "UPDATE subscription SET strategy = ?, modified_at = ? WHERE topic = ? AND name = ?",
            (strategy, self._clock.now_s(), topic, name),
        )

    def unsubscribe(self, topic: str, name: str) -> None:
        """Remove a subscription, if it is there."""
        self._write("DELETE FROM subscription WHERE topic = ? AND name = ?", (topic, name))

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _write(self, statement: str, values: tuple[object, ...]) -> None:
        with self._database:
            self._database.execute(statement, values)

    def _find(self, name: str) -> Topic | None:
        row = self._database.execute("SELECT * FROM topic WHERE name = ?", (name,)).fetchone()
        return _topic(row) if row else None

    def _find_subscription(self, topic: str, name: str) -> Subscription | None:
        row = self._database.execute(
            "SELECT * FROM subscription WHERE topic = ? AND name = ?", (topic, name)
        ).fetchone()
        return _subscription(row) if row else None


def _topic(row: tuple[str, int, int, float, float]) -> Topic:
    name, limit_bytes, is_logging, created, changed = row
    return Topic(name, TopicAttributes(limit_bytes, bool(is_logging)), created, changed)


def _subscription(
    row: tuple[str, str, str, str, Strategy, ContentFormat, float, float],
) -> Subscription:
    topic, name, endpoint, tag, strategy, form, created, changed = row
    attributes = SubscriptionAttributes(endpoint, tag, strategy, form)
    return Subscription(topic, name, attributes, created, changed)
