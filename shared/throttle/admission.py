"""One request's way through all of its limits: claimed together, refunded together.

The limits of a request are ledgers in rows of their own, or in rows that others write as well (the
phone's row also holds its challenges): the changes made here are joined with theirs by row.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Container, Mapping
from dataclasses import dataclass

from shared.errors import Quota, Throttled
from shared.pseudonym import Pseudonyms
from shared.rows import Row, RowChange, RowKey
from shared.throttle.ledger import RollingLedger, tightest
from shared.throttle.model import (
    GUESSES_PER_PHONE,
    SENDS_PER_DEVICE,
    SENDS_PER_IP,
    SENDS_PER_PHONE,
    Window,
)


@dataclass(frozen=True, slots=True)
class Admission:
    """The ledgers that one send counts in, and the guess budget that must have room for it.

    ledgers: the phone's first. entry: names this send in all of them. now_ms: when it is dated.
    """

    ledgers: tuple[RollingLedger, ...]
    guesses: RollingLedger
    entry: str
    now_ms: int

    def claim(self) -> list[RowChange]:
        """Count the send everywhere; a row refuses if one of its limits may be full."""
        room = sum(window.limit for window in self.guesses.windows) // 2
        return [
            *(ledger.admit(self.entry, self.now_ms) for ledger in self.ledgers),
            # Half the budget: the guesses of all challenges that can be live at once fit into it,
            # so that verify never meets a count that is full only because it is old.
            self.guesses.room_for(room),
        ]

    def reclaim(
        self, rows: Mapping[RowKey, Row | None], held: Container[RowKey]
    ) -> list[RowChange]:
        """The claim again for the rows that refused, judged exactly by what they hold.

        Raises Throttled with the longest wait if a limit is really full.
        """
        open_ledgers = [ledger for ledger in self.ledgers if ledger.key not in held]
        quotas = [
            quota
            for ledger in open_ledgers
            for quota in ledger.judge(rows.get(ledger.key), self.now_ms)
        ]
        full = tightest(quotas)
        if full:
            raise Throttled(full)
        changes = [
            ledger.readmit(rows.get(ledger.key), self.entry, self.now_ms) for ledger in open_ledgers
        ]
        if self.guesses.key not in held:
            changes.append(self.guesses.tidied(rows.get(self.guesses.key), self.now_ms))
        return changes

    def refuse_spent_guesses(self, rows: Mapping[RowKey, Row | None]) -> None:
        """Raises Throttled if the phone's guess budget is spent."""
        spent = tightest(self.guesses.judge(rows.get(self.guesses.key), self.now_ms))
        if spent:
            raise Throttled(spent)

    def refund(self) -> list[RowChange]:
        """Take the send back everywhere."""
        return [ledger.refund(self.entry, self.now_ms) for ledger in self.ledgers]

    def postpone(self, at_ms: int, *, unless_full: bool) -> RowChange:
        """Date the send in the phone's ledger to when it was over; with `unless_full`, refused if
        the phone may have no send left in one of its longer windows.
        """
        change = self._phone.postpone(self.entry, self.now_ms, at_ms)
        return change.joined(self._phone.room_for(1)) if unless_full else change

    @property
    def quota(self) -> Quota:
        """The tightest limit of the phone right after a send that left room in the others."""
        return self._phone.after_admission()

    def tightest(self, phone: Row | None, at_ms: int) -> Quota:
        """The tightest limit of the phone by its row as read."""
        return tightest(self._phone.judge(phone, at_ms)) or self.quota

    @property
    def _phone(self) -> RollingLedger:
        return self.ledgers[0]


def counted_address(client_ip: str) -> str:
    """What an address counts as: an IPv4 one for itself, however it is written; an IPv6 one for its
    /64, since that is what one customer has.
    """
    address = ipaddress.ip_address(client_ip)
    if isinstance(address, ipaddress.IPv4Address):
        return address.compressed
    if address.ipv4_mapped:
        return address.ipv4_mapped.compressed
    return str(ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits in force."""

    pseudonyms: Pseudonyms
    per_phone: tuple[Window, ...] = SENDS_PER_PHONE
    per_ip: tuple[Window, ...] = SENDS_PER_IP
    per_device: tuple[Window, ...] = SENDS_PER_DEVICE
    guesses: tuple[Window, ...] = GUESSES_PER_PHONE

    def admission(
        self,
        *,
        phone_row: RowKey,
        tenant: str,
        client_ip: str | None,
        device_id: str | None,
        entry: str,
        now_ms: int,
    ) -> Admission:
        """The limits that a send to the phone of `phone_row` counts in.

        client_ip, device_id: the person's, if the caller gave them; without an address none is
        counted, since what the platform sees is the tenant's own server.
        """
        ledgers = [RollingLedger(phone_row, "s", self.per_phone)]
        if client_ip:
            address = self.pseudonyms.of("ip", tenant, counted_address(client_ip)).hex()
            ledgers.append(RollingLedger(RowKey(address, "ip"), "s", self.per_ip))
        if device_id:
            device = self.pseudonyms.of("device", tenant, device_id).hex()
            ledgers.append(RollingLedger(RowKey(device, "device"), "s", self.per_device))
        return Admission(tuple(ledgers), self.guess_ledger(phone_row), entry, now_ms)

    def guess_ledger(self, phone_row: RowKey) -> RollingLedger:
        """The guesses evaluated for the phone of `phone_row`, over all of its challenges."""
        return RollingLedger(phone_row, "g", self.guesses)
