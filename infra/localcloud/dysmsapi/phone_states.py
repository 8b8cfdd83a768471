"""How it is with each phone: a switch that decides what becomes of every message to it, until it is
set back.

The codes are those of the page on receipts (101347), which has one for several troubles. Inferred:
that a failure is told as soon as a delivery is, that numbers abroad have the same codes, and that a
person who opted out gets no code or notice either (a promotion is refused in the call itself).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

PhoneState = Literal["normal", "off", "full", "unknown", "slow", "opted_out"]
"""full: its memory. unknown: nobody has the number. slow: the carrier takes its time."""
STATES: tuple[PhoneState, ...] = get_args(PhoneState)
SLOW_S = 120.0
"""Our own: more than the minute after which a person asks for another code."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS phone_state (phone TEXT PRIMARY KEY, state TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Fate:
    """What the carrier says of a message. delay_s: until it does, on the cloud's clock; None for
    the usual.
    """

    err_code: str
    delay_s: float | None = None


FATES: Mapping[PhoneState, Fate] = {
    "off": Fate("MOBILE_NOT_ON_SERVICE"),
    "full": Fate("MOBLLE_TERMINAL_ERROR"),  # the provider spells it so
    "unknown": Fate("INVALID_NUMBER"),
    "slow": Fate("DELIVERED", SLOW_S),
    "opted_out": Fate("USER_REJECT"),
}


class PhoneStates:
    """The phones that are not as usual, in a table of the service's database.

    version: grows with every change of this run.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self.version = 0
        database.executescript(_SCHEMA)

    def of(self, phone: str) -> PhoneState:
        """The state of a phone, E.164 with its plus."""
        row = self._database.execute(
            "SELECT state FROM phone_state WHERE phone = ?", (phone,)
        ).fetchone()
        return _known(row[0]) if row else "normal"

    def set(self, phone: str, state: PhoneState) -> None:
        """Have the phone be so from the next message on."""
        with self._database:
            self._database.execute("DELETE FROM phone_state WHERE phone = ?", (phone,))
            if state != "normal":
                self._database.execute("INSERT INTO phone_state VALUES (?, ?)", (phone, state))
        self.version += 1

    def all(self) -> dict[str, PhoneState]:
        """The phones that are not as usual, in the order in which they came to it."""
        rows = self._database.execute("SELECT phone, state FROM phone_state ORDER BY rowid")
        return {phone: _known(state) for phone, state in rows}

    def clear(self) -> None:
        """Have every phone be as usual."""
        with self._database:
            self._database.execute("DELETE FROM phone_state")
        self.version += 1


def _known(state: str) -> PhoneState:
    return next((each for each in STATES if each == state), "normal")
