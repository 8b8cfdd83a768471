"""What the service must do exactly, as long as nothing fails: a plain book of sends and challenges.

It knows nothing of rows, batches or refunds. Limits are judged by the list of what was sent.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace

from shared.otp.model import OtpIssued
from shared.otp.policy import Policy
from shared.throttle.limits import LimitSet
from shared.throttle.model import SENDS_PER_PHONE, SIX_DIGITS, Flow, Window
from tests.model.faulty_rows import Message, Order

PHONES = (
    "+8613800138000",
    "+6581234567",
    "+8613900139000",
    "+8613700137000",
    "+8613600136000",
    "+8613500135000",
)
ABROAD = PHONES[1]
LONG = 8
POLICIES = {
    "login": Policy("login", long_code_length=LONG),
    "transfer": Policy(
        "transfer", max_attempts=2, resend="new", resend_after_s=90, ttl_s=600, long_code_length=0
    ),
}
IP = Window("ip_hour", 3, 3600)
DEVICE = Flow("device_hour", 6, 3600, burst=2)
TENANT = Window("tenant_hour", 35, 3600)
GUESSES = Window("phone_guesses", 12 * SIX_DIGITS, 86_400, unit=SIX_DIGITS)
LIMITS = LimitSet(ip=(IP,), device=(DEVICE,), tenant=(TENANT,))
DAY_MS = 86_400_000
_SLICE_MS = TENANT.span_s * 1000 // 6
_SHARE = TENANT.limit // 7


@dataclass(slots=True)
class Challenge:
    """One challenge, as the caller and the phone know it together. codes: newest last."""

    order: Order
    codes: list[str]
    expires_ms: int
    length: int
    sent_ms: int
    attempts: int = 0
    state: str = "pending"

    @property
    def slot(self) -> tuple[str, str, str]:
        """Of a slot one challenge is live at a time."""
        return self.order.tenant, self.order.phone, self.order.purpose

    @property
    def policy(self) -> Policy:
        return POLICIES[self.order.purpose]


@dataclass(frozen=True, slots=True)
class Record:
    """How a request with a key ended: with an answer, or with an error's code."""

    order: Order
    at_ms: int
    issued: OtpIssued | None
    error: str = ""


