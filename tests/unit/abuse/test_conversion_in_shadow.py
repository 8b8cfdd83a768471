"""Conversion in shadow, by figures that are stated: what is told, of whom, and when again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from shared.abuse.model import (
    AbuseRules,
    Conversion,
    CountryConversion,
    Mode,
    PrefixConversion,
    RuleSet,
    Scope,
)
from shared.abuse.watch import (
    EVERYONE,
    MOST_DECISIONS,
    CodeHour,
    Ended,
    WatchConversion,
)
from tests.fakes.hands import HandClock
from tests.fakes.memory_rows import MemoryRows
from tests.unit.abuse.traffic import Told, only, subjects

HOUR = 500_000
"""That of a HandClock, which starts with it."""
PREFIX = PrefixConversion(min_sent=10, min_percent=20, window_s=6 * 3600, close_s=3600)
COUNTRY = CountryConversion(min_sent=20, min_percent=30, window_s=3600, close_s=1800)


@dataclass
class Watched:
    """A watch over figures that are stated. reads: whose hours were asked for, and how many."""

    rules: AbuseRules
    store: MemoryRows = field(default_factory=MemoryRows)
    clock: HandClock = field(default_factory=HandClock)
    codes: list[tuple[str, str, str, int, Ended]] = field(default_factory=list)
    reads: list[tuple[tuple[str, ...], int]] = field(default_factory=list)

    def count(
        self,
        sent: int,
        typed: int = 0,
        *,
        prefix: str = "+86138",
        country: str = "CN",
        tenant: str = "shop",
        hour: int = HOUR,
    ) -> None:
        """Codes whose life is over."""
        self.codes.append((tenant, country, prefix, hour, Ended(sent, typed)))

    def look(self) -> None:
        """One run, by an instance that knows nothing of the others."""
        WatchConversion(
            rules=self.rules, read_hours=self._read, store=self.store, clock=self.clock
        )()

    def _read(self, tenants: Collection[str], hours: range) -> Mapping[str, Sequence[CodeHour]]:
        self.reads.append((tuple(tenants), len(hours)))
        return {tenant: [self._hour(tenant, hour) for hour in hours] for tenant in tenants}

    def _hour(self, whose: str, hour: int) -> CodeHour:
        countries: dict[tuple[str, str], Ended] = {}
        prefixes: dict[str, Ended] = {}
        for tenant, country, prefix, at, ended in self.codes:
            if at == hour and whose in (tenant, EVERYONE):
                place = (tenant, country)
                countries[place] = countries.get(place, Ended()).plus(ended)
                prefixes[prefix] = prefixes.get(prefix, Ended()).plus(ended)
        return CodeHour(countries, prefixes)


def watched(*rules: Conversion, **tenants: RuleSet) -> Watched:
    return Watched(AbuseRules(only(**{rule.name: rule for rule in rules}), tenants))


def test_a_prefix_that_falls_is_told_once_with_its_figures(told: Told) -> None:
    watch = watched(PREFIX)
    watch.count(10, typed=1)

    for _ in range(59):
        watch.look()
        watch.clock.advance(60)

    (event,) = told("abuse_decided")
    assert event == {
        "rule": "prefix_conversion",
        "mode": "shadow",
        "answer": "close",
        "tenant": "shop",
        "country": "ZZ",
        "prefix_id": "+86138",
        "is_one_address": False,
        "sent": 10,
        "figure": 10,
        "threshold": 20,
        "close_s": 3600,
    }


def test_what_goes_on_is_told_again_when_the_answer_would_have_ended(told: Told) -> None:
    watch = watched(PREFIX)
    watch.count(10)
    watch.look()

    watch.clock.advance(3599)
    watch.look()
    assert len(told("abuse_decided")) == 1

    watch.clock.advance(1)
    watch.look()
    assert len(told("abuse_decided")) == 2


@pytest.mark.parametrize(
    ("sent", "typed", "is_told"),
    [(10, 1, True), (10, 2, False), (9, 0, False), (1000, 199, True), (1000, 200, False)],
)
def test_thresholds_are_the_rules(told: Told, sent: int, typed: int, is_told: bool) -> None:
    watch = watched(PREFIX)
    watch.count(sent, typed)

    watch.look()

    assert bool(told("abuse_decided")) is is_told


@pytest.mark.parametrize(
    ("rule", "age_hours", "is_told"),
    [
        (PREFIX, 6, True),
        (PREFIX, 7, False),
        (replace(PREFIX, window_s=6 * 3600 + 1), 7, True),
        (replace(PREFIX, window_s=600), 1, True),
        (replace(PREFIX, window_s=600), 2, False),
        (replace(PREFIX, window_s=86_400), 24, True),
        (replace(PREFIX, window_s=86_400), 25, False),
        (replace(COUNTRY, min_sent=10), 1, True),
        (replace(COUNTRY, min_sent=10), 2, False),
    ],
)
def test_a_window_is_whole_hours_and_the_one_that_is_not_over(
    told: Told, rule: Conversion, age_hours: int, is_told: bool
) -> None:
    watch = watched(rule)
    watch.clock.advance(3599)
    watch.count(10, hour=HOUR - age_hours)

    watch.look()

    assert bool(told("abuse_decided")) is is_told


def test_each_rule_has_its_own_window(told: Told) -> None:
    watch = watched(PREFIX, COUNTRY)
    watch.count(30, hour=HOUR - 3)

    watch.look()

    assert subjects(told("abuse_decided")) == {("prefix_conversion", "shop", "+86138")}


def test_a_country_is_told_of_each_tenant(told: Told) -> None:
    watch = watched(COUNTRY)
    watch.count(20, prefix="+99450", country="AZ")
    watch.count(20, tenant="bank", typed=18, prefix="+99450", country="AZ")
    watch.count(10, prefix="+86138", tenant="bank")
    watch.count(10, prefix="+86139", tenant="bank")

    watch.look()

    assert subjects(told("abuse_decided")) == {
        ("country_conversion", "shop", "AZ"),
        ("country_conversion", "bank", "CN"),
    }


@pytest.mark.parametrize(
    ("scope", "expected"), [("tenant", set()), ("all", {("prefix_conversion", "*", "+86138")})]
)
def test_tenants_are_looked_at_alone_or_together(
    told: Told, scope: Scope, expected: set[object]
) -> None:
    watch = watched(replace(PREFIX, of=scope))
    watch.count(6)
    watch.count(6, tenant="bank")

    watch.look()

    assert subjects(told("abuse_decided")) == expected


@pytest.mark.parametrize("rule", [PREFIX, COUNTRY])
def test_a_tenant_that_verifies_elsewhere_counts_nowhere(told: Told, rule: Conversion) -> None:
    """Nor among everyone: its codes are never typed here."""
    watch = watched(
        replace(rule, of="all"), elsewhere=only(**{rule.name: replace(rule, mode="off")})
    )
    watch.count(1000, tenant="elsewhere")
    watch.count(100, typed=80)

    watch.look()

    assert not told("abuse_decided")


@pytest.mark.parametrize("rule", [PREFIX, COUNTRY])
def test_a_tenant_may_have_a_rule_of_its_own(told: Told, rule: Conversion) -> None:
    watch = watched(rule, strict=only(**{rule.name: replace(rule, min_percent=90)}))
    watch.count(100, typed=80)
    watch.count(100, typed=80, tenant="strict")

    watch.look()

    (event,) = told("abuse_decided")
    assert (event["tenant"], event["threshold"]) == ("strict", 90)


def test_some_tenants_may_be_looked_at_together(told: Told) -> None:
    of_all = only(prefix_conversion=replace(PREFIX, of="all"))
    watch = watched(PREFIX, one=of_all, two=of_all)
    for tenant in ("one", "two", "shop"):
        watch.count(6, tenant=tenant)

    watch.look()

    (event,) = told("abuse_decided")
    assert (event["tenant"], event["sent"]) == ("*", 12)


@pytest.mark.parametrize("mode", ["off", "enforce"])
def test_only_rules_in_shadow_are_watched(told: Told, mode: Mode) -> None:
    watch = watched(replace(PREFIX, mode=mode), shadow=only(country_conversion=COUNTRY))
    watch.count(100)

    watch.look()

    assert not told("abuse_decided")


def test_a_flood_of_decisions_is_told_bit_by_bit_the_worst_first(told: Told) -> None:
    watch = watched(PREFIX)
    for each in range(MOST_DECISIONS + 20):
        watch.count(10 + each, prefix=f"+4{each:03d}")

    watch.look()
    assert len(told("abuse_decided")) == MOST_DECISIONS
    assert told("abuse_decided")[0]["sent"] == 10 + MOST_DECISIONS + 19

    watch.look()
    watch.look()
    assert len(told("abuse_decided")) == MOST_DECISIONS + 20


def test_what_is_told_costs_one_write_and_what_is_known_none(told: Told) -> None:
    watch = watched(PREFIX, COUNTRY)
    watch.look()
    assert watch.store.trips == 0
    watch.count(50)

    watch.look()
    assert watch.store.trips == 2
    watch.look()
    assert watch.store.trips == 3
    assert len(told("abuse_decided")) == 2


def test_tenants_whose_codes_are_typed_are_not_read() -> None:
    watch = watched(PREFIX, COUNTRY)
    watch.count(40, typed=32, tenant="honest")
    watch.count(40, typed=31, tenant="suspect")

    watch.look()

    assert watch.reads == [((EVERYONE,), 7), (("suspect",), 7)]
