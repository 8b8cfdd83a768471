"""Phone numbers as values: printing one gives its mask, the number itself is asked for by name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class PhoneNumber:
    """A mobile number in E.164. Printing it gives the mask; the number itself is asked for by name.

    country: ISO 3166 region, such as CN.
    """

    e164: str
    country: str
    calling_code: int

    @property
    def is_mainland(self) -> bool:
        """True for a mainland Chinese number, which takes domestic signs and templates."""
        return self.calling_code == 86

    @property
    def carrier_prefix(self) -> str:
        """The first digits, by which carriers route: `+86138`. Three of a mainland number, two of
        any other, so that a country has some dozens.
        """
        return self.e164[: 1 + len(str(self.calling_code)) + (3 if self.is_mainland else 2)]

    @property
    def masked(self) -> str:
        """The number as it may be shown: `+86******4567`, calling code and last four digits, or
        fewer of a short one: never more than half.
        """
        national = self.e164.removeprefix(f"+{self.calling_code}")
        return f"+{self.calling_code}******{national[-min(4, len(national) // 2) :]}"

    def __str__(self) -> str:
        return self.masked

    def __repr__(self) -> str:
        return f"PhoneNumber({self.masked})"
