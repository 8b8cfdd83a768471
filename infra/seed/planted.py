"""What goes wrong in the invented month, on purpose: what the console must then show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from infra.seed.market import Place

HOUR_MS = 3_600_000
Kind = Literal["conversion", "refused", "undelivered", "latency", "spike"]


@dataclass(frozen=True, slots=True)
class Planted:
    """One thing that goes wrong from start_ms to before end_ms, for the cells whose `dimension` is
    `name`.

    size: for `conversion` what is left of it (0 to 1); for `refused` and `undelivered` the share
    that gets `code`; for `latency` how many bounds slower; for `spike` how many times as many, none
    of which are typed.
    """

    kind: Kind
    dimension: Literal["country", "prefix", "template"]
    name: str
    start_ms: int
    end_ms: int
    size: float
    code: str = ""

    def holds(self, place: Place, start_ms: int) -> bool:
        """Whether it concerns the messages of that place in the hour of start_ms."""
        is_then = self.start_ms <= start_ms < self.end_ms
        return is_then and getattr(place.cell, self.dimension) == self.name


def usual_trouble(end_ms: int) -> tuple[Planted, ...]:
    """Seven things that go wrong in the four weeks before end_ms, the start of an hour."""

    def at(day: float, hours: int) -> tuple[int, int]:
        start_ms = end_ms - round(day * 24) * HOUR_MS
        return start_ms, start_ms + hours * HOUR_MS

    return (
        Planted("refused", "template", "order_confirmed", *at(12, 20), 0.5,
                "isv.SMS_TEMPLATE_ILLEGAL"),
        Planted("undelivered", "template", "ship_update", *at(9, 30), 0.3, "CONTENT_KEYWORD"),
        Planted("conversion", "country", "HK", *at(6.5, 30), 0.35),
        Planted("conversion", "prefix", "+86139", *at(5, 24), 0.3),
        Planted("latency", "prefix", "+86135", *at(3, 10), 3),
        Planted("spike", "prefix", "+6285", *at(1.5, 9), 60),
        Planted("undelivered", "prefix", "+86188", *at(1, 20), 0.8, "MK:0013"),
    )  # fmt: skip
