"""Verifying a code in one round trip: count the guess and try the hash, both at once."""

from __future__ import annotations

from shared.errors import OtpInvalid
from shared.observability.events import OTP_REFUSED, OTP_VERIFIED
from shared.observability.logs import log_event
from shared.otp.challenge_id import unseal
from shared.otp.code import code_hash, context_text, normal_code
from shared.otp.core import OtpCore
from shared.otp.model import OtpGuess, OtpVerified
from shared.otp.policy import MAX_TTL_S
from shared.otp.ports import CallerCheck, Conversions, GuessLimits

_LONGEST_LIFE_MS = (MAX_TTL_S + 60) * 1000
"""A challenge that has longer to live was made by a clock that has been set back since: its code
would outlive what NIST SP 800-63B allows. A minute is for clocks of instances that differ.
"""


class VerifyOtp:
    """Checks codes. Call it with an OtpGuess.

    Raises OtpInvalid, always the same one, for a code that is wrong, used, expired, out of
    attempts, of another context or of no challenge; Unauthenticated if `check` says so, and then
    the guess counts all the same; StoreUnavailable.
    """

    def __init__(
        self, core: OtpCore, *, limits: GuessLimits, conversions: Conversions | None = None
    ) -> None:
        self._core = core
        self._limits = limits
        self._conversions = conversions

    def __call__(self, guess: OtpGuess, *, check: CallerCheck | None = None) -> OtpVerified:
        """The verified challenge, the one time that its code is given."""
        ref = unseal(self._core.keyring, guess.tenant, guess.challenge_id)
        policy = self._core.policies.get(ref.purpose) if ref else None
        now_ms, entry = self._core.clock.now_ms(), self._core.new_entry()
        if ref is None or policy is None or ref.expires_ms - now_ms > _LONGEST_LIFE_MS:
            log_event(OTP_REFUSED, tenant=guess.tenant, reason="unknown_challenge")
            raise OtpInvalid
        rows = self._core.rows_of(ref, tenant=guess.tenant)
        typed = code_hash(
            self._core.keyring,
            ref.key_version,
            ref.nonce,
            normal_code(guess.code),
            context_text(guess.context),
        )
        risk = policy.risk_of_a_guess(ref.code_length)
        counted = rows.guess(policy=policy, now_ms=now_ms).joined(
            self._limits.guess(rows.phone, risk=risk, entry=entry, now_ms=now_ms)
        )
        tally = self._conversions and self._conversions.guess(
            tenant=guess.tenant,
            phone=ref.phone,
            sent_ms=ref.expires_ms - policy.ttl_s * 1000,
            entry=entry,
        )
        # The verdict is the store's: it compares a MAC, so its timing tells nothing of the code.
        was_counted, was_right, *answers = self._core.store.apply(
            [
                counted,
                rows.use(code_hash=typed, entry=entry, now_ms=now_ms),
                *([check.change()] if check else []),
                *(tally.changes if tally else []),
            ]
        )
        if check is not None:
            check.settle(was_applied=answers[0])
        if tally:
            tally.end(was_right=was_counted and was_right)
        if not (was_counted and was_right):
            log_event(OTP_REFUSED, tenant=guess.tenant, purpose=ref.purpose, reason="not_accepted")
            raise OtpInvalid
        log_event(OTP_VERIFIED, tenant=guess.tenant, purpose=ref.purpose)
        return OtpVerified(guess.challenge_id, ref.purpose, ref.phone)
