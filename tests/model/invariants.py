"""What must be true of everything that was ever seen, whatever failed on the way."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from shared.otp.model import OtpIssued
from shared.throttle.model import SENDS_PER_PHONE, Window
from tests.model.faulty_rows import FaultyRows, FaultySender, Message, Order
from tests.model.reference import DAY_MS, DEVICE, GUESSES, IP, TENANT, Challenge, without_marks


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request with a key was told. is_recorded: surely, so that it is repeated whole."""

    order: Order
    issued: OtpIssued
    at_ms: int
    is_recorded: bool

    def check(self, order: Order, again: OtpIssued) -> None:
        """A repetition gets the first answer."""
        first = self.issued
        assert order == self.order
        assert again.challenge_id == first.challenge_id
        assert (again.expires_at, again.code_length) == (first.expires_at, first.code_length)
        if self.is_recorded:
            assert without_marks(again) == without_marks(first)


@dataclass
class Seen:
    """All that callers were told, and phones were sent. void: challenges that surely were replaced.

    Windows are measured by `steady_ms`, the time of a clock that is never set back.
    """

    store: FaultyRows
    sender: FaultySender
    steady_ms: Callable[[], int]
    challenges: dict[str, Challenge] = field(default_factory=dict)
    answers: dict[tuple[str, str], Answer] = field(default_factory=dict)
    opened: Counter[str] = field(default_factory=Counter)
    void: set[str] = field(default_factory=set)

    def check_answer(
        self, order: Order, issued: OtpIssued, sent: list[Message], *, was_smooth: bool
    ) -> None:
        key = (order.tenant, order.key or "")
        if issued.is_replay:
            assert not sent, "a repetition sends nothing"
            known = self.answers.get(key)
            if known and self.steady_ms() < known.at_ms + DAY_MS:
                known.check(order, issued)
            return
        assert len(sent) == 1, "what is answered was sent"
        if order.key:
            self.answers[key] = Answer(order, issued, sent[0].at_ms, is_recorded=was_smooth)
        if order.challenge_id:
            assert issued.challenge_id == order.challenge_id, "a resend keeps its challenge"
            old = self.challenges[order.challenge_id]
            assert abs(issued.expires_at * 1000 - old.expires_ms) < 1000
            if old.policy.resend == "same":
                assert sent[0].code == old.codes[-1]
            else:
                old.codes.append(sent[0].code)
            return
        challenge = Challenge(
            order, [sent[0].code], issued.expires_at * 1000, issued.code_length, 0
        )
        if was_smooth:
            slot = challenge.slot
            self.void |= {name for name, each in self.challenges.items() if each.slot == slot}
        self.challenges[issued.challenge_id] = challenge

    def check_opened(self, challenge_id: str, tenant: str, code: str, now_ms: int) -> None:
        """A code was verified: might it be?"""
        challenge = self.challenges[challenge_id]
        self.opened[challenge_id] += 1
        assert self.opened[challenge_id] == 1, "a code opens once"
        assert tenant == challenge.order.tenant, "a foreign tenant opens nothing"
        assert code in challenge.codes, "only a code that was sent opens"
        assert now_ms < challenge.expires_ms + 1000, "an expired code opens nothing"
        assert challenge_id not in self.void, "a code that was replaced opens nothing"

    def check_limits(self, message: Message) -> None:
        went = [each for each in self.sender.messages if each.went]
        order = message.order
        own = [each for each in went if each.order.tenant == order.tenant]
        phone = [each.at_ms for each in went if each.order.phone == order.phone]
        for window in SENDS_PER_PHONE:
            check_window(window, phone)
        if order.client_ip:
            check_window(IP, [each.at_ms for each in own if each.order.client_ip])
        if order.device_id:
            device = Window(DEVICE.name, DEVICE.limit, DEVICE.span_s)
            check_window(device, [each.at_ms for each in own if each.order.device_id])
        check_window(TENANT, [each.at_ms for each in own])
        if order.key:
            keyed = sorted(each.at_ms for each in own if each.order.key == order.key)
            gaps = [later - at for at, later in zip(keyed, keyed[1:], strict=False)]
            assert all(gap >= DAY_MS for gap in gaps), "one key is one message a day"

    def check_guesses(self) -> None:
        by_challenge: Counter[str] = Counter()
        by_phone: dict[str, list[int]] = defaultdict(list)
        for guess in self.store.evaluated.values():
            challenge = self.challenges[guess.challenge_id]
            by_challenge[guess.challenge_id] += 1
            if challenge.length == 6:
                by_phone[challenge.order.phone].append(guess.at_ms)
        for challenge_id, count in by_challenge.items():
            assert count <= self.challenges[challenge_id].policy.max_attempts, "attempts"
        budget = Window(GUESSES.name, GUESSES.limit // GUESSES.unit, GUESSES.span_s)
        for times_ms in by_phone.values():
            check_window(budget, times_ms)


def check_window(window: Window, times_ms: list[int]) -> None:
    """No stretch of the window's length holds more than its limit."""
    times_ms = sorted(times_ms)
    pairs = zip(times_ms, times_ms[window.limit :], strict=False)
    assert all(later - at >= window.span_s * 1000 for at, later in pairs), window.name
