"""A proof that somebody means it: asked for when the risk is high, before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from shared.abuse.model import Rule
from shared.errors import ProofRequired
from shared.observability.events import PROOF_DEMANDED
from shared.observability.logs import log_event
from shared.send_facts import SendFacts


class ProofChecker(Protocol):
    """A kind of proof."""

    @property
    def is_instant(self) -> bool:
        """True if a check takes microseconds and asks nobody."""

    def puzzle(self, facts: SendFacts, now_ms: int) -> Mapping[str, object]:
        """What a caller needs to make a proof for this send."""

    def is_good(self, proof: str, facts: SendFacts, now_ms: int) -> bool:
        """True if `proof` is one for this send; False as well if nobody can tell."""


@dataclass(slots=True)
class Proof:
    """What one request brought, checked at most once. checker: None where no proof is taken."""

    checker: ProofChecker | None
    text: str | None
    facts: SendFacts
    now_ms: int
    _verdict: bool | None = field(default=None)

    @property
    def is_shown(self) -> bool:
        """True if the proof is known to be good without asking anybody."""
        return self.checker is not None and self.checker.is_instant and self._is_good(self.checker)

    def demand(self, rule: Rule) -> None:
        """Raises ProofRequired unless the proof is good."""
        if self.checker is None or self._is_good(self.checker):
            return
        log_event(
            PROOF_DEMANDED,
            tenant=self.facts.tenant,
            rule=rule.name,
            country=self.facts.phone.country,
            was_given=self.text is not None,
        )
        raise ProofRequired(self.checker.puzzle(self.facts, self.now_ms))

    def _is_good(self, checker: ProofChecker) -> bool:
        if self._verdict is None:
            self._verdict = self.text is not None and checker.is_good(
                self.text, self.facts, self.now_ms
            )
        return self._verdict
