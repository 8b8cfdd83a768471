"""SMS pumping, mixed into honest traffic: python -m tests.bench.attack [HOURS [SEED]]

Replays each attack through the real use cases, over a store in memory and a clock moved by hand:
with the rules off, in shadow, and enforced with either answer. Where rules are in shadow the fold
runs as well, each minute, since it judges those of conversion. Everything is drawn from seeds: the
same command prints the same table. What the traffic is like is invented, and stated below; numbers
are generated at random, and nothing is sent to anybody.

Over 300 lines, as what the traffic is like and how it is replayed are to be read together.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from shared.abuse.guard import AbuseGuard
from shared.abuse.model import (
    AbuseRules,
    Answer,
    Burst,
    CountryConversion,
    Enumeration,
    Mode,
    PrefixConversion,
    RuleSet,
)
from shared.abuse.watch import WatchConversion
from shared.abuse.work import WorkChecker, solve
from shared.errors import OtpInvalid, PhoneInvalid, ProofRequired, SesameError
from shared.phone_parser import parse_phone
from shared.pseudonym import Pseudonyms
from shared.rollup.fold import FoldFigures
from shared.rollup_wiring import code_hours, then_watch
from shared.throttle.limits import counted_address
from tests.fakes.service import OtpService

SEED = 20
HOURS = 6
HONEST_AN_HOUR = 1_200
PATIENCE_S = 120
FOLD_S, CODE_OVER_S = 60, 600
# Prefixes by share of honest people: large countries and small ones, the attacked among them.
COUNTRIES = (
    (50, ("+86138", "+86139", "+86150", "+86187")),
    (10, ("+62812", "+62813")),
    (8, ("+4479", "+4477")),
    (8, ("+55119",)),
    (8, ("+91987", "+91981")),
    (6, ("+3361", "+3367")),
    (6, ("+37259", "+3725")),
    (2, ("+99450", "+99455")),
    (2, ("+2162", "+2165")),
)
LENGTHS = {"+86": 14, "+62": 14, "+44": 13, "+55": 14, "+91": 13, "+33": 12}
LENGTHS |= {"+372": 12, "+994": 13, "+216": 12}


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody asks for a code at `at_s`. types_in_s: when the code is typed, None for never;
    guesses: types a made-up one instead.
    """

    at_s: float
    phone: str
    client_ip: str
    is_fraud: bool
    types_in_s: float | None = None
    resends: bool = False
    guesses: bool = False


@dataclass(slots=True)
class Outcome:
    """What became of one replay. Fraud is counted in messages, honest people as people."""

    fraud_tried: int = 0
    fraud_sent: int = 0
    people: int = 0
    hurt: int = 0
    asked: int = 0
    decisions: Counter[str] = field(default_factory=Counter)


# --- traffic --------------------------------------------------------------------------------------


def honest(hours: float, seed: int) -> Iterator[Wish]:
    """People of many countries. Of a hundred, 84 type their code within a minute, 9 have it sent
    again first, 7 never type it. Each hour a firm of eight with successive numbers signs up from
    one address within five minutes.
    """
    chance = random.Random(seed)
    for _ in range(round(HONEST_AN_HOUR * hours)):
        (prefixes,) = chance.choices([p for _, p in COUNTRIES], [share for share, _ in COUNTRIES])
        kind = chance.random()
        yield Wish(
            at_s=chance.uniform(0, hours * 3600),
            phone=_number(chance, chance.choice(prefixes)),
            client_ip=_address(chance),
            is_fraud=False,
            types_in_s=None if kind < 0.07 else chance.uniform(5, 60),
            resends=0.07 <= kind < 0.16,
        )
    for hour in range(int(hours)):
        first, start_s, address = _number(chance, "+86150"), hour * 3600 + 900, _address(chance)
        for each in range(8):
            yield Wish(
                start_s + chance.uniform(0, 300),
                f"{first[:-2]}{20 + each}",
                address,
                False,
                chance.uniform(5, 60),
            )


def pumping(hours: float, seed: int) -> Iterator[Wish]:
    """Two a second for twenty minutes, from everywhere, to four dear blocks."""
    chance = random.Random(seed + 1)
    blocks = [_number(chance, "+99450")[:-4] for _ in range(4)]
    for each in range(2_400):
        phone = f"{chance.choice(blocks)}{chance.randrange(10_000):04d}"
        yield Wish(3600 + each / 2, phone, _address(chance), True)


