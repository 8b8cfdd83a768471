"""The figures of an hour or day from every side: of all, and of each country, template, prefix and
tenant, each summed once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from shared.rollup.model import LATENCY_BOUNDS_S
from shared.rollup.views import View

Side = Literal["all", "tenant", "country", "template", "prefix", "calling_code"]
"""calling_code: what prefixes are parts of; nothing is told of it, as it may be several countries.
"""
Subject = tuple[Side, str]
ALL: Subject = ("all", "")
_SPEEDS = (*(f"latency.{bound_s}" for bound_s in LATENCY_BOUNDS_S), "latency.more")
_FAMILIES = ("refused", "throttled", "stopped")


@dataclass(frozen=True, slots=True)
class Sums:
    """Counts, and what is asked of them again and again. speeds: what was delivered, by bound.
    p95: the place of the bound within which 95 % of it was, at most the last bound's.
    """

    counts: Mapping[str, int]
    sent: int = 0
    refused: int = 0
    requested: int = 0
    speeds: tuple[int, ...] = ()
    delivered: int = 0
    p95: int = 0

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> Sums:
        """Counts by metric, summed."""
        number = counts.get
        sent = number("accepted", 0) + number("unknown", 0)
        families = dict.fromkeys(_FAMILIES, 0)
        for metric, count in counts.items():
            family, dot, _ = metric.partition(".")
            if dot and family in families:
                families[family] += count
        speeds = tuple([number(metric, 0) for metric in _SPEEDS])
        delivered = sum(speeds)
        return cls(
            counts=counts,
            sent=sent,
            refused=families["refused"],
            requested=sent + sum(families.values()),
            speeds=speeds,
            delivered=delivered,
            p95=_within(speeds, 95 * delivered),
        )

    def less(self, part: Sums) -> Sums:
        """The rest, without a part."""
        rest = {metric: count - part.counts.get(metric, 0) for metric, count in self.counts.items()}
        return Sums.of(rest)


NONE = Sums({})


def sides_of(view: View) -> dict[Subject, Sums]:
    """The sums of a view by subject; empty for one in which nothing was counted."""
    found: dict[Subject, dict[str, int]] = {}
    for (country, template, _, tenant), figures in view.groups.items():
        _add(found, ("country", country), figures.counts)
        _add(found, ("template", template), figures.counts)
        if tenant:
            _add(found, ("tenant", tenant), figures.counts)
    for (side, _), counts in list(found.items()):
        if side == "country":
            _add(found, ALL, counts)
    for prefix, figures in view.prefixes.items():
        _add(found, ("prefix", prefix), figures.counts)
        _add(found, ("calling_code", _calling_code(prefix)), figures.counts)
    return {subject: Sums.of(counts) for subject, counts in found.items() if counts}


def whole_of(subject: Subject) -> Subject:
    """What it is a part of: all, but of a prefix its calling code."""
    side, name = subject
    return ("calling_code", _calling_code(name)) if side == "prefix" else ALL


def codes_of(family: str, metrics: set[str]) -> Iterator[str]:
    """The details of a family of metrics, in order."""
    start = f"{family}."
    return (metric[len(start) :] for metric in sorted(metrics) if metric.startswith(start))


def _add(found: dict[Subject, dict[str, int]], subject: Subject, counts: Mapping[str, int]) -> None:
    into = found.get(subject)
    if into is None:
        found[subject] = dict(counts)
        return
    for metric, count in counts.items():
        into[metric] = into.get(metric, 0) + count


def _within(speeds: tuple[int, ...], hundredths: int) -> int:
    seen = 0
    for place, count in enumerate(speeds[:-1]):
        seen += 100 * count
        if seen >= hundredths:
            return place
    return len(LATENCY_BOUNDS_S) - 1


def _calling_code(prefix: str) -> str:
    # As cells name them: three digits of a mainland number, two of any other.
    is_mainland = prefix.startswith("+86") and len(prefix) == 6
    return prefix[:-3] if is_mainland else prefix[:-2]
