"""What a purpose demands of its codes. A purpose is a row of policies.json, not code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

MAX_TTL_S = 600
"""NIST SP 800-63B section 3.1.3.2 and OWASP ASVS 6.5.5: ten minutes at most."""

ALPHABETS: Mapping[str, str] = {
    "digits": "0123456789",
    # RFC 8628 section 6.1: no vowels, so no words, and nothing that is taken for something else.
    "consonants": "BCDFGHJKLMNPQRSTVWXZ",
}
LEAST_CODES = 10**6
"""Six digits are 19.9 bits, the 20 that NIST SP 800-63B asks for as it rounds them."""

CERTAIN = 10**10
"""Probabilities are counted in units of 1 / CERTAIN, so that a store can add them up."""

Resend = Literal["same", "new"]


@dataclass(frozen=True, slots=True)
class Policy:
    """How codes of one purpose are made and how long they live. Raises ValueError.

    code_length: characters; mainland code templates take 4 to 6. long_code_length: of codes for a
        phone that is being guessed at, where the destination's template takes it; 0 for none.
    max_attempts: guesses that are ever evaluated for one challenge, over all its resends.
    resend: the same code goes out again, or a new one takes its place. resend_after_s: the
        cool-down, a minute at least, since the provider sends no faster.
    limits: (limit, window in s) of sends of this purpose to one phone, beside those of the phone.
    context: what every request of this purpose has to bind to its code.
    """

    purpose: str
    code_length: int = 6
    long_code_length: int = 0
    alphabet: str = "digits"
    ttl_s: int = 300
    max_attempts: int = 3
    resend: Resend = "same"
    resend_after_s: int = 60
    limits: tuple[tuple[int, int], ...] = ()
    context: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for field, holds, rule in (
            ("alphabet", self.alphabet in ALPHABETS, f"must be one of {', '.join(ALPHABETS)}"),
            (
                "code_length",
                4 <= self.code_length <= 6,
                "must be 4 to 6, which is what mainland templates take",
            ),
            (
                "long_code_length",
                not self.long_code_length or self.code_length < self.long_code_length <= 10,
                "must be over code_length and at most 10, or 0",
            ),
            ("ttl_s", 30 <= self.ttl_s <= MAX_TTL_S, f"must be 30 to {MAX_TTL_S}"),
            # Five challenges of a phone can be live at once; half of its guesses are theirs.
            ("max_attempts", 1 <= self.max_attempts <= 3, "must be 1 to 3"),
            ("resend_after_s", 60 <= self.resend_after_s <= 600, "must be 60 to 600"),
        ):
            if not holds:
                raise ValueError(f"{self.purpose}.{field} {rule}")
        if len(self.characters) ** self.code_length < LEAST_CODES:
            raise ValueError(
                f"{self.purpose}.code_length makes fewer than a million codes of that alphabet"
            )

    @property
    def characters(self) -> str:
        """What a code is made of."""
        return ALPHABETS[self.alphabet]

    def risk_of_a_guess(self, code_length: int) -> int:
        """The probability that one guess is right, in units of 1 / CERTAIN, rounded up."""
        return int(-(-CERTAIN // len(self.characters) ** code_length))


Policies = Mapping[str, Policy]
