"""A month of figures by hour, made message by message: each draws the hour that it is sent in, the
cell that it belongs to and what becomes of it.

Nothing here writes: `hours` gives what to count, for the views directly or for the hot rows.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from infra.seed.fates import Fate, fates
from infra.seed.market import Place, places
from infra.seed.planted import HOUR_MS, Planted, usual_trouble
from shared.rollup.model import DAY_OFFSET_MS, Cell, Figures

_DAY_HOURS = 24
# Of a day's messages at UTC+8: few at four in the morning, most at eight in the evening.
_RHYTHM = (3, 2, 1, 1, 1, 2, 4, 7, 9, 11, 12, 11, 10, 10, 10, 10, 11, 11, 12, 13, 14, 12, 9, 5)
_THURSDAY = 3
"""The weekday of the epoch, Monday being 0."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to make. messages: all of them, whatever becomes of them. end_ms: the start of the hour
    after the last one. wander: by how much days and hours differ beyond chance.
    """

    messages: int
    seed: int
    end_ms: int
    days: int = 30
    planted: Sequence[Planted] | None = None
    wander: float = 0.05

    @property
    def start_ms(self) -> int:
        """Of the first hour."""
        return self.end_ms - self.days * _DAY_HOURS * HOUR_MS

    @property
    def trouble(self) -> Sequence[Planted]:
        """What is planted: as told, or the usual."""
        return usual_trouble(self.end_ms) if self.planted is None else self.planted


@dataclass(frozen=True, slots=True)
class Hour:
    """The figures of an hour by cell; cells without any are not in it."""

    start_ms: int
    cells: Mapping[Cell, Figures]


def hours(plan: Plan) -> Iterator[Hour]:
    """Every hour of the month, oldest first. The same plan gives the same figures."""
    # Not for secrets: a month that can be made again.
    chance = random.Random(plan.seed)
    market = places()
    starts = range(plan.start_ms, plan.end_ms, HOUR_MS)
    crowds = [_crowd(market, plan.trouble, start_ms) for start_ms in starts]
    days = [chance.lognormvariate(0, plan.wander) for _ in range(plan.days + 2)]
    moods = [min(1.1, chance.gauss(1, plan.wander / 3)) for _ in days]
    loads = []
    for place, start_ms in enumerate(starts):
        rhythm = _RHYTHM[_local_hour(start_ms) % _DAY_HOURS] * days[_day(start_ms, plan)]
        loads.append(crowds[place][-1] * rhythm * chance.lognormvariate(0, plan.wander))
    sent_in = Counter(chance.choices(range(len(starts)), loads, k=plan.messages))
    for place, start_ms in enumerate(starts):
        drawn = chance.choices(range(len(market)), cum_weights=crowds[place], k=sent_in[place])
        mood = moods[_day(start_ms, plan)]
        cells = _outcomes(chance, market, drawn, plan.trouble, start_ms, mood)
        yield Hour(start_ms, cells)


def _crowd(market: Sequence[Place], trouble: Iterable[Planted], start_ms: int) -> list[float]:
    """The cells' shares of an hour, added up."""
    is_weekend = (_local_hour(start_ms) // _DAY_HOURS + _THURSDAY) % 7 >= 5
    spikes = [each for each in trouble if each.kind == "spike"]
    shares = []
    for place in market:
        share = place.weight * (place.weekend if is_weekend else 1)
        for spike in spikes:
            if spike.holds(place, start_ms):
                share *= spike.size
        shares.append(share)
    return list(accumulate(shares))


def _outcomes(
    chance: random.Random,
    market: Sequence[Place],
    drawn: Sequence[int],
    trouble: Sequence[Planted],
    start_ms: int,
    mood: float,
) -> dict[Cell, Figures]:
    """What becomes of an hour's messages, each by its place in `drawn`."""
    now = [each for each in trouble if each.start_ms <= start_ms < each.end_ms]
    tables: dict[tuple[bool, bool, tuple[Planted, ...]], tuple[list[Fate], list[float]]] = {}
    found: dict[Cell, Figures] = {}
    for number, count in sorted(Counter(drawn).items()):
        place = market[number]
        own = tuple(each for each in now if each.holds(place, start_ms))
        kind = (place.is_code, place.cell.country == "CN", own)
        if kind not in tables:
            shares = fates(is_code=kind[0], is_mainland=kind[1], trouble=own, mood=mood)
            tables[kind] = (list(shares), list(accumulate(shares.values())))
        ways, weights = tables[kind]
        # By number: a number is hashed much faster than a fate.
        ended = Counter(chance.choices(range(len(ways)), cum_weights=weights, k=count))
        found[place.cell] = _figures(place, [(ways[way], times) for way, times in ended.items()])
    return found


def _figures(place: Place, ended: Iterable[tuple[Fate, int]]) -> Figures:
    counts: dict[str, int] = {}
    sent = 0
    for fate, count in ended:
        for metric in fate.metrics:
            counts[metric] = counts.get(metric, 0) + count
        sent += count if fate.is_sent else 0
    if sent and place.is_code:
        counts["codes"] = sent
    if sent:
        counts["segments"] = sent * place.segments
        counts["cost_milli"] = sent * place.segments * place.price_milli
    return Figures(counts)


def _local_hour(start_ms: int) -> int:
    return (start_ms + DAY_OFFSET_MS) // HOUR_MS


def _day(start_ms: int, plan: Plan) -> int:
    """Days since the first one of the month, of UTC+8."""
    return _local_hour(start_ms) // _DAY_HOURS - _local_hour(plan.start_ms) // _DAY_HOURS
