"""What is told as unusual: each thing that goes wrong, once, and nothing of an honest month."""

from __future__ import annotations

import json
import random
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.rollup.anomalies import MOST, Anomaly, BudgetUse, Kind, find_anomalies
from shared.rollup.model import Cell, Figures
from shared.rollup.sides import Side
from shared.rollup.views import Span, View, length_ms, view_of

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
END_MS = 1_795_536_000_000  # midnight at UTC+8, of a Wednesday
PREFIXES = {
    "CN": ("+86134", "+86135", "+86136", "+86150", "+86176", "+86188"),
    "HK": ("+85251", "+85260", "+85291"),
    "ID": ("+6281", "+6285", "+6287"),
}
SHARES = {"CN": 0.8, "HK": 0.15, "ID": 0.05}
TEMPLATES = {"login": 0.6, "payment": 0.2, "ship_update": 0.2}
RHYTHM = (3, 2, 1, 1, 1, 2, 4, 7, 9, 11, 12, 11, 10, 10, 10, 10, 11, 11, 12, 13, 14, 12, 9, 5)
BOUNDS = ("1", "2", "5", "10", "20", "30", "60", "120")
SPEEDS = (0.05, 0.25, 0.4, 0.2, 0.06, 0.02, 0.01, 0.01)


@dataclass(frozen=True)
class Fate:
    """How it goes with the messages of a cell. slower: by how many bounds."""

    times: float = 1
    typed: float = 0.8
    refused: float = 0.003
    undelivered: float = 0.02
    slower: int = 0


Change = Callable[[Cell, int], Fate]
HONEST = Fate()


def honest(_: Cell, __: int) -> Fate:
    return HONEST


def of(side: Side, name: str, fate: Fate, *, since_ms: int, until_ms: int = END_MS) -> Change:
    """`fate` for some messages from since_ms to before until_ms."""

    def change(cell: Cell, start_ms: int) -> Fate:
        is_it = side == "all" or getattr(cell, side) == name
        return fate if is_it and since_ms <= start_ms < until_ms else HONEST

    return change


def drawn(chance: random.Random, of: int, share: float) -> int:
    """How many of `of` it happens to."""
    if of < 25:
        return sum(chance.random() < share for _ in range(of))
    return min(of, max(0, round(chance.gauss(of * share, (of * share * (1 - share)) ** 0.5))))


def poisson(chance: random.Random, mean: float) -> int:
    if mean >= 30:
        return max(0, round(chance.gauss(mean, mean**0.5)))
    count, left = 0, chance.expovariate(1)
    while left < mean:
        count, left = count + 1, left + chance.expovariate(1)
    return count


def figures(chance: random.Random, cell: Cell, requests: int, fate: Fate) -> Figures:
    counts = {"throttled.phone_minute": drawn(chance, requests, 0.02)}
    left = requests - counts["throttled.phone_minute"]
    counts["refused.isv.X"] = drawn(chance, left, fate.refused)
    sent = counts["accepted"] = left - counts["refused.isv.X"]
    counts["undelivered.MK:0001"] = drawn(chance, sent, fate.undelivered)
    counts["delivered"] = arriving = sent - counts["undelivered.MK:0001"]
    for place, share in enumerate(SPEEDS):
        part = drawn(chance, arriving, min(1.0, share / sum(SPEEDS[place:])))
        bound = BOUNDS[min(place + fate.slower, len(BOUNDS) - 1)]
        counts[f"latency.{bound}"] = counts.get(f"latency.{bound}", 0) + part
        arriving -= part
    if cell.template != "ship_update":
        counts["verified"] = drawn(chance, sent, fate.typed)
        counts["unverified"] = sent - counts["verified"]
    return Figures({metric: count for metric, count in counts.items() if count})


