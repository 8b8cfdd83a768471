"""What the figures of an hour or day usually are, and whether these are far from it.

The method, and why it, is told in anomalies.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import sqrt
from statistics import median
from typing import Literal

from shared.rollup.model import DAY_OFFSET_MS, HOUR_MS, LATENCY_BOUNDS_S
from shared.rollup.sides import ALL, NONE, Side, Subject, Sums, codes_of, sides_of, whole_of
from shared.rollup.views import View, length_ms

Question = Literal["conversion", "refused", "undelivered", "latency", "spike"]
_LIMIT = 6.0
_TO_SIGMA = 1.4826
"""What makes a MAD of normal figures their standard deviation."""
_FEWEST_PERIODS, _MOST_PERIODS = 4, 20
_FEWEST_BEFORE, _FEWEST_NOW, _FEWEST_BEYOND = 20, 50, 20
_JUMPS = {"conversion": 0.1, "refused": 0.05, "undelivered": 0.05, "latency": 0.05}
_SPIKE_TIMES, _SPIKE_BEYOND = 3, 100
_DAY_HOURS = 24
_THURSDAY = 3
"""The weekday of the epoch, Monday being 0."""


@dataclass(frozen=True, slots=True, order=True)
class About:
    """A question about some messages. detail: the code of what was refused or undelivered."""

    question: Question
    side: Side
    name: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """part of whole (whole 0: just part), where `usual` was to be expected. usual_s: of latency,
    the usual p95. spread: how far earlier ones lie apart, in the unit of `usual`.
    """

    part: int
    whole: int
    usual: float
    spread: float
    usual_s: int = 0
    is_found: bool = False

    @property
    def excess(self) -> float:
        """Messages beyond what was to be expected."""
        return self.part - self.usual

    @property
    def move(self) -> float:
        """By how many points the share is above usual; how many times usual a number is."""
        if self.whole:
            return (self.part - self.usual) / self.whole
        return self.part / max(self.usual, 1.0)


_QUIET = Verdict(0, 0, 0.0, 0.0)


@dataclass(slots=True)
class Usual:
    """Views in a row, each held against those before it."""

    views: Sequence[View]
    sides: list[dict[Subject, Sums]] = field(init=False)
    _questions: dict[Subject, tuple[About, ...]] = field(init=False)
    _start: int = field(init=False)

    def __post_init__(self) -> None:
        self.sides = [sides_of(view) for view in self.views]
        self._start = next((place for place, sides in enumerate(self.sides) if sides), 0)
        metrics: dict[Subject, set[str]] = {}
        for sides in self.sides:
            for subject, sums in sides.items():
                metrics.setdefault(subject, set()).update(sums.counts)
        self._questions = {
            subject: tuple(_questions(*subject, found)) for subject, found in metrics.items()
        }

    def verdicts(self, place: int, now_ms: int) -> Iterator[tuple[About, Verdict]]:
        """One for each question that the figures are enough for."""
        view = self.views[place]
        same, near = self._before(place, 0), self._before(place, 1)
        is_open_day = view.span == "day" and view.start_ms + length_ms("day") > now_ms
        for subject, questions in self._questions.items():
            sums = self.sides[place].get(subject, NONE)
            for about in questions[:1] if is_open_day else questions:
                before = same if about.question == "spike" else near
                verdict = self._verdict(about, sums, before)
                if verdict and verdict.is_found:
                    shift = self._shift(about, place, before)
                    is_alone = is_far(about.question, verdict, shift)
                    verdict = replace(verdict, is_found=is_alone)
                if verdict:
                    yield about, verdict

    def _verdict(self, about: About, sums: Sums, before: Sequence[int]) -> Verdict | None:
        """None where there is too little to say."""
        part, whole = _share(about, sums)
        if len(before) < _FEWEST_PERIODS or (whole < _FEWEST_NOW and about.question != "spike"):
            return None
        if not _could_be_far(about.question, part, whole):
            return _QUIET
        subject = (about.side, about.name)
        return _judged(about, sums, [self.sides[each].get(subject, NONE) for each in before])

    def _shift(self, about: About, place: int, before: Sequence[int]) -> float:
        """The move of all the rest of what the subject is a part of; 0 where there is no rest."""
        subject = (about.side, about.name)
        if subject == ALL:
            return 0.0
        now, *earlier = (
            sides.get(whole_of(subject), NONE).less(sides.get(subject, NONE))
            for sides in (self.sides[each] for each in (place, *before))
        )
        rest = _judged(about, now, earlier)
        return rest.move if rest else 0.0

    def _before(self, place: int, near: int) -> list[int]:
        """The places to hold it against, newest first: of days, those before it; of hours, those of
        days before that are at most `near` hours from its time of day.
        """
        is_day = self.views[place].span == "day"
        step, hours = (1, (0,)) if is_day else (_DAY_HOURS, tuple(range(-near, near + 1)))
        kind = _is_weekend(self.views[place])
        found: list[int] = []
        alike: list[int] = []
        for middle in range(place - step, self._start - 2, -step):
            for each in (middle + hour for hour in hours):
                if self._start <= each < place:
                    found.append(each)
                    if _is_weekend(self.views[each]) == kind:
                        alike.append(each)
            if len(alike) >= _MOST_PERIODS:
                break
        chosen = alike if len(alike) >= _FEWEST_PERIODS * len(hours) else found
        return chosen[:_MOST_PERIODS] if len(chosen) >= _FEWEST_PERIODS else []


def _could_be_far(question: Question, part: int, whole: int) -> bool:
    """False where no past at all could make it far from usual."""
    if question == "spike":
        return part >= _SPIKE_BEYOND
    return part >= max(_FEWEST_BEYOND, _JUMPS[question] * whole)


def _judged(about: About, sums: Sums, earlier: Sequence[Sums]) -> Verdict | None:
    """How `sums` are beside those before; None where there is too little to say."""
    if about.question == "latency":
        return _of_latency(sums, earlier)
    part, whole = _share(about, sums)
    shares = [_share(about, each) for each in earlier]
    if about.question == "spike":
        parts = [each for each, _ in shares]
        # A template or tenant that was never there is new: somebody decided so. A country is not.
        is_new = about.side in ("template", "tenant") and not any(parts)
        usual, spread = _middle(parts)
        verdict = Verdict(part, 0, usual, spread)
        return None if is_new else replace(verdict, is_found=is_far("spike", verdict))
    return _of_share(about.question, part, whole, shares)


def _of_share(
    question: Question, part: int, whole: int, earlier: Sequence[tuple[int, int]]
) -> Verdict | None:
    shares = [each / of for each, of in earlier if of >= _FEWEST_BEFORE]
    if whole < _FEWEST_NOW:
        return None
    if len(shares) >= _FEWEST_PERIODS:
        usual, spread = _middle(shares)
    else:
        # Each alone says nothing: all together, with what chance did to them.
        of_all = sum(of for _, of in earlier)
        if of_all < _FEWEST_NOW:
            return None
        usual = sum(each for each, _ in earlier) / of_all
        spread = sqrt(max(usual, 1 / of_all) * (1 - usual) / of_all)
    verdict = Verdict(part, whole, usual * whole, spread * whole)
    return replace(verdict, is_found=is_far(question, verdict))


def _of_latency(sums: Sums, earlier: Sequence[Sums]) -> Verdict | None:
    """Of the share beyond the usual p95, where p95 is at least twice that."""
    known = [each for each in earlier if each.delivered >= _FEWEST_BEFORE]
    if len(known) < _FEWEST_PERIODS:
        return None
    usual = sorted(each.p95 for each in known)[len(known) // 2]
    usual_s = LATENCY_BOUNDS_S[usual]
    if LATENCY_BOUNDS_S[sums.p95] < 2 * usual_s:
        return _QUIET
    late, *before = ((sum(each.speeds[usual + 1 :]), each.delivered) for each in (sums, *known))
    verdict = _of_share("latency", *late, before)
    return replace(verdict, usual_s=usual_s) if verdict else None


def is_far(question: Question, verdict: Verdict, shift: float = 0.0) -> bool:
    """Whether it is far from usual, also where the rest moved by `shift`."""
    if not verdict.whole:
        expected = verdict.usual * max(1.0, shift)
        noise = sqrt(max(expected, 1.0) + verdict.spread**2)
        beyond = verdict.part - expected
        return (
            beyond >= _SPIKE_BEYOND
            and verdict.part >= _SPIKE_TIMES * expected
            and beyond >= _LIMIT * noise
        )
    expected = min(verdict.usual + max(0.0, shift) * verdict.whole, verdict.whole)
    # One in all of them at least: what never happened before may happen once.
    share = max(expected, 1.0) / verdict.whole
    noise = sqrt(verdict.whole * share * max(0.0, 1 - share) + verdict.spread**2)
    beyond = verdict.part - expected
    return (
        beyond >= _FEWEST_BEYOND
        and beyond >= _JUMPS[question] * verdict.whole
        and beyond >= _LIMIT * noise
    )


def _middle(figures: Sequence[float]) -> tuple[float, float]:
    """The median, and the MAD as a standard deviation."""
    usual = median(figures)
    return usual, _TO_SIGMA * median(abs(each - usual) for each in figures)


def _share(about: About, sums: Sums) -> tuple[int, int]:
    """The part that the question is about, and of how many."""
    number = sums.counts.get
    if about.question == "conversion":
        unverified = number("unverified", 0)
        return unverified, unverified + number("verified", 0)
    if about.question == "spike":
        return sums.requested, 0
    if about.question == "latency":
        return sums.delivered, sums.delivered
    part = number(f"{about.question}.{about.detail}", 0)
    return part, sums.sent + (sums.refused if about.question == "refused" else 0)


def _questions(side: Side, name: str, metrics: set[str]) -> Iterator[About]:
    """What is asked of a subject that has these metrics; first what is asked at any time."""
    if side == "calling_code":
        return
    yield About("spike", side, name)
    if side == "tenant":
        return
    yield About("conversion", side, name)
    if side != "template":
        yield About("latency", side, name)
    for code in codes_of("refused", metrics):
        yield About("refused", side, name, code)
    for code in codes_of("undelivered", metrics):
        yield About("undelivered", side, name, code)


def _is_weekend(view: View) -> bool:
    days = (view.start_ms + DAY_OFFSET_MS) // HOUR_MS // _DAY_HOURS
    return (days + _THURSDAY) % 7 >= 5
