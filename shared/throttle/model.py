"""What a limit is: so many admissions in any stretch of time of a given length."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """At most `limit` admissions in every stretch of `span_s` seconds, a rolling one.

    unit: what one admission weighs, where they are weighed and not just counted.
    """

    name: str
    limit: int
    span_s: int
    unit: int = 1


@dataclass(frozen=True, slots=True)
class Flow:
    """At most `limit` admissions in every stretch of `span_s` seconds: `burst` of them may come at
    once, the others evenly.
    """

    name: str
    limit: int
    span_s: int
    burst: int

    @property
    def interval_ms(self) -> int:
        """The time between two of an even flow: the burst and what follows it in a whole stretch
        are together within `limit`.
        """
        return -(-self.span_s * 1000 // max(1, self.limit - self.burst))


SENDS_PER_PHONE = (
    # The provider's own limits for one sign and number; ours must be the first to speak.
    Window("phone_minute", 1, 60),
    Window("phone_hour", 5, 3600),
    Window("phone_day", 10, 86_400),
)
SENDS_PER_IP = (Window("ip_hour", 60, 3600),)
SENDS_PER_DEVICE = (Window("device_hour", 60, 3600),)
CERTAIN, SIX_DIGITS = 10**10, 10**4
"""Guesses weigh their chance to be right: of one in 10^10, and of one in a million."""


def guesses_per_phone(max_takeover_probability: float = 3e-5) -> tuple[Window, ...]:
    """What the guesses at one phone's codes may add up to in a day: thirty of six digits, or three
    thousand of eight, at the default.
    """
    limit = round(max_takeover_probability * CERTAIN)
    return (Window("phone_guesses", limit, 86_400, unit=SIX_DIGITS),)


GUESSES_PER_PHONE = guesses_per_phone()

# What everybody shares. Generous: they bound what a flood can cost, and are an operator's to set.
SENDS_PER_TENANT = (Window("tenant_hour", 600_000, 3600),)
SENDS_PER_COUNTRY = (Window("country_hour", 600_000, 3600),)
SENDS_PER_PREFIX = (Window("prefix_hour", 120_000, 3600),)
SENDS_IN_ALL = (Window("service_hour", 1_200_000, 3600),)
