"""What a limit is: so many admissions in any stretch of time of a given length."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """At most `limit` admissions in every stretch of `span_s` seconds, a rolling one."""

    name: str
    limit: int
    span_s: int


SENDS_PER_PHONE = (
    # The provider's own limits for one sign and number; ours must be the first to speak.
    Window("phone_minute", 1, 60),
    Window("phone_hour", 5, 3600),
    Window("phone_day", 10, 86_400),
)
SENDS_PER_IP = (Window("ip_hour", 60, 3600),)
SENDS_PER_DEVICE = (Window("device_hour", 60, 3600),)
GUESSES_PER_PHONE = (Window("phone_guesses", 30, 86_400),)
