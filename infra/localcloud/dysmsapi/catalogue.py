"""The signs and templates of the account, and the state of their review.

What start-up seeds is also what `reset` goes back to. Seeding again changes the wording of an
entry, never its state: a state that someone set by hand outlives a restart.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, cast

from infra.localcloud.core.clock import CloudClock
from infra.localcloud.dysmsapi.content import Kind, template_flaw

State = Literal["reviewing", "approved", "rejected", "cancelled"]
STATES: tuple[State, ...] = ("reviewing", "approved", "rejected", "cancelled")
Operator = Literal["mobile", "unicom", "telecom"]
OPERATORS: tuple[Operator, ...] = ("mobile", "unicom", "telecom")
REGISTERED = 3
"""SignIspRegisterDetailList.RegisterStatus: registered with the carriers."""
UNREGISTERED = -2

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sign (
    name TEXT PRIMARY KEY, state TEXT NOT NULL, reason TEXT NOT NULL, registration INTEGER NOT NULL,
    created_at REAL NOT NULL, order_id TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS sign_operator (
    name TEXT NOT NULL, operator TEXT NOT NULL, registration INTEGER NOT NULL,
    PRIMARY KEY (name, operator)
);
CREATE TABLE IF NOT EXISTS template (
    code TEXT PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, content TEXT NOT NULL,
    state TEXT NOT NULL, reason TEXT NOT NULL, sign_name TEXT NOT NULL,
    created_at REAL NOT NULL, order_id TEXT NOT NULL
);
"""


