"""Conversion in shadow, joined with the fold: codes are sent and typed, folded, and looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from shared.abuse.model import AbuseRules, PrefixConversion, RuleSet
from shared.abuse.watch import TOLD_ROW, WatchConversion
from shared.errors import StoreUnavailable
from shared.rollup.fold import FoldFigures
from shared.rollup_wiring import code_hours, then_watch
from shared.rows import Row, RowKey
from tests.fakes.hands import HandClock
from tests.fakes.memory_rows import MemoryRows
from tests.fakes.service import OtpService
from tests.unit.abuse.traffic import Told, number, only, subjects

PREFIX = PrefixConversion(min_sent=10, min_percent=20)
OVER_S = 361


@dataclass
class Desk:
    """Codes over one store, the fold that counts them, and the watch after it."""

    rules: RuleSet = field(default_factory=lambda: only(prefix_conversion=PREFIX))
    otp: OtpService = field(default_factory=OtpService)

    def fold(self) -> None:
        """One tick, by an instance of its own."""
        store, clock = self.otp.memory, self.otp.clock
        fold = FoldFigures(
            store=store, clock=clock, open_phone=lambda row: None, price_milli=lambda country: 0
        )
        watch = WatchConversion(
            rules=AbuseRules(self.rules), read_hours=code_hours(store), store=store, clock=clock
        )
        then_watch(fold, watch)()

    def send(self, count: int, *, typed: int = 0, block: str = "+861380013") -> None:
        for each in range(count):
            issued = self.otp.request(number(each * 37, block))
            if each < typed:
                self.otp.verify(issued.challenge_id)


def test_codes_count_once_their_life_is_over(told: Told) -> None:
    desk = Desk()
    desk.send(12)

    desk.fold()
    assert not told("abuse_decided")  # people are still typing

    desk.otp.clock.advance(OVER_S)
    desk.fold()
    assert subjects(told("abuse_decided")) == {("prefix_conversion", "shop", "+86138")}


def test_an_honest_prefix_is_never_told(told: Told) -> None:
    desk = Desk()
    for _ in range(4):
        desk.send(12, typed=9)
        desk.otp.clock.advance(900)
        desk.fold()

    assert told("figures_folded")
    assert not told("abuse_decided")


def test_a_country_falls_with_its_prefixes(told: Told) -> None:
    desk = Desk(RuleSet())
    for block in ("+861380013", "+861390013"):
        desk.send(11, block=block)
    desk.otp.clock.advance(OVER_S)

    desk.fold()

    events = [event for event in told("abuse_decided") if event["rule"] != "enumeration"]
    assert subjects(events) == {
        ("prefix_conversion", "shop", "+86138"),
        ("prefix_conversion", "shop", "+86139"),
        ("country_conversion", "shop", "CN"),
    }


@pytest.mark.parametrize(("hours", "times"), [(5, 1), (8, 0)])
def test_a_fold_that_stood_still_tells_what_its_window_still_shows(
    told: Told, hours: int, times: int
) -> None:
    desk = Desk()
    desk.send(12)
    desk.otp.clock.advance(hours * 3600)

    for _ in range(3):
        desk.fold()

    assert len(told("abuse_decided")) == times


class ForgetfulRows(MemoryRows):
    """Breaks where the watch keeps what it told."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error: Exception | None = error

    def read(self, keys: Sequence[RowKey]) -> list[Row | None]:
        if self.error and TOLD_ROW in keys:
            raise self.error
        return super().read(keys)


@pytest.mark.parametrize("error", [StoreUnavailable("scripted"), RuntimeError("a bug")])
def test_a_watch_that_fails_fails_no_fold_and_tells_later(told: Told, error: Exception) -> None:
    store = ForgetfulRows(error)
    desk = Desk(otp=OtpService(store=store))
    desk.send(12)
    desk.otp.clock.advance(OVER_S)

    desk.fold()
    assert told("figures_folded")
    assert not told("abuse_decided")
    assert bool(told("invocation_failed")) is isinstance(error, RuntimeError)

    store.error = None
    desk.fold()
    assert len(told("abuse_decided")) == 1


def test_a_fold_that_fails_is_not_looked_at(told: Told) -> None:
    desk = Desk()
    desk.send(12)
    desk.otp.clock.advance(OVER_S)
    desk.otp.memory.fail_next = 1

    with pytest.raises(StoreUnavailable):
        desk.fold()
    assert not told("abuse_decided")


def test_without_a_rule_in_shadow_the_fold_is_all_there_is() -> None:
    store, clock = MemoryRows(), HandClock()
    watch = WatchConversion(
        rules=AbuseRules(only()), read_hours=code_hours(store), store=store, clock=clock
    )

    def fold() -> None: ...

    assert then_watch(fold, watch) is fold