def guessing(hours: float, seed: int) -> Iterator[Wish]:
    """The same, and each code is guessed at, to look like people."""
    for wish in pumping(hours, seed):
        yield Wish(wish.at_s, wish.phone, wish.client_ip, True, 20, guesses=True)


def sequential(hours: float, seed: int) -> Iterator[Wish]:
    """Number after number, every three seconds, by ten addresses in turn."""
    chance = random.Random(seed + 2)
    first = int(_number(chance, "+86187")[1:-4]) * 10_000
    addresses = [_address(chance) for _ in range(10)]
    for each in range(600):
        yield Wish(3600 + each * 3, f"+{first + each}", addresses[each % 10], True)


def scattered(hours: float, seed: int) -> Iterator[Wish]:
    """One a second for an hour, each to another block of a country that people live in, and from
    another address.
    """
    chance = random.Random(seed + 3)
    for each in range(3_600):
        yield Wish(3600 + each, _number(chance, "+62812"), _address(chance), True)


def slow(hours: float, seed: int) -> Iterator[Wish]:
    """One every thirty seconds, all day, to twenty blocks of a small country."""
    chance = random.Random(seed + 4)
    blocks = [_number(chance, "+2162")[:-4] for _ in range(20)]
    for each in range(int(hours * 120)):
        phone = f"{chance.choice(blocks)}{chance.randrange(10_000):04d}"
        yield Wish(each * 30, phone, _address(chance), True)


Attack = Callable[[float, int], Iterator[Wish]]
ATTACKS: dict[str, Attack] = {
    each.__name__: each for each in (pumping, guessing, sequential, scattered, slow)
}


def _number(chance: random.Random, prefix: str) -> str:
    """A valid number that begins so, ending in four digits that leave room for neighbours."""
    (length,) = (size for code, size in LENGTHS.items() if prefix.startswith(code))
    while True:
        text = prefix + "".join(chance.choices("0123456789", k=length - len(prefix)))
        try:
            return parse_phone(text).e164
        except PhoneInvalid:
            continue


def _address(chance: random.Random) -> str:
    return f"198.{chance.randrange(18, 20)}.{chance.randrange(256)}.{chance.randrange(1, 255)}"


# --- replay ---------------------------------------------------------------------------------------


def rules(mode: Mode, answer: Answer = "close") -> RuleSet:
    """The rules as they are shipped, in one mode."""
    return RuleSet(
        enumeration=Enumeration(mode, answer),
        burst=Burst(mode, answer),
        prefix_conversion=PrefixConversion(mode, answer),
        country_conversion=CountryConversion(mode, answer),
    )


