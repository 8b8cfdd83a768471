"""What a purpose demands of its codes. A purpose is a row of the table below, not code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

MAX_TTL_S = 600
"""NIST SP 800-63B section 3.1.3.2 and OWASP ASVS 6.5.5: ten minutes at most."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How codes of one purpose are made and how long they live.

    code_length: digits; six are 19.9 bits, the 20 that NIST SP 800-63B asks for as it rounds them,
        and mainland code templates take 4 to 6 characters.
    max_attempts: guesses that are ever evaluated for one challenge, over all its resends.
    """

    purpose: str
    code_length: int = 6
    ttl_s: int = 300
    max_attempts: int = 3

    def __post_init__(self) -> None:
        if not 6 <= self.code_length <= 10:
            raise ValueError(f"{self.purpose}: code_length must be 6 to 10")
        if not 30 <= self.ttl_s <= MAX_TTL_S:
            raise ValueError(f"{self.purpose}: ttl_s must be 30 to {MAX_TTL_S}")
        if not 1 <= self.max_attempts <= 3:
            # Five challenges of a phone can be live at once; half of its thirty guesses are theirs.
            raise ValueError(f"{self.purpose}: max_attempts must be 1 to 3")


Policies = Mapping[str, Policy]

DEFAULT_POLICIES: Policies = MappingProxyType(
    {
        purpose: Policy(purpose)
        for purpose in ("login", "signup", "reset", "payment", "pickup", "transfer")
    }
)