@dataclass
class Reference:
    """The book. Its methods foretell an answer's code, and take in what happened."""

    sends: list[tuple[Order, int]] = field(default_factory=list)
    challenges: dict[str, Challenge] = field(default_factory=dict)
    current: dict[tuple[str, str, str], str] = field(default_factory=dict)
    records: dict[tuple[str, str], Record] = field(default_factory=dict)
    guesses: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))

    def foretell_request(self, order: Order, now_ms: int) -> str:
        """`issued`, `replay`, or an error's code; what the provider says is not foretold."""
        record = self._record(order, now_ms)
        if record is not None:
            if record.order != order:
                return "idempotency_key_reused"
            return record.error or "replay"
        challenge = self._challenge_of(order)
        weight = _weight(challenge.length if challenge else 6)
        spent = self._spent(order.phone, now_ms)
        if order.phone == ABROAD and spent > GUESSES.limit // 2 and order.challenge_id is None:
            weight = _weight(LONG) if POLICIES[order.purpose].long_code_length else weight
        if spent + weight > GUESSES.limit:
            return "throttled"
        if order.challenge_id is not None and (
            challenge is None or not self._is_open(challenge, order.challenge_id, now_ms)
        ):
            return "challenge_invalid"
        return "issued" if self._has_room(order, now_ms) else "throttled"

    def foretell_verify(
        self, tenant: str, challenge_id: str, code: str, now_ms: int
    ) -> tuple[bool, bool | None]:
        """Whether the guess counts, and whether it is right; None: an old count may be in the way,
        which is the stricter side.
        """
        challenge = self.challenges[challenge_id]
        if tenant != challenge.order.tenant:
            return False, False
        phone, weight = challenge.order.phone, _weight(challenge.length)
        counts = (
            self.current.get(challenge.slot) == challenge_id
            and challenge.expires_ms > now_ms
            and challenge.attempts < challenge.policy.max_attempts
            and self._spent(phone, now_ms) + weight <= GUESSES.limit
        )
        is_right = counts and challenge.state == "pending" and code == challenge.codes[-1]
        ever = sum(each for _, each in self.guesses[phone])
        return counts, is_right if not counts or ever + weight <= GUESSES.limit else None

    def requested(
        self, order: Order, now_ms: int, end: OtpIssued | str, sent: Message | None
    ) -> None:
        """Take in how a request ended. sent: what the provider was given, if it came to that."""
        key = (order.tenant, order.key or "")
        if isinstance(end, str):
            if order.key and end in ("challenge_invalid", "phone_invalid"):
                self.records.setdefault(key, Record(order, now_ms, None, end))
                if self.records[key].at_ms + DAY_MS <= now_ms:
                    self.records[key] = Record(order, now_ms, None, end)
            if sent is not None:
                self._refused(order)
            return
        if end.is_replay or sent is None:
            return
        self.sends.append((order, now_ms))
        if order.key:
            self.records[key] = Record(order, now_ms, end)
        old = self.challenges.get(end.challenge_id)
        if old is not None:
            old.codes.append(sent.code)
            old.sent_ms = now_ms
            return
        challenge = Challenge(order, [sent.code], end.expires_at * 1000, end.code_length, now_ms)
        self.challenges[end.challenge_id] = challenge
        self.current[challenge.slot] = end.challenge_id

    def verified(self, challenge_id: str, now_ms: int, *, counts: bool, was_right: bool) -> None:
        """Take in a guess."""
        challenge = self.challenges[challenge_id]
        if counts:
            challenge.attempts += 1
            self.guesses[challenge.order.phone].append((now_ms, _weight(challenge.length)))
        if was_right:
            challenge.state = "used"

    def _record(self, order: Order, now_ms: int) -> Record | None:
        record = self.records.get((order.tenant, order.key or ""))
        return record if record and record.at_ms + DAY_MS > now_ms else None

    def _challenge_of(self, order: Order) -> Challenge | None:
        challenge = self.challenges.get(order.challenge_id or "")
        if challenge is None or challenge.slot != (order.tenant, order.phone, order.purpose):
            return None
        return challenge

    def _is_open(self, challenge: Challenge, challenge_id: str, now_ms: int) -> bool:
        return (
            self.current.get(challenge.slot) == challenge_id
            and challenge.state == "pending"
            and challenge.expires_ms > now_ms
            and challenge.attempts < challenge.policy.max_attempts
        )

    def _refused(self, order: Order) -> None:
        """The provider's no: nothing is charged; a challenge that was not out before is void."""
        challenge = self._challenge_of(order)
        if challenge is not None and challenge.policy.resend == "same":
            challenge.sent_ms = 0
            return
        self.current.pop((order.tenant, order.phone, order.purpose), None)

    def _spent(self, phone: str, now_ms: int) -> int:
        start_ms = now_ms - GUESSES.span_s * 1000
        return sum(weight for at_ms, weight in self.guesses[phone] if at_ms > start_ms)

    def _has_room(self, order: Order, now_ms: int) -> bool:
        of_phone = [at for each, at in self.sends if each.phone == order.phone]
        of_tenant = [(each, at) for each, at in self.sends if each.tenant == order.tenant]
        of_ip = [at for each, at in of_tenant if each.client_ip]
        tat_ms = 0
        for each, at_ms in of_tenant:
            if each.device_id:
                tat_ms = max(tat_ms, at_ms) + DEVICE.interval_ms
        cool_ms = POLICIES[order.purpose].resend_after_s * 1000
        of_slot = [
            at
            for each, at in self.sends
            if (each.tenant, each.phone, each.purpose) == (order.tenant, order.phone, order.purpose)
        ]
        slice_count = sum(at // _SLICE_MS == now_ms // _SLICE_MS for _, at in of_tenant)
        return (
            all(_fits(of_phone, window, now_ms) for window in SENDS_PER_PHONE)
            and max(of_slot, default=0) + cool_ms <= now_ms
            and (not order.client_ip or _fits(of_ip, IP, now_ms))
            and (not order.device_id or tat_ms - now_ms <= (DEVICE.burst - 1) * DEVICE.interval_ms)
            and slice_count < _SHARE
        )


def _fits(times_ms: list[int], window: Window, now_ms: int) -> bool:
    return sum(at_ms > now_ms - window.span_s * 1000 for at_ms in times_ms) < window.limit


def _weight(length: int) -> int:
    return int(10 ** (10 - length))


def without_marks(issued: OtpIssued) -> OtpIssued:
    """An answer as a repetition must give it again."""
    return replace(issued, quota=None, is_replay=False)