class Replay:
    """One attack among honest people, under one set of rules."""

    def __init__(self, wishes: list[Wish], rule_set: RuleSet) -> None:
        pseudonyms = Pseudonyms(b"p" * 32)
        # Fewer bits than shipped: the replay only has to tell who would have solved the puzzle.
        guard = AbuseGuard(
            pseudonyms, counted_address, rule_set, checker=WorkChecker(pseudonyms, bits=4)
        )
        self._otp = OtpService(guard=guard)
        self._start_ms = self._otp.clock.now_ms()
        self._turn = itertools.count()
        self._waiting: list[tuple[float, int, Callable[[], None]]] = []
        self.outcome = Outcome()
        watch = WatchConversion(
            rules=AbuseRules(rule_set),
            read_hours=code_hours(self._otp.store),
            store=self._otp.store,
            clock=self._otp.clock,
        )
        if watch.is_needed:
            fold = FoldFigures(
                store=self._otp.store,
                clock=self._otp.clock,
                open_phone=lambda row: None,
                price_milli=lambda country: 0,
            )
            last_s = int(max(wish.at_s for wish in wishes)) + CODE_OVER_S
            for at_s in range(FOLD_S, last_s, FOLD_S):
                self._at(at_s, then_watch(fold, watch))
        for wish in wishes:
            self._at(wish.at_s, lambda wish=wish: self._ask(wish))  # type: ignore[misc]
        self.outcome.people = sum(not wish.is_fraud for wish in wishes)
        self.outcome.fraud_tried = sum(wish.is_fraud for wish in wishes)

    def run(self) -> Outcome:
        """Everything in order of time."""
        with _counting(self.outcome.decisions):
            while self._waiting:
                at_s, _, act = heapq.heappop(self._waiting)
                self._otp.clock.advance(max(0.0, at_s - self._now_s))
                act()
        return self.outcome

    def _at(self, at_s: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._waiting, (at_s, next(self._turn), act))

    def _ask(self, wish: Wish, *, is_second: bool = False, proof: str | None = None) -> None:
        try:
            issued = self._otp.request(wish.phone, client_ip=wish.client_ip, proof=proof)
        except ProofRequired as demanded:
            if not wish.is_fraud:  # an app solves it; whoever pumps does not pay for it
                self.outcome.asked += 1
                self._ask(wish, is_second=is_second, proof=solve(demanded.puzzle))
            return
        except SesameError as error:
            wait_s = error.retry_after_s or 0
            if not wish.is_fraud and not is_second and wait_s <= PATIENCE_S:
                self._at(self._now_s + wait_s, lambda: self._ask(wish, is_second=True))
            else:
                self.outcome.hurt += not wish.is_fraud
            return
        self.outcome.fraud_sent += wish.is_fraud
        if wish.types_in_s is None:
            return
        code = "000000" if wish.guesses else self._otp.sender.last_code
        later_s = self._now_s + wish.types_in_s
        if wish.resends:
            self._at(self._now_s + 70, lambda: self._resend(wish, issued.challenge_id))
            later_s += 70
        self._at(later_s, lambda: self._type(issued.challenge_id, code))

    def _resend(self, wish: Wish, challenge_id: str) -> None:
        with suppress(SesameError):  # the first message may still come
            self._otp.request(wish.phone, client_ip=wish.client_ip, challenge_id=challenge_id)

    def _type(self, challenge_id: str, code: str) -> None:
        with suppress(OtpInvalid):
            self._otp.verify(challenge_id, code)

    @property
    def _now_s(self) -> float:
        return (self._otp.clock.now_ms() - self._start_ms) / 1000


class _Counting(logging.Handler):
    """Counts decisions by rule."""

    def __init__(self, counted: Counter[str]) -> None:
        super().__init__(logging.WARNING)
        self._counted = counted

    def emit(self, record: logging.LogRecord) -> None:
        self._counted[vars(record)["fields"]["rule"]] += 1


@contextmanager
def _counting(counted: Counter[str]) -> Iterator[None]:
    """In place of writing lines."""
    logger, handler = logging.getLogger("sesame"), _Counting(counted)
    was = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    yield
    logger.removeHandler(handler)
    logger.setLevel(was[0])
    logger.propagate = was[1]


def replay(
    attack: Attack | None, rule_set: RuleSet, *, hours: float = HOURS, seed: int = SEED
) -> Outcome:
    """How `attack`, among honest people, ends under the rules."""
    wishes = [*honest(hours, seed), *(attack(hours, seed) if attack else ())]
    return Replay(wishes, rule_set).run()


MODES: dict[str, RuleSet] = {
    "off": rules("off"),
    "shadow": rules("shadow"),
    "close": rules("enforce"),
    "demand": rules("enforce", "demand"),
}


def main(arguments: list[str]) -> int:
    """Print the table."""
    hours = float(arguments[0]) if arguments else HOURS
    seed = int(arguments[1]) if arguments[1:] else SEED
    print("| attack | rules | fraudulent SMS | stopped | people | hurt | asked | decisions |")
    print("|---|---|---|---|---|---|---|---|")
    for name, attack in {"none": None, **ATTACKS}.items():
        for mode, rule_set in MODES.items():
            ended = replay(attack, rule_set, hours=hours, seed=seed)
            stopped = ended.fraud_tried - ended.fraud_sent
            share = f"{stopped} ({100 * stopped / ended.fraud_tried:.1f} %)" if attack else "-"
            told = ", ".join(f"{rule} {count}" for rule, count in sorted(ended.decisions.items()))
            print(
                f"| {name} | {mode} | {ended.fraud_sent} of {ended.fraud_tried} | {share} "
                f"| {ended.people} | {ended.hurt} ({100 * ended.hurt / ended.people:.2f} %) "
                f"| {ended.asked} | {told or '-'} |",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
