"""What is told of a decision: which rule, about whom, by which figures. Never a whole number."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Protocol

from shared.abuse.model import Rule
from shared.observability.events import ABUSE_DECIDED
from shared.observability.logs import log_event


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a decision is about. tenant: `*` for all. prefix: a number without its last four
    digits, or a carrier prefix, of which the country is not known (`ZZ`); None for a whole country.
    """

    tenant: str
    country: str
    prefix: str | None
    is_one_address: bool = False


class Figures(Protocol):
    """What a rule goes by."""

    @property
    def rule(self) -> Rule:
        """The rule."""

    @property
    def sent(self) -> int:
        """Messages that were looked at."""

    @property
    def figure(self) -> int:
        """What was found in them."""

    @property
    def threshold(self) -> int:
        """What it was held against."""


def log_decision(found: Figures, subject: Subject, *, close_s: int) -> None:
    """Tell operators, once for each look that breaks a rule; in shadow, what would have been."""
    log_event(
        ABUSE_DECIDED,
        level=logging.WARNING,
        rule=found.rule.name,
        mode=found.rule.mode,
        answer=found.rule.answer,
        tenant=subject.tenant,
        country=subject.country,
        # By the name of an id, since digits of this length are masked under any other.
        prefix_id=subject.prefix,
        is_one_address=subject.is_one_address,
        sent=found.sent,
        figure=found.figure,
        threshold=found.threshold,
        close_s=close_s,
    )
