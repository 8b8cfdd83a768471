"""The OTP service put together over fakes, for tests of its rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.abuse.guard import AbuseGuard
from shared.access.revocation import KeyCheck
from shared.access.sandbox import Sandbox
from shared.errors import OtpInvalid
from shared.idempotency.record import IdempotencyBook
from shared.ids import random_bytes
from shared.otp.core import OtpCore
from shared.otp.keyring import Keyring
from shared.otp.model import OtpGuess, OtpIssued, OtpRequest, OtpVerified
from shared.otp.policy import Policies
from shared.otp.policy_file import load_policies
from shared.otp.request import RequestOtp
from shared.otp.verify import VerifyOtp
from shared.phone_parser import parse_phone
from shared.pseudonym import Pseudonyms
from shared.rollup.counters import Counters
from shared.rollup.counting import CodeCounts
from shared.rows import RowStore
from shared.throttle.limits import Limits, LimitSet
from shared.throttle.rules import SendRules
from tests.fakes.hands import HandClock, RecordingSender
from tests.fakes.memory_rows import MemoryRows

PHONE, OTHER = "+8613800138000", "+8613900139000"
KEY = "k" * 20


@dataclass
class OtpService:
    """Request and verify over one store. Defaults: a memory store, tenant `shop`, login."""

    store: RowStore = field(default_factory=MemoryRows)
    sender: RecordingSender = field(default_factory=RecordingSender)
    clock: HandClock = field(default_factory=HandClock)
    keyring: Keyring = field(default_factory=lambda: Keyring(1, {1: b"k" * 32}))
    pseudonyms: Pseudonyms = field(default_factory=lambda: Pseudonyms(b"p" * 32))
    policies: Policies = field(default_factory=load_policies)
    rules: SendRules = field(default_factory=SendRules)
    sandbox: Sandbox = field(default_factory=Sandbox)
    limits: Limits = field(init=False)
    limit_set: LimitSet = field(default_factory=LimitSet)
    guard: AbuseGuard | None = None
    counters: Counters = field(default_factory=lambda: Counters(random_bytes))

    def __post_init__(self) -> None:
        self.limits = Limits(self.pseudonyms, self.limit_set, further=self.guard)

    @property
    def memory(self) -> MemoryRows:
        assert isinstance(self.store, MemoryRows)
        return self.store

    @property
    def core(self) -> OtpCore:
        return OtpCore(
            store=self.store,
            keyring=self.keyring,
            pseudonyms=self.pseudonyms,
            policies=self.policies,
            clock=self.clock,
            random=random_bytes,
        )

    def request(
        self,
        phone: str = PHONE,
        *,
        purpose: str = "login",
        tenant: str = "shop",
        challenge_id: str | None = None,
        client_ip: str | None = None,
        device_id: str | None = None,
        key: str | None = None,
        context: Mapping[str, str] | None = None,
        check: KeyCheck | None = None,
        proof: str | None = None,
    ) -> OtpIssued:
        use_case = RequestOtp(
            self.core,
            rules=self.rules,
            limits=self.limits,
            idempotency=IdempotencyBook(self.pseudonyms),
            sender=self.sender,
            sandbox=self.sandbox,
            demand=self.guard,
            counts=CodeCounts(self.counters),
        )
        return use_case(
            OtpRequest(
                tenant=tenant,
                phone=parse_phone(phone),
                purpose=purpose,
                challenge_id=challenge_id,
                client_ip=client_ip,
                device_id=device_id,
                context=context or {},
                idempotency_key=key,
            ),
            check=check,
            proof=proof,
        )

    def verify(
        self,
        challenge_id: str,
        code: str | None = None,
        *,
        tenant: str = "shop",
        context: Mapping[str, str] | None = None,
        check: KeyCheck | None = None,
    ) -> OtpVerified:
        use_case = VerifyOtp(self.core, limits=self.limits, conversions=self.guard)
        return use_case(
            OtpGuess(
                tenant=tenant,
                challenge_id=challenge_id,
                code=self.sender.last_code if code is None else code,
                context=context or {},
            ),
            check=check,
        )

    def refuses(self, challenge_id: str, code: str | None = None) -> bool:
        """True if the code, by default the one that was sent last, does not open it."""
        try:
            self.verify(challenge_id, code)
        except OtpInvalid:
            return True
        return False

    def wrong_code(self) -> str:
        return "000000" if self.sender.last_code != "000000" else "111111"
