"""What is counted, and of what: a cell is where a message belongs, a metric is what became of it.

A message is counted in the hour in which it was sent, whenever its receipt or its code comes: so
"delivered of sent" is about the same messages. Days are those of the provider's bills, UTC+8.

Metrics, each a whole number that only grows, but for `undelivered`, which a later receipt corrects:

    accepted unknown        sends, by the provider's answer; `unknown` until somebody knows
    codes                   those of them that are one-time passwords
    refused.<code>          the provider said no
    throttled.<policy>      a limit of ours said no, and nothing was sent
    stopped.<reason>        never sent, for a reason of ours
    delivered               what the network said of what was sent
    undelivered.<code>
    latency.<bound>         delivered within that many seconds of being sent, and not within the
                            bound before it; `latency.more` for longer
    verified unverified     codes whose life is over, by whether they were typed
    shadow_hurt.<rule> shadow_saved.<rule>   codes that a rule in shadow would have held back, by
                            whether they were typed
    segments cost_milli     what is billed for, and thousandths of CNY
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.phone import PhoneNumber

HOUR_MS = 3_600_000
DAY_OFFSET_MS = 8 * HOUR_MS
OVER_AFTER_MS = 60_000
"""After a code's life it is over by the clocks of all instances."""
LATENCY_BOUNDS_S = (1, 2, 5, 10, 20, 30, 60, 120, 300, 900, 3600)


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """Where a message belongs. template: a template's name, or a code's purpose. prefix: calling
    code and first digits, `+86138`. country: ISO 3166 of the phone, `ZZ` if not known.
    """

    tenant: str
    template: str
    country: str
    prefix: str
    channel: str = "sms"

    @classmethod
    def of(cls, *, tenant: str, template: str, phone: PhoneNumber, channel: str = "sms") -> Cell:
        """The cell of a message to `phone`."""
        return cls(tenant, template, phone.country, phone.carrier_prefix, channel)


def hour_of(at_ms: int) -> int:
    """The hour of a moment: hours since the epoch."""
    return at_ms // HOUR_MS


def latency_metric(latency_ms: int) -> str:
    """The metric that a delivery after `latency_ms` counts in."""
    for bound_s in LATENCY_BOUNDS_S:
        if latency_ms <= bound_s * 1000:
            return f"latency.{bound_s}"
    return "latency.more"


@dataclass(frozen=True, slots=True)
class Figures:
    """The metrics of some messages, and what follows from them."""

    counts: Mapping[str, int] = field(default_factory=dict)

    def number(self, metric: str) -> int:
        """One metric as it stands; 0 if it was never counted."""
        return self.counts.get(metric, 0)

    def family(self, name: str) -> dict[str, int]:
        """The metrics `<name>.<detail>` by their detail, most first, without zeros."""
        start = f"{name}."
        found = {
            metric[len(start) :]: count
            for metric, count in self.counts.items()
            if metric.startswith(start) and count
        }
        return dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))

    def total(self, name: str) -> int:
        """All of a family."""
        return sum(self.family(name).values())

    @property
    def sent(self) -> int:
        """Messages that are, or may be, under way or there."""
        return self.number("accepted") + self.number("unknown")

    @property
    def requested(self) -> int:
        """Every wish for a message that came to an answer."""
        return self.sent + sum(self.total(each) for each in ("refused", "throttled", "stopped"))

    @property
    def delivered(self) -> int:
        """By the network's word."""
        return self.number("delivered")

    @property
    def undelivered(self) -> int:
        """By the network's word."""
        return self.total("undelivered")

    @property
    def unreported(self) -> int:
        """Sent, and no receipt yet."""
        return max(0, self.sent - self.delivered - self.undelivered)

    @property
    def delivery_percent(self) -> float | None:
        """Delivered of those with a receipt; None without any."""
        return _percent(self.delivered, self.delivered + self.undelivered)

    @property
    def conversion_percent(self) -> float | None:
        """Verified of the codes whose life is over; None without any."""
        verified = self.number("verified")
        return _percent(verified, verified + self.number("unverified"))

    def latency_s(self, percent: int) -> int | None:
        """The bound within which `percent` of what was delivered was there; None without any, and
        the last bound for what took longer.
        """
        within = [self.number(f"latency.{bound}") for bound in LATENCY_BOUNDS_S]
        total = sum(within) + self.number("latency.more")
        seen = 0
        for bound_s, count in zip(LATENCY_BOUNDS_S, within, strict=True):
            seen += count
            if total and seen * 100 >= percent * total:
                return bound_s
        return LATENCY_BOUNDS_S[-1] if total else None

    def plus(self, other: Figures) -> Figures:
        """Both together."""
        counts = dict(self.counts)
        for metric, count in other.counts.items():
            counts[metric] = counts.get(metric, 0) + count
        return Figures(counts)


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None
