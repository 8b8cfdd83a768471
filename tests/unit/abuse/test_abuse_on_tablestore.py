"""The rules over the real SDK and wire: what they cost, that they close, that they let go."""

from __future__ import annotations

import pytest

from shared.abuse.guard import AbuseGuard
from shared.abuse.model import (
    Burst,
    CountryConversion,
    Enumeration,
    PrefixConversion,
    RuleSet,
)
from shared.abuse.work import WorkChecker, solve
from shared.pseudonym import Pseudonyms
from shared.rollup.model import Figures
from shared.rollup.views import EVERYONE, View, start_of, view_change
from shared.rollup_wiring import watch_conversion
from shared.throttle.limits import counted_address
from tests.fakes.hands import HandClock
from tests.fakes.row_stores import rows_on
from tests.fakes.service import OtpService
from tests.localcloud.tablestore.tablestore_server import RunningTablestore
from tests.unit.abuse.test_proofs import puzzle_for
from tests.unit.abuse.traffic import number, outcome

NAMES = Pseudonyms(b"p" * 32)
GROUP = ("CN", "login", "sms", "shop")


def service(server: RunningTablestore, rules: RuleSet) -> OtpService:
    guard = AbuseGuard(NAMES, counted_address, rules, checker=WorkChecker(NAMES, bits=4))
    clock = HandClock(server.cloud.clock.now_ms())
    return OtpService(store=rows_on(server), clock=clock, guard=guard)


def trips(server: RunningTablestore) -> dict[str, int]:
    operations = server.cloud.meter.as_json()["operations"]
    return {str(each["operation"]): int(str(each["count"])) for each in operations}


@pytest.mark.usefixtures("no_proxies")
def test_all_rules_cost_no_round_trip(tablestore: RunningTablestore) -> None:
    enforced = RuleSet(
        Enumeration("enforce"),
        Burst("enforce"),
        PrefixConversion("enforce"),
        CountryConversion("enforce"),
    )
    otp = service(tablestore, enforced)

    issued = otp.request(client_ip="203.0.113.7", device_id="d")
    assert trips(tablestore) == {"BatchWriteRow": 2}
    assert otp.refuses(issued.challenge_id, otp.wrong_code())
    otp.verify(issued.challenge_id)
    assert trips(tablestore) == {"BatchWriteRow": 4}


@pytest.mark.usefixtures("no_proxies")
def test_a_block_closes_and_opens_again(tablestore: RunningTablestore) -> None:
    otp = service(tablestore, RuleSet(enumeration=Enumeration("enforce", close_s=600, limit=4)))

    outcomes = [outcome(otp, number(tail)) for tail in range(6)]
    otp.clock.advance(600)

    assert outcomes == ["sent"] * 4 + ["throttled"] * 2
    assert outcome(otp, number(9)) == "sent"


@pytest.mark.usefixtures("no_proxies")
def test_a_prefix_asks_for_proofs(tablestore: RunningTablestore) -> None:
    rule = PrefixConversion("enforce", "demand", min_sent=5)
    otp = service(tablestore, RuleSet(prefix_conversion=rule))
    for tail in range(5):
        otp.request(number(tail * 300))
    otp.clock.advance(900)
    otp.request(number(5000))

    puzzle = puzzle_for(otp, number(6000))

    otp.request(number(6000), proof=solve(puzzle))


@pytest.mark.usefixtures("no_proxies")
def test_a_watch_costs_a_read_and_what_is_news_two_more_and_a_write(
    tablestore: RunningTablestore,
) -> None:
    clock = HandClock(tablestore.cloud.clock.now_ms())
    store = rows_on(tablestore)
    watch = watch_conversion("", store=store, clock=clock)

    def cost() -> dict[str, int]:
        before = trips(tablestore)
        watch()
        return {name: count - before.get(name, 0) for name, count in trips(tablestore).items()}

    quiet = cost()
    figures = Figures({"unverified": 20})
    start_ms = start_of("hour", clock.now_ms())
    prefixes = {"+86138": figures}
    store.apply(
        [
            view_change(EVERYONE, View("hour", start_ms, {GROUP: figures}, prefixes)),
            view_change("shop", View("hour", start_ms, {(*GROUP[:3], ""): figures}, prefixes)),
        ]
    )
    news, known = cost(), cost()

    assert quiet == {"BatchGetRow": 1}
    assert news == {"BatchGetRow": 3, "BatchWriteRow": 1}
    assert known == {"BatchGetRow": 3, "BatchWriteRow": 0}
