"""Who wants no more promotions of a sign: the provider itself keeps the list, from what phones
answer.

Inferred: the words beyond R and T退订, and that the list is of pairs of phone and sign.
"""

from __future__ import annotations

import sqlite3

_WORDS = frozenset({"R", "T", "TD", "退订", "T退订"})

_SCHEMA = """
CREATE TABLE IF NOT EXISTS opt_out (
    phone TEXT NOT NULL, sign_name TEXT NOT NULL, PRIMARY KEY (phone, sign_name)
);
"""


class OptOuts:
    """The pairs of phone and sign, in a table of the service's database."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        database.executescript(_SCHEMA)

    def hear(self, phone: str, content: str, *, sign_name: str) -> None:
        """Take a phone's answer to a message of `sign_name`: a refusal is kept, else nothing
        happens.
        """
        if content.strip().upper() in _WORDS:
            with self._database:
                self._database.execute(
                    "INSERT OR IGNORE INTO opt_out VALUES (?, ?)", (phone, sign_name)
                )

    def has(self, phone: str, *, sign_name: str) -> bool:
        """True if the phone refused promotions of the sign."""
        found = self._database.execute(
            "SELECT 1 FROM opt_out WHERE phone = ? AND sign_name = ?", (phone, sign_name)
        )
        return found.fetchone() is not None

    def clear(self) -> None:
        """Forget every refusal."""
        with self._database:
            self._database.execute("DELETE FROM opt_out")
