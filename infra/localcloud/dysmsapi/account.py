"""The state of the account that sends: in service or not, what it may still send.

Of these the console is in charge, and there is none here; the control plane sets them. Inferred:
that a call which would break a total is refused whole, that totals count messages and the balance
segments, and that a balance is charged when a message is accepted (the real one for the mainland
when the carrier's receipt comes).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

from infra.localcloud.dysmsapi.records import SendRecord, SendRecords, beijing_day

_SCHEMA = "CREATE TABLE IF NOT EXISTS account (state TEXT NOT NULL);"
_REFUSALS = {
    "out_of_service": "isv.OUT_OF_SERVICE",
    "frozen": "isv.SECURITY_FROZEN_ACCOUNT",
}


@dataclass(frozen=True, slots=True)
class AccountState:
    """None means that there is no such limit. Days and months are Beijing's."""

    state: Literal["in_service", "out_of_service", "frozen"] = "in_service"
    balance_segments: int | None = None
    daily_limit: int | None = None
    monthly_limit: int | None = None


class Account:
    """The state, kept in a table of the service's database."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        database.executescript(_SCHEMA)

    def state(self) -> AccountState:
        """As it stands."""
        row = self._database.execute("SELECT state FROM account").fetchone()
        return AccountState(**json.loads(row[0])) if row else AccountState()

    def set(self, state: AccountState) -> None:
        """Let it stand so."""
        with self._database:
            self._database.execute("DELETE FROM account")
            self._database.execute("INSERT INTO account VALUES (?)", (json.dumps(asdict(state)),))

    def refusal(self, records: SendRecords, batch: Sequence[SendRecord]) -> str | None:
        """The code that forbids a call's messages, if any."""
        state = self.state()
        if state.state != "in_service":
            return _REFUSALS[state.state]
        segments = sum(record.segment_count for record in batch)
        if state.balance_segments is not None and segments > state.balance_segments:
            return "isv.AMOUNT_NOT_ENOUGH"
        day = beijing_day(batch[0].sent_at)
        for limit, span, code in (
            (state.daily_limit, day, "isv.DAY_LIMIT_CONTROL"),
            (state.monthly_limit, day[:6], "isv.MONTH_LIMIT_CONTROL"),
        ):
            if limit is not None and records.count_of_span(span) + len(batch) > limit:
                return code
        return None

    def charge(self, batch: Sequence[SendRecord]) -> None:
        """Take what was accepted off the balance, if one is set."""
        state = self.state()
        if state.balance_segments is not None:
            spent = sum(record.segment_count for record in batch)
            self.set(replace(state, balance_segments=state.balance_segments - spent))

    def clear(self) -> None:
        """In service, and no limits."""
        with self._database:
            self._database.execute("DELETE FROM account")
