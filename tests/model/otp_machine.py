"""Requests, guesses, faults and clocks in any order, held against what must be true.

As long as nothing failed, every answer is foretold (reference.py). From the first fault on it is
bounded, by the invariants of the design: a code opens once, at most `max_attempts` guesses are
evaluated, no limit admits more than it says, one key is one message, a repetition gets the first
answer, a resend keeps its challenge, and nothing but a SesameError comes out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from shared.errors import SesameError
from shared.otp.model import OtpIssued, OtpVerified
from shared.throttle.limits import Limits
from tests.fakes.service import OtpService
from tests.model.faulty_rows import (
    SEND_FAULTS,
    STORE_FAULTS,
    FaultyRows,
    FaultySender,
    Guess,
    Message,
    Order,
    ProcessDied,
    SendFault,
    StoreFault,
)
from tests.model.invariants import Seen
from tests.model.reference import (
    GUESSES,
    LIMITS,
    PHONES,
    POLICIES,
    Challenge,
    Reference,
)

REQUEST_ERRORS = {
    "throttled",
    "challenge_invalid",
    "idempotency_in_progress",
    "idempotency_key_reused",
    "phone_invalid",
    "provider_unavailable",
    "store_unavailable",
}
VERIFY_ERRORS = {"otp_invalid", "store_unavailable"}
KEYS = ("order-1-order-1-", "order-2-order-2-")
LATEST_FIRST = (0, 0, 0, 1, 0, 2, 1, 3, 4)
HOUR_MS = 3_600_000
_DIED = "died"

plans: st.SearchStrategy[list[StoreFault]] = st.one_of(
    st.just([]), st.just([]), st.lists(st.sampled_from(STORE_FAULTS), min_size=1, max_size=4)
)
send_faults = st.one_of(st.just("accepted"), st.just("accepted"), st.sampled_from(SEND_FAULTS))
places = st.integers(0, 10**6)
orders = st.builds(
    Order,
    tenant=st.sampled_from(("shop", "shop", "shop", "bank")),
    phone=st.sampled_from(PHONES),
    purpose=st.sampled_from(("login", "login", "transfer")),
    client_ip=st.sampled_from(("203.0.113.7", "203.0.113.7", "203.0.113.7", None)),
    device_id=st.sampled_from(("device-1", None, None)),
    key=st.sampled_from((None, None, None, None, *KEYS)),
)


class OtpMachine(RuleBasedStateMachine):
    """One service over one store, and all that was ever asked of it."""

    faults = True
    steps_taken = 0

    @initialize()
    def start(self) -> None:
        self.store = FaultyRows()
        self.service = OtpService(store=self.store, policies=POLICIES)
        self.clock = self.service.clock
        self.lag_ms = 0
        self.sender = FaultySender(self.steady_ms)
        self.service.sender = self.sender  # type: ignore[assignment]  # another fake
        self.service.limits = Limits(self.service.pseudonyms, LIMITS, guesses=(GUESSES,))
        self.reference = Reference()
        self.is_clean = True
        self.orders: list[Order] = []
        self.seen = Seen(self.store, self.sender, self.steady_ms)
        self.guess_count = 0

    @invariant()
    def count(self) -> None:
        type(self).steps_taken += 1

    # --- what happens ------------------------------------------------------------------------

    @rule(order=orders, plan=plans, fault=send_faults, aside=places)
    def request(self, order: Order, plan: list[StoreFault], fault: SendFault, aside: int) -> None:
        self.order(order, plan, fault, aside)

    @precondition(lambda self: self.orders)
    @rule(place=places, plan=plans, fault=send_faults, aside=places)
    def repeat(self, place: int, plan: list[StoreFault], fault: SendFault, aside: int) -> None:
        self.order(self.orders[-1 - place % min(4, len(self.orders))], plan, fault, aside)

    @precondition(lambda self: self.seen.challenges)
    @rule(place=places, key=st.sampled_from((None, *KEYS)), plan=plans, fault=send_faults)
    def resend(self, place: int, key: str | None, plan: list[StoreFault], fault: SendFault) -> None:
        challenge_id, challenge = self.pick(place)
        first = challenge.order
        again = Order(first.tenant, first.phone, first.purpose, key=key, challenge_id=challenge_id)
        self.order(again, plan, fault, place)

    @precondition(lambda self: self.seen.challenges)
    @rule(
        place=places,
        kind=st.sampled_from(("right", "right", "wrong", "wrong", "first", "foreign")),
        plan=plans,
        aside=places,
    )
    def verify(self, place: int, kind: str, plan: list[StoreFault], aside: int) -> None:
        self.try_code(place, kind, plan, aside)

    @rule(seconds=st.sampled_from((61, 61, 61, 1, 30, 91, 301, 601, 901, 3600, 86_400)))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @precondition(lambda self: self.faults and self.lag_ms < 3 * HOUR_MS)
    @rule()
    def set_the_clock_back(self) -> None:
        self.clock.advance(-3600)
        self.lag_ms += HOUR_MS
        self.is_clean = False

    @precondition(lambda self: self.store.under_way)
    @rule(place=places)
    def land_late(self, place: int) -> None:
        self.store.land(place)
        self.is_clean = False
        self.seen.check_guesses()
        if self.seen.challenges:
            self.try_code(place, "right", [], 0)

    # --- and what must be true of it ---------------------------------------------------------

    def order(self, order: Order, plan: list[StoreFault], fault: SendFault, aside: int) -> None:
        if not self.faults:
            plan = []
            fault = "accepted" if fault.startswith("died") else fault
        now_ms = self.clock.now_ms()
        foretold = self.reference.foretell_request(order, now_ms)
        self.orders.append(order)
        outer, self.sender.order, self.sender.fault = self.sender.order, order, fault
        seen = len(self.sender.messages)
        end, was_smooth = self.run(lambda: self._request(order), plan, aside)
        self.sender.order = outer
        sent = [each for each in self.sender.messages[seen:] if each.order is order]
        self.sender.fault = "accepted"
        if end == _DIED:
            self.is_clean = False
        assert len(sent) <= 1, "one request is one message at most"
        for message in sent:
            if message.went:
                self.seen.check_limits(message)
        if isinstance(end, OtpIssued):
            self.seen.check_answer(order, end, sent, was_smooth=was_smooth)
        else:
            assert end == _DIED or end in REQUEST_ERRORS, end
        if self.is_clean:
            self.check_foretold(foretold, order, end, sent)
            self.reference.requested(order, now_ms, end, sent[0] if sent else None)  # type: ignore[arg-type]

    def try_code(self, place: int, kind: str, plan: list[StoreFault], aside: int) -> None:
        if not self.faults:
            plan = []
        challenge_id, challenge = self.pick(place)
        tenant, code = challenge.order.tenant, challenge.codes[-1]
        if kind == "wrong":
            code = next(each for each in ("000000", "111111") if each not in challenge.codes)
        elif kind == "first":
            code = challenge.codes[0]
        elif kind == "foreign":
            tenant = "bank" if tenant == "shop" else "shop"
        now_ms = self.clock.now_ms()
        if self.is_clean:
            counts, is_right = self.reference.foretell_verify(tenant, challenge_id, code, now_ms)
        self.guess_count += 1
        guess = Guess(self.guess_count, challenge_id, self.steady_ms())
        outer, self.store.guess = self.store.guess, guess
        end, _ = self.run(
            lambda: self.service.verify(challenge_id, code, tenant=tenant), plan, aside
        )
        self.store.guess = outer
        if end == _DIED:
            self.is_clean = False
        if isinstance(end, OtpVerified):
            self.seen.check_opened(challenge_id, tenant, code, now_ms)
        else:
            assert end == _DIED or end in VERIFY_ERRORS, end
        self.seen.check_guesses()
        if self.is_clean:
            was_right = isinstance(end, OtpVerified)
            assert is_right is None or was_right == is_right, (challenge, code, end)
            if is_right is None and not was_right:
                self.is_clean = False  # an old count was in the way, or a wrong code: all the same
            else:
                self.reference.verified(challenge_id, now_ms, counts=counts, was_right=was_right)

    def run(
        self, call: Callable[[], object], plan: list[StoreFault], aside: int
    ) -> tuple[object, bool]:
        """What a call came to, an error by its code; and whether nothing struck on the way."""
        struck, self.store.plan = self.store.struck, list(plan)
        self.store.meanwhile = lambda: self.aside(aside)
        try:
            end = call()
        except SesameError as error:
            end = error.code
        except ProcessDied:
            end = _DIED
        finally:
            self.store.plan = []
        was_smooth = self.store.struck == struck
        self.is_clean = self.is_clean and was_smooth
        return end, was_smooth

    def aside(self, place: int) -> None:
        """Another instance's call, in the midst of one."""
        self.is_clean = False
        order = self.sender.order
        if self.seen.challenges and (order is None or place % 2):
            self.try_code(place // 2, "right", [], 0)
        elif order is not None:
            self.order(
                replace(order), [], "accepted", 0
            )  # a copy: whose a message is, is by identity

    def check_foretold(self, foretold: str, order: Order, end: object, sent: list[Message]) -> None:
        got = end
        if isinstance(end, OtpIssued):
            got = "replay" if end.is_replay else "issued"
        elif sent:  # it came as far as the provider, who said no
            got = "issued"
        assert got == foretold, (got, foretold, order)

    def steady_ms(self) -> int:
        """The time of a clock that is never set back: what windows are measured on."""
        return self.clock.now_ms() + self.lag_ms

    def pick(self, place: int) -> tuple[str, Challenge]:
        """One of the latest challenges."""
        names = list(self.seen.challenges)
        name = names[-1 - LATEST_FIRST[place % len(LATEST_FIRST)] % len(names)]
        return name, self.seen.challenges[name]

    def _request(self, order: Order) -> OtpIssued:
        return self.service.request(
            order.phone,
            purpose=order.purpose,
            tenant=order.tenant,
            challenge_id=order.challenge_id,
            client_ip=order.client_ip,
            device_id=order.device_id,
            key=order.key,
        )
