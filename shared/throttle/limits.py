"""The limits in force: which ones a send counts in, by what is known of it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from shared.pseudonym import Pseudonyms
from shared.rows import RowChange, RowKey
from shared.send_facts import SendFacts
from shared.throttle.admission import Admission
from shared.throttle.buckets import Leases, bucket_gate
from shared.throttle.gate import Gate
from shared.throttle.gcra import GcraGate
from shared.throttle.ledger import RollingLedger, weighed
from shared.throttle.model import (
    GUESSES_PER_PHONE,
    SENDS_IN_ALL,
    SENDS_PER_COUNTRY,
    SENDS_PER_DEVICE,
    SENDS_PER_IP,
    SENDS_PER_PHONE,
    SENDS_PER_PREFIX,
    SENDS_PER_TENANT,
    Flow,
    Window,
)

Rules = tuple[Window | Flow, ...]


@dataclass(frozen=True, slots=True)
class LimitSet:
    """What is limited, and how. phone_own: on top of SENDS_PER_PHONE, which hold for everyone,
    since the provider's own limits must never be the first to say no. ip, device and phone_purpose
    may be windows or flows; what is shared by everybody is windows only.
    """

    phone_own: tuple[Window, ...] = ()
    phone_purpose: Rules = ()
    ip: Rules = SENDS_PER_IP
    device: Rules = SENDS_PER_DEVICE
    tenant: tuple[Window, ...] = SENDS_PER_TENANT
    country: tuple[Window, ...] = SENDS_PER_COUNTRY
    prefix: tuple[Window, ...] = SENDS_PER_PREFIX
    service: tuple[Window, ...] = SENDS_IN_ALL


class FurtherGates(Protocol):
    """Another room's gates, that a send passes along with its limits."""

    def gates(self, facts: SendFacts, *, proof: str | None, now_ms: int) -> Iterator[Gate]:
        """Those of this send."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Finds the limits of a send. tenants: the sets of those that have their own. guesses: what
    the guesses at a phone's codes may add up to, for every tenant.
    """

    pseudonyms: Pseudonyms
    common: LimitSet = LimitSet()
    tenants: Mapping[str, LimitSet] = field(default_factory=dict)
    guesses: tuple[Window, ...] = GUESSES_PER_PHONE
    leases: Leases = field(default_factory=Leases)
    further: FurtherGates | None = None

    def admission(
        self,
        facts: SendFacts,
        *,
        phone_row: RowKey,
        purpose_limits: Sequence[tuple[int, int]],
        risk: int,
        entry: str,
        now_ms: int,
        proof: str | None = None,
    ) -> Admission:
        """The limits that a send counts in. Without an address none is counted, since what the
        platform sees is the tenant's own server.

        purpose_limits: (limit, window in s) of the purpose itself. risk: of one guess at the code
        that is sent, in units of 1 / CERTAIN. proof: what the caller gave as one, for the further
        gates.
        """
        rules = self.tenants.get(facts.tenant, self.common)
        own = self._own(rules, facts, phone_row, purpose_limits)
        return Admission(
            phone=RollingLedger(phone_row, "s", SENDS_PER_PHONE),
            own=tuple(gate for gate in own if isinstance(gate, RollingLedger)),
            others=(
                *(gate for gate in own if not isinstance(gate, RollingLedger)),
                *self._others(rules, facts, now_ms),
                *(self.further.gates(facts, proof=proof, now_ms=now_ms) if self.further else ()),
            ),
            guesses=self._guesses(phone_row, risk),
            entry=entry,
            now_ms=now_ms,
        )

    def guess(self, phone_row: RowKey, *, risk: int, entry: str, now_ms: int) -> RowChange:
        """Count a guess at one of the phone's codes, over all of its challenges; refused if what
        the guesses of a day may add up to could be exceeded.
        """
        return self._guesses(phone_row, risk).admit(weighed(entry, risk), now_ms)

    def _guesses(self, phone_row: RowKey, risk: int) -> RollingLedger:
        windows = tuple(replace(window, unit=risk) for window in self.guesses)
        return RollingLedger(phone_row, "g", windows)

    def _own(
        self,
        rules: LimitSet,
        facts: SendFacts,
        phone_row: RowKey,
        purpose_limits: Sequence[tuple[int, int]],
    ) -> list[Gate]:
        """What a deployment limits of a phone besides. Each in a row of its own: the phone's row
        has no room for more conditions (a store's update takes ten), and a ledger that two tenants
        with different windows shared would forget what only one of them still counts.
        """

        def row(item: str, *, is_of_tenant: bool) -> RowKey:
            return RowKey(phone_row.subject, f"{item}_{facts.tenant}" if is_of_tenant else item)

        own = rules is not self.common
        gates = [*_gates(row("phone_own", is_of_tenant=False), "s", self.common.phone_own)]
        if own:
            gates += _gates(row("phone_own", is_of_tenant=True), "s", rules.phone_own)
        is_replaced = own and rules.phone_purpose != self.common.phone_purpose
        purpose_row = row(f"purpose_{facts.purpose}", is_of_tenant=is_replaced)
        gates += _gates(purpose_row, "s", rules.phone_purpose)
        windows = tuple(
            Window(f"{facts.purpose}_{span}s", limit, span) for limit, span in purpose_limits
        )
        gates += _gates(row(f"policy_{facts.purpose}", is_of_tenant=False), "s", windows)
        return gates

    def _others(self, rules: LimitSet, facts: SendFacts, now_ms: int) -> Iterator[Gate]:
        if facts.client_ip:
            name = self.pseudonyms.of("ip", facts.tenant, counted_address(facts.client_ip))
            yield from _gates(RowKey(name.hex(), "ip"), "s", rules.ip)
        if facts.device_id:
            name = self.pseudonyms.of("device", facts.tenant, facts.device_id)
            yield from _gates(RowKey(name.hex(), "device"), "s", rules.device)
        shared: tuple[tuple[str, Sequence[Window]], ...] = (
            (f"tenant:{facts.tenant}", rules.tenant),
            (f"country:{facts.phone.country}", self.common.country),
            (f"prefix:{facts.prefix}", self.common.prefix),
            ("service", self.common.service),
        )
        for subject, windows in shared:
            for window in windows:
                yield bucket_gate(subject, window, self.leases, now_ms)


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


def _gates(key: RowKey, prefix: str, rules: Rules) -> Iterator[Gate]:
    """One ledger for all windows, and a gate for each flow."""
    windows = tuple(rule for rule in rules if isinstance(rule, Window))
    if windows:
        yield RollingLedger(key, prefix, windows)
    for rule in rules:
        if isinstance(rule, Flow):
            yield GcraGate(key, rule, prefix)
