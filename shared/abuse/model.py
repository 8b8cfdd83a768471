"""What the rules against SMS pumping are, and what they may do.

A rule in `shadow` decides and logs, and never stands in anybody's way; in `enforce` its answer
holds: `close` refuses sends for a while, `demand` asks for a proof that makes them dear.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

Mode = Literal["off", "shadow", "enforce"]
Answer = Literal["close", "demand"]
Scope = Literal["tenant", "all"]


@dataclass(frozen=True, slots=True)
class Rule:
    """What all rules have. close_s: how long the answer holds after the first time in a day; twice
    that after the second, at most eight times.
    """

    mode: Mode = "shadow"
    answer: Answer = "close"
    close_s: int = 1800

    name: ClassVar[str] = "rule"

    @property
    def is_on(self) -> bool:
        """True if the rule looks at sends."""
        return self.mode != "off"

    @property
    def is_enforced(self) -> bool:
        """True if the rule may refuse sends."""
        return self.mode == "enforce"


@dataclass(frozen=True, slots=True)
class Burst(Rule):
    """`limit` numbers of one block of 10,000 in window_s, by one tenant."""

    limit: int = 60
    window_s: int = 600

    name: ClassVar[str] = "burst"


@dataclass(frozen=True, slots=True)
class Enumeration(Rule):
    """`limit` numbers within `width` successive ones in window_s, by one tenant; by one address
    (of a tenant's) address_limit are enough.
    """

    limit: int = 12
    address_limit: int = 6
    width: int = 100
    window_s: int = 600

    name: ClassVar[str] = "enumeration"


@dataclass(frozen=True, slots=True)
class Conversion(Rule):
    """Of min_sent codes or more in window_s, less than min_percent were verified.

    of: whose sends are looked at, and whose are refused then: one tenant's, or everybody's.

    Enforced, requests and verifies are counted in one row, by one more write each (conversion.py).
    In shadow it is judged by figures that are kept anyway, by the hour (watch.py).
    """

    min_sent: int = 10
    min_percent: int = 20
    window_s: int = 6 * 3600
    of: Scope = "tenant"

    def is_broken(self, *, sent: int, typed: int) -> bool:
        """True if too few of the codes that were sent were typed, and they are enough to say so."""
        return sent >= self.min_sent and typed * 100 < self.min_percent * sent


@dataclass(frozen=True, slots=True)
class PrefixConversion(Conversion):
    """By block of 10,000 numbers; in shadow by carrier prefix, which is coarser."""

    close_s: int = 3600

    name: ClassVar[str] = "prefix_conversion"


@dataclass(frozen=True, slots=True)
class CountryConversion(Conversion):
    """By country. Enforced, in as many samples as it has rows, and min_sent is of each."""

    min_sent: int = 20
    min_percent: int = 30
    window_s: int = 3600

    name: ClassVar[str] = "country_conversion"


@dataclass(frozen=True, slots=True)
class Guessed(Rule):
    """A phone whose guess budget is more than half spent. Its answer is always `demand`."""

    mode: Mode = "off"
    answer: Answer = "demand"

    name: ClassVar[str] = "guessed"


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules in force for a tenant."""

    enumeration: Enumeration = Enumeration()
    burst: Burst = Burst()
    prefix_conversion: PrefixConversion = PrefixConversion()
    country_conversion: CountryConversion = CountryConversion()
    guessed: Guessed = Guessed()

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All of them."""
        return (
            self.enumeration,
            self.burst,
            self.prefix_conversion,
            self.country_conversion,
            self.guessed,
        )

    @property
    def conversions(self) -> tuple[Conversion, Conversion]:
        """Those that hold codes against what was typed."""
        return (self.prefix_conversion, self.country_conversion)


@dataclass(frozen=True, slots=True)
class WorkWanted:
    """Proofs of work."""

    bits: int
    ttl_s: int


@dataclass(frozen=True, slots=True)
class CaptchaWanted:
    """Tokens of a CAPTCHA service."""

    url: str
    site_key: str


@dataclass(frozen=True, slots=True)
class AbuseRules:
    """All that a deployment says."""

    common: RuleSet = RuleSet()
    tenants: Mapping[str, RuleSet] = field(default_factory=dict)
    proof: WorkWanted | CaptchaWanted | None = None

    @property
    def are_on(self) -> bool:
        """True if any rule looks at anything."""
        return any(rule.is_on for rules in self.sets for rule in rules.rules)

    @property
    def count_guesses(self) -> bool:
        """True if a verify counts for any rule: for those of conversion that are enforced."""
        return any(rule.is_enforced for rules in self.sets for rule in rules.conversions)

    @property
    def sets(self) -> tuple[RuleSet, ...]:
        """The common rules, and those of tenants that have their own."""
        return (self.common, *self.tenants.values())

    def of(self, tenant: str) -> RuleSet:
        """The rules in force for a tenant."""
        return self.tenants.get(tenant, self.common)
