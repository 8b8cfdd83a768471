"""Rules of conversion in shadow, judged by figures that are kept anyway: no request and no verify
pays for them, and what the figures know of all instances they know.

The figures have codes whose life is over, by the hour in which they were sent. So nobody who is
still typing is looked at, and a window is as many whole hours as it takes, and the one that is not
over. What they have instead of blocks are carrier prefixes (`+86138`), which are coarser: a block
that falls where many others of its prefix are honest is found by an enforced rule alone.

A decision is told once for as long as its answer would have held. One row remembers that, so that
it outlives the instance: read where a rule is broken, written where there is something to tell.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from shared.abuse.conversion import scope_of
from shared.abuse.decision import Subject, log_decision
from shared.abuse.gate import Finding
from shared.abuse.model import AbuseRules, Conversion, CountryConversion, RuleSet
from shared.clock import Clock
from shared.rows import Row, RowChange, RowKey, RowStore

EVERYONE = "*"
TOLD_ROW = RowKey("conversion:told", "shadow")
"""Until when each decision that was told would have held, as JSON by its name."""
MOST_DECISIONS = 100
"""Told in one run, those with the most codes that nobody typed first; the next run goes on."""
_HOUR_MS = 3_600_000
_NOT_KNOWN = "ZZ"

_Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Ended:
    """Codes whose life is over, and those of them that were typed."""

    sent: int = 0
    typed: int = 0

    @property
    def untyped(self) -> int:
        """The others."""
        return self.sent - self.typed

    def plus(self, other: Ended) -> Ended:
        """Both together."""
        return Ended(self.sent + other.sent, self.typed + other.typed)

    def less(self, part: Ended) -> Ended:
        """These without some of them."""
        return Ended(self.sent - part.sent, self.typed - part.typed)


@dataclass(frozen=True, slots=True)
class CodeHour:
    """The codes that were sent in one hour, as far as their life is over: by (tenant, country), and
    by carrier prefix.
    """

    countries: Mapping[tuple[str, str], Ended] = field(default_factory=dict)
    prefixes: Mapping[str, Ended] = field(default_factory=dict)


ReadHours = Callable[[Collection[str], range], Mapping[str, Sequence[CodeHour]]]
"""The codes of tenants, `*` being all of them, in each of some hours (since the epoch)."""


class WatchConversion:
    """Tells what rules in shadow would have done by now. Call it after each fold.

    Raises StoreUnavailable; then the next run tells what this one may not have told. Cost: one
    reading of everyone's hours; one of the hours of tenants with as many codes that nobody typed as
    could break a rule for a prefix; one of what was told, and one write, if there is news.
    """

    def __init__(
        self, *, rules: AbuseRules, read_hours: ReadHours, store: RowStore, clock: Clock
    ) -> None:
        self._rules = rules
        self._read_hours = read_hours
        self._store = store
        self._clock = clock

    @property
    def is_needed(self) -> bool:
        """False where no rule of conversion is in shadow."""
        return bool(self._watched)

    def __call__(self) -> None:
        """One run."""
        now_ms = self._clock.now_ms()
        found = {_name_of(*each): each for each in self._found(now_ms // _HOUR_MS)}
        if not found:
            return
        (row,) = self._store.read([TOLD_ROW])
        told = {name: until_ms for name, until_ms in _told_in(row).items() if until_ms > now_ms}
        news = sorted(found.keys() - told.keys(), key=lambda name: (-_untyped(found[name]), name))
        if not news:
            return
        for name in news[:MOST_DECISIONS]:
            finding, subject = found[name]
            log_decision(finding, subject, close_s=finding.rule.close_s)
            told[name] = now_ms + finding.rule.close_s * 1000
        self._store.apply([RowChange(TOLD_ROW, puts={"told": json.dumps(told)})])

    @property
    def _watched(self) -> list[Conversion]:
        """The rules in shadow, each once."""
        rules = (rule for rules in self._rules.sets for rule in rules.conversions)
        return list(dict.fromkeys(rule for rule in rules if rule.mode == "shadow"))

    def _found(self, now_hour: int) -> Iterator[tuple[Finding, Subject]]:
        """What breaks a rule in the hours up to this one."""
        longest = max(map(_hours_of, self._watched))
        of_all = self._read_hours([EVERYONE], range(now_hour - longest, now_hour + 1))[EVERYONE]
        for rule in self._watched:
            hours = range(now_hour - _hours_of(rule), now_hour + 1)
            everyone = of_all[-len(hours) :]
            is_country = isinstance(rule, CountryConversion)
            counted = (
                self._countries(rule, everyone)
                if is_country
                else self._prefixes(rule, everyone, hours)
            )
            for (scope, place), ended in counted.items():
                if rule.is_broken(sent=ended.sent, typed=ended.typed):
                    percent = ended.typed * 100 // ended.sent
                    finding = Finding(rule, ended.sent, percent, rule.min_percent)
                    country, prefix = (place, None) if is_country else (_NOT_KNOWN, place)
                    yield finding, Subject(scope, country, prefix)

    def _countries(self, rule: Conversion, everyone: Sequence[CodeHour]) -> dict[_Place, Ended]:
        """By whose sends are one subject, and country."""
        totals: dict[_Place, Ended] = {}
        for hour in everyone:
            for (tenant, country), ended in hour.countries.items():
                if _looks_at(self._rules.of(tenant), rule):
                    place = (scope_of(rule, tenant), country)
                    totals[place] = totals.get(place, Ended()).plus(ended)
        return totals

    def _prefixes(
        self, rule: Conversion, everyone: Sequence[CodeHour], hours: range
    ) -> dict[_Place, Ended]:
        """By whose sends are one subject, and prefix."""
        if rule.of == "tenant":
            own = self._by_prefix(self._suspects(rule, everyone), hours)
            return {
                (tenant, prefix): ended for tenant in own for prefix, ended in own[tenant].items()
            }
        # Tenants that have rules of their own may look elsewhere, or at everybody's alone.
        is_common = _looks_at(self._rules.common, rule)
        others = [
            tenant
            for tenant, own in self._rules.tenants.items()
            if _looks_at(own, rule) != is_common
        ]
        totals = _added(everyone) if is_common else {}
        for prefixes in self._by_prefix(others, hours).values():
            for prefix, ended in prefixes.items():
                total = totals.get(prefix, Ended())
                totals[prefix] = total.less(ended) if is_common else total.plus(ended)
        return {(EVERYONE, prefix): ended for prefix, ended in totals.items()}

    def _suspects(self, rule: Conversion, everyone: Sequence[CodeHour]) -> list[str]:
        """Tenants whose codes could break the rule, if all that nobody typed had one prefix."""
        untyped: Counter[str] = Counter()
        for (tenant, _), ended in self._countries(rule, everyone).items():
            untyped[tenant] += ended.untyped
        enough = rule.min_sent * (100 - rule.min_percent)
        return [tenant for tenant, count in untyped.items() if count * 100 > enough]

    def _by_prefix(self, tenants: Sequence[str], hours: range) -> dict[str, dict[str, Ended]]:
        read = self._read_hours(tenants, hours) if tenants else {}
        return {tenant: _added(own) for tenant, own in read.items()}


def _added(hours: Sequence[CodeHour]) -> dict[str, Ended]:
    """Some hours' codes by prefix."""
    totals: dict[str, Ended] = {}
    for hour in hours:
        for prefix, ended in hour.prefixes.items():
            totals[prefix] = totals.get(prefix, Ended()).plus(ended)
    return totals


def _looks_at(own: RuleSet, rule: Conversion) -> bool:
    """Whether the codes of whoever has these rules count for `rule`."""
    (like,) = (each for each in own.conversions if each.name == rule.name)
    return like == rule if rule.of == "tenant" else like.is_on and like.of == "all"


def _hours_of(rule: Conversion) -> int:
    """The whole hours of its window."""
    return -(-rule.window_s * 1000 // _HOUR_MS)


def _name_of(finding: Finding, subject: Subject) -> str:
    return f"{finding.rule.name}:{subject.tenant}:{subject.prefix or subject.country}"


def _untyped(found: tuple[Finding, Subject]) -> int:
    finding, _ = found
    return finding.sent * (100 - finding.figure)


def _told_in(row: Row | None) -> dict[str, int]:
    """Until when each decision that was told holds."""
    told: dict[str, int] = json.loads(str((row or {}).get("told", "{}")))
    return told