class CatalogueInvalid(ValueError):
    """An entry that cannot be: a template against the rules, an unknown state or name."""


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign. `registration` is its RegisterStatus with the carriers, -2 to 3."""

    name: str
    state: State
    reason: str
    registration: int
    created_at: float
    order_id: str


@dataclass(frozen=True, slots=True)
class Template:
    """A template; `sign_name` is the sign that its review was asked with, or empty."""

    code: str
    name: str
    kind: Kind
    content: str
    state: State
    reason: str
    sign_name: str
    created_at: float
    order_id: str


class Catalogue:
    """The signs and templates, in the tables of the service's database."""

    def __init__(self, database: sqlite3.Connection, clock: CloudClock) -> None:
        self._database = database
        self._clock = clock
        self._seeds: dict[tuple[str, str], Callable[[], None]] = {}
        database.executescript(_SCHEMA)

    def ensure_sign(self, name: str, *, state: State = "approved") -> None:
        """Have a sign `name`; a new one starts in `state`, registered if it is approved."""

        def seed() -> None:
            if self.sign(name) is None:
                self.add_sign(name, state=state)

        self._seed("sign", name, seed)

    def ensure_template(
        self, code: str, *, name: str, kind: Kind, content: str, state: State = "approved"
    ) -> None:
        """Have a template `code` with this wording; a new one starts in `state`.

        Raises CatalogueInvalid for a content that the platform's reviewers would reject.
        """
        if template_flaw(kind, content):
            raise CatalogueInvalid(f"template {code}: the content breaks the rules for a {kind}")

        def seed() -> None:
            if self.template(code) is None:
                self.add_template(name=name, kind=kind, content=content, code=code)
                self.set_template_state(code, state)
            else:
                self._write(
                    "UPDATE template SET name = ?, kind = ?, content = ? WHERE code = ?",
                    (name, kind, content, code),
                )

        self._seed("template", code, seed)

    def sign(self, name: str) -> Sign | None:
        """The sign of that name, in whatever state."""
        row = self._database.execute("SELECT * FROM sign WHERE name = ?", (name,)).fetchone()
        return Sign(*row) if row else None

    def signs(self) -> list[Sign]:
        """Every sign, newest first."""
        rows = self._database.execute("SELECT * FROM sign ORDER BY created_at DESC, rowid DESC")
        return [Sign(*row) for row in rows]

    def template(self, code: str) -> Template | None:
        """The template of that code, in whatever state."""
        row = self._database.execute("SELECT * FROM template WHERE code = ?", (code,)).fetchone()
        return Template(*row) if row else None

    def templates(self) -> list[Template]:
        """Every template, newest first."""
        rows = self._database.execute("SELECT * FROM template ORDER BY created_at DESC, rowid DESC")
        return [Template(*row) for row in rows]

    def add_sign(self, name: str, *, state: State = "reviewing") -> Sign:
        """Put a new sign up for review. Its name must be free."""
        registration = REGISTERED if state == "approved" else UNREGISTERED
        sign = Sign(name, state, "", registration, self._clock.now_s(), _new_order_id())
        values = (name, state, "", registration, sign.created_at, sign.order_id)
        self._write("INSERT INTO sign VALUES (?, ?, ?, ?, ?, ?)", values)
        return sign

    def add_template(
        self, *, name: str, kind: Kind, content: str, sign_name: str = "", code: str = ""
    ) -> Template:
        """Put a new template up for review, under a fresh code if none is given."""
        template = Template(
            code=code or f"SMS_{100_000_000 + secrets.randbelow(900_000_000)}",
            name=name,
            kind=kind,
            content=content,
            state="reviewing",
            reason="",
            sign_name=sign_name,
            created_at=self._clock.now_s(),
            order_id=_new_order_id(),
        )
        values = tuple(getattr(template, column) for column in Template.__slots__)
        self._write("INSERT INTO template VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
        return template

    def rewrite_template(self, code: str, *, name: str, kind: Kind, content: str) -> None:
        """Change a template's wording and put it up for review again."""
        self._write(
            "UPDATE template SET name = ?, kind = ?, content = ?, state = 'reviewing' "
            "WHERE code = ?",
            (name, kind, content, code),
        )

    def set_sign_state(self, name: str, state: State, reason: str = "") -> None:
        """Decide a sign's review. Raises CatalogueInvalid if there is no such sign or state."""
        registration = REGISTERED if state == "approved" else UNREGISTERED
        self._decide(
            "UPDATE sign SET state = ?, reason = ?, registration = ? WHERE name = ?",
            (_known(state), reason, registration, name),
        )
        self._write("DELETE FROM sign_operator WHERE name = ?", (name,))

    def set_sign_registration(
        self, name: str, register_status: int, *, operator: Operator | None = None
    ) -> None:
        """Set how far a sign's registration is, -2 to 3 as GetSmsSign names it: with all carriers,
        or with one alone. Raises CatalogueInvalid.
        """
        if not UNREGISTERED <= register_status <= REGISTERED:
            raise CatalogueInvalid("register_status: -2 to 3")
        if operator is None:
            self._decide("UPDATE sign SET registration = ? WHERE name = ?", (register_status, name))
            self._write("DELETE FROM sign_operator WHERE name = ?", (name,))
        elif self.sign(name) is None:
            raise CatalogueInvalid("there is no such entry")
        else:
            self._write(
                "INSERT OR REPLACE INTO sign_operator VALUES (?, ?, ?)",
                (name, operator, register_status),
            )

    def registrations(self, sign: Sign) -> dict[Operator, int]:
        """The RegisterStatus of a sign with each carrier."""
        rows = self._database.execute(
            "SELECT operator, registration FROM sign_operator WHERE name = ?", (sign.name,)
        )
        return {**dict.fromkeys(OPERATORS, sign.registration), **dict(rows.fetchall())}

    def set_template_state(self, code: str, state: State, reason: str = "") -> None:
        """Decide a template's review. Raises CatalogueInvalid if there is no such template or
        state.
        """
        self._decide(
            "UPDATE template SET state = ?, reason = ? WHERE code = ?",
            (_known(state), reason, code),
        )

    def remove_sign(self, name: str) -> None:
        """Remove a sign, if it is there."""
        self._write("DELETE FROM sign WHERE name = ?", (name,))
        self._write("DELETE FROM sign_operator WHERE name = ?", (name,))

    def remove_template(self, code: str) -> None:
        """Remove a template, if it is there."""
        self._write("DELETE FROM template WHERE code = ?", (code,))

    def reset(self) -> None:
        """Go back to what was seeded."""
        self._write("DELETE FROM sign", ())
        self._write("DELETE FROM sign_operator", ())
        self._write("DELETE FROM template", ())
        for seed in self._seeds.values():
            seed()

    def _seed(self, table: str, key: str, seed: Callable[[], None]) -> None:
        self._seeds[table, key] = seed
        seed()

    def _write(self, statement: str, values: tuple[object, ...]) -> int:
        with self._database:
            return self._database.execute(statement, cast(tuple[str, ...], values)).rowcount

    def _decide(self, statement: str, values: tuple[object, ...]) -> None:
        if self._write(statement, values) == 0:
            raise CatalogueInvalid("there is no such entry")


def _known(state: str) -> str:
    if state not in STATES:
        raise CatalogueInvalid(f"state: one of {', '.join(STATES)}")
    return state


def _new_order_id() -> str:
    return str(10_000_000_000 + secrets.randbelow(90_000_000_000))
