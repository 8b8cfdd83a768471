"""The rules in force: which rows watch a send, and which a guess."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from shared.abuse.blocks import BlockCounts
from shared.abuse.conversion import (
    ConversionCounts,
    Debts,
    Tally,
    country_row,
    guessed,
    prefix_row,
    scope_of,
    slice_of,
)
from shared.abuse.decision import Subject, log_decision
from shared.abuse.gate import Finding, WatchGate
from shared.abuse.model import Conversion, RuleSet
from shared.abuse.proof import Proof, ProofChecker
from shared.abuse.shadow import ShadowGate, ShadowRows
from shared.phone import PhoneNumber
from shared.pseudonym import Pseudonyms
from shared.rows import RowKey
from shared.send_facts import PREFIX_TAIL, SendFacts

_DEBTS_A_GUESS = 8


@dataclass(frozen=True, slots=True)
class AbuseGuard:
    """Finds the rules of a send, and counts guesses. tenants: the rules of those that have their
    own. checker: None if no rule demands a proof. counted_address: what an address counts as.
    """

    pseudonyms: Pseudonyms
    counted_address: Callable[[str], str]
    common: RuleSet = RuleSet()
    tenants: Mapping[str, RuleSet] = field(default_factory=dict)
    checker: ProofChecker | None = None
    debts: Debts = field(default_factory=Debts)
    shadows: ShadowRows = field(default_factory=ShadowRows)

    def gates(
        self, facts: SendFacts, *, proof: str | None, now_ms: int
    ) -> Iterator[WatchGate | ShadowGate]:
        """The rows that watch a send: one of its block and one of its address, where a rule looks
        at them; one of its prefix and one of its country, where a rule is enforced.
        """
        rules = self.tenants.get(facts.tenant, self.common)
        shown = Proof(self.checker, proof, facts, now_ms)
        yield from self._blocks(rules, facts, shown, now_ms)
        phone = facts.phone
        for rule, key in self._conversions(rules, facts.tenant, phone):
            prefix = facts.prefix if rule is rules.prefix_conversion else None
            subject = Subject(scope_of(rule, facts.tenant), phone.country, prefix)
            yield WatchGate(key, ConversionCounts(rule), subject, shown)

    def refuse_guessed(self, facts: SendFacts, *, proof: str | None, now_ms: int) -> None:
        """To be called for a send to a phone that is being guessed at. Raises ProofRequired."""
        rule = self.tenants.get(facts.tenant, self.common).guessed
        shown = Proof(self.checker, proof, facts, now_ms)
        if not rule.is_on or shown.is_shown:
            return
        subject = Subject(facts.tenant, facts.phone.country, facts.prefix)
        if rule.is_enforced:
            shown.demand(rule)
        else:
            log_decision(Finding(rule, 1, 50, 50), subject, close_s=0)

    def guess(self, *, tenant: str, phone: PhoneNumber, sent_ms: int, entry: str) -> Tally:
        """Count a guess at a code that was first sent at `sent_ms`, for rules that are enforced."""
        rules = self.tenants.get(tenant, self.common)
        counted = tuple(
            (key, f"v{slice_of(rule, sent_ms)}")
            for rule, key in self._conversions(rules, tenant, phone)
        )
        return guessed(counted, debts=self.debts, entry=entry, most_debts=_DEBTS_A_GUESS)

    def _blocks(
        self, rules: RuleSet, facts: SendFacts, proof: Proof, now_ms: int
    ) -> Iterator[WatchGate | ShadowGate]:
        enumeration = rules.enumeration if rules.enumeration.is_on else None
        burst = rules.burst if rules.burst.is_on else None
        tail = facts.phone.e164[-PREFIX_TAIL:]
        of_tenant = Subject(facts.tenant, facts.phone.country, facts.prefix)
        if enumeration or burst:
            name = self.pseudonyms.of("block", facts.tenant, facts.prefix)
            counts = BlockCounts(tail, enumeration, rules.enumeration.limit, burst)
            yield self._watch(RowKey(name.hex(), "sends"), counts, of_tenant, proof, now_ms)
        if enumeration and facts.client_ip:
            address = self.counted_address(facts.client_ip)
            name = self.pseudonyms.of("block", facts.tenant, facts.prefix, address)
            counts = BlockCounts(tail, enumeration, enumeration.address_limit, None)
            of_address = Subject(facts.tenant, facts.phone.country, facts.prefix, True)
            yield self._watch(RowKey(name.hex(), "sends"), counts, of_address, proof, now_ms)

    def _watch(
        self, key: RowKey, counts: BlockCounts, subject: Subject, proof: Proof, now_ms: int
    ) -> WatchGate | ShadowGate:
        if any(rule.is_enforced for rule in counts.rules):
            return WatchGate(key, counts, subject, proof)
        return ShadowGate(key, counts, subject, self.shadows, now_ms)

    def _conversions(
        self, rules: RuleSet, tenant: str, phone: PhoneNumber
    ) -> Iterator[tuple[Conversion, RowKey]]:
        """Those that are enforced: the others are judged by figures (watch.py)."""
        prefix, country = rules.prefix_conversion, rules.country_conversion
        if prefix.is_enforced:
            yield prefix, prefix_row(prefix, tenant, phone)
        if country.is_enforced:
            yield country, country_row(country, tenant, phone, self.pseudonyms)