def views(
    seed: int, *, span: Span, count: int, a_day: int = 50_000, change: Change = honest
) -> list[View]:
    """`count` hours or days before END_MS: busy evenings, quiet weekends, and chance."""
    chance = random.Random(seed)
    found = []
    for start_ms in range(END_MS - count * length_ms(span), END_MS, length_ms(span)):
        days, hour = divmod(start_ms // HOUR_MS + 8, 24)
        level = a_day * (0.6 if (days + 3) % 7 >= 5 else 1) * chance.gauss(1, 0.05)
        level *= 1 if span == "day" else RHYTHM[hour] / sum(RHYTHM)
        mood = min(1.1, chance.gauss(1, 0.02))
        cells = []
        for country, prefixes in PREFIXES.items():
            for prefix in prefixes:
                for template, share in TEMPLATES.items():
                    cell = Cell("shop", template, country, prefix)
                    fate = change(cell, start_ms)
                    mean = level * SHARES[country] / len(prefixes) * share * fate.times
                    fate = replace(fate, typed=fate.typed * mood)
                    cells.append((cell, figures(chance, cell, poisson(chance, mean), fate)))
        found.append(view_of(cells, span=span, start_ms=start_ms, is_everyone=False))
    return found


@cache
def honest_hours() -> Sequence[View]:
    """Eight days."""
    return views(11, span="hour", count=192)


def last_day(change: Change) -> list[View]:
    """Those hours, with another last day."""
    return [*honest_hours()[:-24], *views(12, span="hour", count=24, change=change)]


def told(found: Sequence[Anomaly]) -> list[tuple[str, str, str]]:
    return [(each.kind, each.dimension, each.name) for each in found]


def flat(*counts: Mapping[str, int], prefix: str = "+86134") -> list[View]:
    """A day for each, of one cell."""
    cell = Cell("shop", "login", "CN", prefix)
    first_ms = END_MS - len(counts) * DAY_MS
    return [
        view_of([(cell, Figures(each))], span="day", start_ms=start_ms, is_everyone=False)
        for each, start_ms in zip(counts, range(first_ms, END_MS, DAY_MS), strict=True)
    ]


@given(seed=st.integers(0, 10**9), a_day=st.sampled_from([300, 3_000, 30_000, 300_000]))
@settings(max_examples=15, deadline=None)
def test_an_honest_month_by_day_is_quiet(seed: int, a_day: int) -> None:
    """As were 1,000 of them, 60 fortnights by hour, and 60 months of infra.seed."""
    month = views(seed, span="day", count=35, a_day=a_day)

    assert told(find_anomalies(month, now_ms=END_MS)) == []


@given(seed=st.integers(0, 10**9), a_day=st.sampled_from([3_000, 100_000]))
@settings(max_examples=2, deadline=None)
def test_an_honest_week_by_hour_is_quiet(seed: int, a_day: int) -> None:
    hours = views(seed, span="hour", count=8 * 24, a_day=a_day)

    assert told(find_anomalies(hours[96:], earlier=hours[:96], now_ms=END_MS)) == []


WRONG: list[tuple[Kind, Side, str, Fate]] = [
    ("conversion", "prefix", "+86176", Fate(typed=0.45)),
    ("conversion", "country", "HK", Fate(typed=0.5)),
    ("conversion", "all", "", Fate(typed=0.6)),
    ("refused", "template", "payment", Fate(refused=0.2)),
    ("refused", "all", "", Fate(refused=0.1)),
    ("undelivered", "template", "ship_update", Fate(undelivered=0.15)),
    ("undelivered", "prefix", "+86188", Fate(undelivered=0.4)),
    ("latency", "prefix", "+86135", Fate(slower=2)),
    ("latency", "all", "", Fate(slower=2)),
    ("spike", "prefix", "+6285", Fate(times=12)),
    ("spike", "country", "ID", Fate(times=8)),
    ("spike", "template", "payment", Fate(times=6)),
    ("spike", "all", "", Fate(times=4)),
]


@pytest.mark.parametrize(("kind", "side", "name", "fate"), WRONG)
@pytest.mark.parametrize("span", get_args(Span))
def test_what_goes_wrong_is_told_once_and_alone(
    kind: Kind, side: Side, name: str, fate: Fate, span: Span
) -> None:
    since_ms, until_ms = END_MS - DAY_MS, END_MS
    if span == "hour":  # an afternoon
        since_ms, until_ms = END_MS - 12 * HOUR_MS, END_MS - 4 * HOUR_MS
    change = of(side, name, fate, since_ms=since_ms, until_ms=until_ms)
    month = last_day(change) if span == "hour" else views(11, span=span, count=20, change=change)

    (one,) = find_anomalies(month[-24:], earlier=month[:-24], now_ms=END_MS)

    assert (one.kind, one.dimension, one.name) == (kind, side, name)
    assert (one.start_ms, one.end_ms, one.span) == (since_ms, until_ms, span)
    is_down = kind == "conversion"
    assert (one.figure < one.usual) == is_down


def test_an_anomaly_says_its_figure_and_the_usual_one() -> None:
    codes = [{"accepted": 100, "verified": 80, "unverified": 20}] * 9
    (one,) = find_anomalies(
        flat(*codes, {"accepted": 200, "verified": 60, "unverified": 140}), now_ms=END_MS
    )

    assert (one.figure, one.usual, one.count, one.excess) == (30, 80, 200, 100)
    assert one.values["figure"] == "30"
    # Of the smallest that are the same messages.
    assert (one.dimension, one.name) == ("prefix", "+86134")


def test_latency_is_told_in_seconds_within_which_most_arrive() -> None:
    usual = {"accepted": 100, "delivered": 100, "latency.5": 94, "latency.10": 3, "latency.60": 3}
    slow = {"accepted": 100, "delivered": 100, "latency.20": 94, "latency.60": 2, "latency.300": 4}
    slower = {**slow, "latency.20": 60, "latency.60": 40, "latency.300": 0}

    (one,) = find_anomalies(flat(*[usual] * 9, slow), now_ms=END_MS)
    assert (one.kind, one.figure, one.usual, one.count) == ("latency", 60, 10, 100)
    (one,) = find_anomalies(flat(*[usual] * 9, slow, slower), now_ms=END_MS)
    assert (one.figure, one.count, one.end_ms - one.start_ms) == (60, 200, 2 * DAY_MS)


def test_weekends_are_held_against_weekends() -> None:
    def month(last_sunday: int) -> list[View]:
        """Four weeks from a Wednesday."""
        quiet = [{"accepted": 100 if day % 7 in (3, 4) else 1_000} for day in range(28)]
        quiet[25] = {"unknown": last_sunday}
        return flat(*quiet)

    assert find_anomalies(month(110), now_ms=END_MS) == []
    (one,) = find_anomalies(month(700), now_ms=END_MS)
    assert (one.figure, one.usual, one.start_ms) == (700, 100, END_MS - 3 * DAY_MS)


def test_two_things_at_a_time_are_both_told_worst_first() -> None:
    since_ms = END_MS - DAY_MS
    both = (
        of("prefix", "+86176", Fate(typed=0.4), since_ms=since_ms),
        of("template", "ship_update", Fate(refused=0.1), since_ms=since_ms),
    )

    def change(cell: Cell, start_ms: int) -> Fate:
        return next((fate for each in both if (fate := each(cell, start_ms)) is not HONEST), HONEST)

    found = find_anomalies(views(3, span="day", count=20, change=change), now_ms=END_MS)

    assert told(found) == [
        ("conversion", "prefix", "+86176"),
        ("refused", "template", "ship_update"),
    ]


def test_an_earlier_anomaly_does_not_hide_a_later_one() -> None:
    before = of("country", "HK", Fate(typed=0.4), since_ms=END_MS - 9 * DAY_MS,
                until_ms=END_MS - 7 * DAY_MS)  # fmt: skip
    now = of("country", "HK", Fate(typed=0.4), since_ms=END_MS - DAY_MS)

    def change(cell: Cell, start_ms: int) -> Fate:
        early = before(cell, start_ms)
        return early if early is not HONEST else now(cell, start_ms)

    found = find_anomalies(views(5, span="day", count=25, change=change), now_ms=END_MS)

    assert told(found) == [("conversion", "country", "HK")] * 2


def test_days_too_small_to_tell_between_do_not_break_an_anomaly() -> None:
    codes = {"accepted": 100, "verified": 80, "unverified": 20}
    fallen, few = {"accepted": 100, "unverified": 100}, {"accepted": 9, "verified": 9}

    def told_of(*then: Mapping[str, int]) -> list[int]:
        found = find_anomalies(flat(*[codes] * 9, *then), now_ms=END_MS)
        return [(each.end_ms - each.start_ms) // DAY_MS for each in found]

    assert told_of(fallen, few, fallen) == [3]
    assert told_of(fallen, codes, fallen) == [1, 1]
    assert told_of(fallen, few, few, fallen) == [1, 1]


def test_four_days_must_be_known_before_anything_is_told() -> None:
    day, spike = {"accepted": 100}, {"accepted": 5_000}

    assert find_anomalies(flat(day, day, day, spike), now_ms=END_MS) == []
    assert find_anomalies(flat({}, {}, {}, day, day, day, spike), now_ms=END_MS) == []
    assert find_anomalies(flat(day, day, day, day, spike), now_ms=END_MS)


def test_views_before_are_held_against_but_not_told() -> None:
    day, spike = {"accepted": 100}, {"accepted": 5_000}
    month = flat(*[day] * 6, spike, day, day)

    assert find_anomalies(month[7:], earlier=month[:7], now_ms=END_MS) == []
    assert find_anomalies(month[6:], earlier=month[:6], now_ms=END_MS)


def test_a_country_that_was_never_sent_to_is_a_spike_and_a_new_template_is_none() -> None:
    month = flat(*[{"accepted": 1_000}] * 9)
    for cell, kinds in (
        (Cell("shop", "login", "LV", "+37120"), [("spike", "prefix", "+37120")]),
        (Cell("shop", "news", "CN", "+86134"), []),
    ):
        new = view_of([(cell, Figures({"accepted": 300}))], span="day",
                      start_ms=month[-1].start_ms, is_everyone=False)  # fmt: skip
        assert told(find_anomalies([*month[:-1], month[-1].plus(new)], now_ms=END_MS)) == kinds


def test_of_a_day_that_is_not_over_only_requests_are_told() -> None:
    usual = [{"accepted": 1_000, "verified": 800, "unverified": 200}] * 9
    night = {"accepted": 300, "verified": 100, "unverified": 200}

    assert find_anomalies(flat(*usual, night), now_ms=END_MS - 1) == []
    assert find_anomalies(flat(*usual, night), now_ms=END_MS)
    (one,) = find_anomalies(flat(*usual, {"accepted": 4_000}), now_ms=END_MS - 1)
    assert one.kind == "spike"


def test_receipts_that_are_still_to_come_make_no_anomaly() -> None:
    hours = honest_hours()
    last = hours[-1]

    def young(figures: Figures) -> Figures:
        """Five minutes old: few codes are over, fast receipts are here, failures are not."""
        counts = figures.counts
        kept = {"accepted": counts.get("accepted", 0), "verified": counts.get("verified", 0) // 9}
        kept["unverified"] = counts.get("unverified", 0) // 9
        kept["delivered"] = kept["latency.5"] = counts.get("latency.5", 0)
        return Figures(kept)

    now = View(
        "hour",
        last.start_ms,
        {key: young(each) for key, each in last.groups.items()},
        {key: young(each) for key, each in last.prefixes.items()},
    )

    assert find_anomalies([*hours[:-1], now], now_ms=END_MS - 55 * 60_000) == []


def test_at_most_twenty_are_told_and_always_in_the_same_order() -> None:
    def many(size: int) -> list[tuple[Cell, Figures]]:
        return [
            (Cell("shop", f"t{number}", "CN", "+86134"), Figures({"accepted": 100, **extra}))
            for number in range(40)
            for extra in [{f"undelivered.X{number}": size}]
        ]

    month = [
        view_of(many(50 if day == 9 else 0), span="day", start_ms=END_MS - (10 - day) * DAY_MS,
                is_everyone=False)
        for day in range(10)
    ]  # fmt: skip
    found = find_anomalies(month, now_ms=END_MS)

    assert len(found) == MOST
    assert all(a.excess >= b.excess for a, b in pairwise(found))
    shuffled = [
        View(each.span, each.start_ms, dict(list(each.groups.items())[::-1]), each.prefixes)
        for each in month
    ]
    assert find_anomalies(shuffled, now_ms=END_MS) == found


NOVEMBER_MS = 1_793_462_400_000  # 2026-11-01 00:00 at UTC+8


@pytest.mark.parametrize(
    ("days", "spent", "day"),
    [
        (10, 300, None),
        (10, 333, None),
        (10, 400, "2026-11-26"),
        (0.5, 90, None),  # a busy morning, counted as three days
        (0.5, 300, "2026-11-08"),
        (20, 1_000, "2026-11-21"),
        (29, 1_200, "2026-11-30"),
        (10, 0, None),
    ],
)
def test_a_budget_is_told_that_ends_before_its_month(
    days: float, spent: int, day: str | None
) -> None:
    now_ms = NOVEMBER_MS + round(days * DAY_MS)
    found = find_anomalies([], budgets=[BudgetUse("shop", spent, 1_000)], now_ms=now_ms)

    assert [each.values["day"] for each in found] == ([day] if day else [])


def test_budgets_come_first_and_one_of_nothing_is_none() -> None:
    codes = [{"accepted": 100}] * 9
    budgets = [BudgetUse("small", 10, 0), BudgetUse("a", 500, 1_000), BudgetUse("b", 900, 1_000)]
    now_ms = NOVEMBER_MS + 10 * DAY_MS
    month = [replace(each, start_ms=each.start_ms + now_ms - END_MS)
             for each in flat(*codes, {"accepted": 9_000})]  # fmt: skip

    found = find_anomalies(month, budgets=budgets, now_ms=now_ms)

    assert told(found)[:2] == [("budget", "tenant", "b"), ("budget", "tenant", "a")]
    assert found[0].figure == pytest.approx(270)
    assert found[2].kind == "spike"


WORDS = Path(__file__).resolve().parents[3] / "shared" / "console" / "words"


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def words(locale: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((WORDS / f"anomalies.{locale}.json").read_text("utf-8"))
    return found


def all_kinds() -> Iterator[Anomaly]:
    for kind in get_args(Kind):
        yield Anomaly(kind, "all", "", 0, 1, "hour", figure=1.25, usual=4_000.0, detail="X")


def test_every_kind_has_its_words_in_both_languages() -> None:
    english, chinese = words("en"), words("zh")

    assert {key: places(text) for key, text in english.items()} == {
        key: places(text) for key, text in chinese.items()
    }
    for each in all_kinds():
        assert english[each.word].format(subject="s", **each.values)
        assert places(english[f"{each.word}.look"]) == set()
        assert english[f"anomaly.kind.{each.kind}"]
    for side in get_args(Side):
        assert (f"anomaly.subject.{side}" in english) == (side != "calling_code")


def test_figures_are_shown_as_short_as_they_are_clear() -> None:
    one = Anomaly("refused", "all", "", 0, 1, "hour", figure=0.25, usual=12_345.6, count=9_000)

    assert (one.values["figure"], one.values["usual"], one.values["count"]) == (
        "0.2",
        "12,346",
        "9,000",
    )
