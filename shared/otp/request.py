"""Requesting a code: store, then send.

One batch before the send takes everything at once: the phone's and the address's limits, the
challenge, the idempotency key. Only when a row of it refuses is anything read: to say exactly why,
and to give back what the other rows took. After the send one more batch records how it ended.
"""

from __future__ import annotations

import logging
from collections.abc import Container

from shared.errors import (
    ChallengeInvalid,
    FieldProblem,
    ProviderUnavailable,
    PurposeUnknown,
    Quota,
    RequestInvalid,
    SesameError,
    StoreUnavailable,
    Throttled,
)
from shared.ids import NONCE_BYTES
from shared.observability.events import (
    OTP_CODE_LENGTHENED,
    OTP_COMPENSATION_LOST,
    OTP_OUTCOME_LOST,
    OTP_REQUESTED,
)
from shared.observability.logs import bound_request_id, log_event
from shared.otp.answers import answer_of, number_refused
from shared.otp.challenge_id import ChallengeRef, seal, unseal
from shared.otp.code import code_hash, context_hash, context_text, derive_code
from shared.otp.core import OtpCore
from shared.otp.counting import Counting, reason_of
from shared.otp.issuance import Issuance, Rows
from shared.otp.model import OtpIssued, OtpRequest
from shared.otp.policy import Policy
from shared.otp.ports import (
    Admission,
    CallerCheck,
    Claim,
    CodeSender,
    IdempotencyKeys,
    ProofDemand,
    Sandbox,
    SendCounts,
    SendLimits,
    SendRules,
)
from shared.rows import RowChange, RowKey, bears_mark
from shared.send_outcome import RefusalKind, SendAccepted, SendOutcome, SendRefused, SendUnknown

_TRIES = 3
_SANDBOX = "sandbox"
_TAKE_LIMIT_MS = 8_000
"""Later than that nothing is sent any more: the invocation must live to record how a send ended."""


class RequestOtp:
    """Issues codes and sends them. Call it with an OtpRequest.

    Raises PurposeUnknown, DestinationNotAllowed, Forbidden, ChallengeInvalid, Throttled,
    IdempotencyInProgress, IdempotencyKeyReused, PhoneInvalid (the provider knows better),
    ProviderUnavailable, StoreUnavailable; ProofRequired if `proof` is not good and one is demanded;
    Unauthenticated if `check` says so. A request that raises gives back what it took, all but its
    idempotency record; if it got as far as the provider, it has ended the challenge that it was to
    replace.
    """

    def __init__(
        self,
        core: OtpCore,
        *,
        rules: SendRules,
        limits: SendLimits,
        idempotency: IdempotencyKeys,
        sender: CodeSender,
        sandbox: Sandbox | None = None,
        demand: ProofDemand | None = None,
        counts: SendCounts | None = None,
    ) -> None:
        self._core = core
        self._rules = rules
        self._limits = limits
        self._idempotency = idempotency
        self._sender = sender
        self._sandbox = sandbox
        self._demand = demand
        self._count = Counting(counts)

    def __call__(
        self, request: OtpRequest, *, check: CallerCheck | None = None, proof: str | None = None
    ) -> OtpIssued:
        """The code under way, or what an earlier request with this key was answered."""
        issuance, replay = self._take(self._issuance(request, proof), check, proof)
        if replay is not None:
            return replay
        outcome = self._send(issuance)
        _log_end(issuance, outcome)
        match outcome:
            case SendAccepted(biz_id):
                return self._record(issuance, is_confirmed=True, biz_id=biz_id)
            case SendUnknown():
                return self._record(issuance, is_confirmed=False, biz_id="")
            case SendRefused():
                error = _refusal(outcome)
                reason = f"refused.{outcome.code}"
                self._undo(
                    [
                        *issuance.unsend(error, code=outcome.code),
                        *self._count.held_back(issuance, reason, self._core.clock.now_ms()),
                    ]
                )
                raise error

    def _send(self, issuance: Issuance) -> SendOutcome:
        if issuance.is_sandboxed:
            return SendAccepted(_SANDBOX)
        return self._sender.send_code(
            phone=issuance.request.phone,
            purpose=issuance.request.purpose,
            code=issuance.code,
            locale=issuance.request.locale,
            out_id=issuance.out_id,
        )

    # --- the issuance ------------------------------------------------------------------------

    def _issuance(self, request: OtpRequest, proof: str | None) -> Issuance:
        policy = self._core.policies.get(request.purpose)
        if policy is None:
            raise PurposeUnknown(FieldProblem("purpose", "unknown"))
        missing = [name for name in policy.context if name not in request.context]
        if missing:
            raise RequestInvalid(*(FieldProblem(f"context.{name}", "missing") for name in missing))
        self._rules.check(request.facts)
        if not self._sender.reaches(phone=request.phone, purpose=request.purpose):
            raise ProviderUnavailable("no_template")
        now_ms, entry = self._core.clock.now_ms(), self._core.new_entry()
        length = len(self._fixed_code(request) or "") or policy.code_length
        ref = self._ref(request, policy, now_ms, length)
        admission = self._limits.admission(
            request.facts,
            phone_row=self._core.rows_of(ref, tenant=request.tenant).phone,
            purpose_limits=policy.limits,
            risk=policy.risk_of_a_guess(ref.code_length),
            entry=entry,
            now_ms=now_ms,
            proof=proof,
        )
        return self._issued_for(request, policy, ref, entry, now_ms, admission=admission)

    def _fixed_code(self, request: OtpRequest) -> str | None:
        if self._sandbox is None:
            return None
        return self._sandbox.code_for(request.tenant, request.phone)

    def _issued_for(
        self,
        request: OtpRequest,
        policy: Policy,
        ref: ChallengeRef,
        entry: str,
        now_ms: int,
        *,
        admission: Admission,
    ) -> Issuance:
        keyring, version, nonce = self._core.keyring, ref.key_version, ref.nonce
        is_new_code = request.challenge_id is not None and policy.resend == "new"
        fixed_code = self._fixed_code(request)
        code = fixed_code or derive_code(
            keyring,
            version,
            nonce,
            length=ref.code_length,
            characters=policy.characters,
            salt=entry.encode() if is_new_code else b"",
        )
        context = context_text(request.context)
        rows = self._core.rows_of(ref, tenant=request.tenant)
        issued = OtpIssued(
            challenge_id=request.challenge_id or seal(self._core.keyring, request.tenant, ref),
            expires_at=ref.expires_ms // 1000,
            expires_in_s=(ref.expires_ms - now_ms) // 1000,
            resend_after_s=max(admission.quota.reset_s, policy.resend_after_s),
            code_length=ref.code_length,
        )
        return Issuance(
            request=request,
            policy=policy,
            rows=rows,
            code=code,
            code_hash=code_hash(keyring, version, nonce, code, context),
            context=context_hash(keyring, version, nonce, context),
            admission=admission,
            claim=self._key_claim(request, issued, entry, now_ms),
            issued=issued,
            entry=entry,
            now_ms=now_ms,
            is_sandboxed=fixed_code is not None,
            request_id=bound_request_id(),
        )

    def _lengthened(self, issuance: Issuance, rows: Rows, held: Container[RowKey]) -> Issuance:
        """The same with a longer code, if the phone is being guessed at and its template takes one:
        mainland ones take six characters and no more. What was written for the shorter code stays
        behind: no phone's row ever names it, so nothing opens it.
        """
        request, policy, long = issuance.request, issuance.policy, issuance.policy.long_code_length
        if (
            issuance.is_resend
            or issuance.is_sandboxed
            or issuance.rows.phone in held  # which names the shorter one already
            or request.phone.is_mainland
            or issuance.issued.code_length >= long
            or not issuance.admission.is_being_guessed(rows)
        ):
            return issuance
        log_event(OTP_CODE_LENGTHENED, phone=request.phone, purpose=request.purpose, length=long)
        ref = self._ref(request, policy, issuance.now_ms, long)
        admission = issuance.admission.at_risk(policy.risk_of_a_guess(long))
        return self._issued_for(
            request, policy, ref, issuance.entry, issuance.now_ms, admission=admission
        )

    def _ref(
        self, request: OtpRequest, policy: Policy, now_ms: int, code_length: int
    ) -> ChallengeRef:
        """A new challenge, or the one that is to go out again; a ref that fits no row if that one
        cannot be this request's, so that its refusal takes the way of every other.
        """
        if request.challenge_id is not None:
            ref = unseal(self._core.keyring, request.tenant, request.challenge_id)
            if ref and (ref.phone, ref.purpose) == (request.phone, request.purpose):
                return ref
        return ChallengeRef(
            nonce=self._core.random(NONCE_BYTES),
            phone=request.phone,
            purpose=request.purpose,
            expires_ms=now_ms + policy.ttl_s * 1000,
            code_length=code_length,
            key_version=self._core.keyring.current,
        )

    def _key_claim(
        self, request: OtpRequest, issued: OtpIssued, entry: str, now_ms: int
    ) -> Claim | None:
        if request.idempotency_key is None:
            return None
        return self._idempotency.claim(
            tenant=request.tenant,
            key=request.idempotency_key,
            request={
                "phone": request.phone.e164,
                "purpose": request.purpose,
                "challenge_id": request.challenge_id,
                "locale": request.locale,
                "client_ip": request.client_ip,
                "device_id": request.device_id,
                "context": dict(request.context),
            },
            answer=answer_of(issued),
            owner=entry,
            now_ms=now_ms,
        )

    # --- before the send ---------------------------------------------------------------------

    def _take(
        self, issuance: Issuance, check: CallerCheck | None, proof: str | None
    ) -> tuple[Issuance, OtpIssued | None]:
        """Take every row of the request; with it an earlier answer, if there was one, and then
        nothing is held any more.

        Raises what explains the row that refused; then nothing is held any more either.
        """
        wanted = issuance.take()
        keys = {change.key for change in wanted}
        held: set[RowKey] = set()
        rows: Rows = {}
        known: set[RowKey] = set()
        try:
            for _ in range(_TRIES):
                asked = [check.change()] if check else []
                applied = self._core.store.apply([*wanted, *asked])
                verdicts = zip(wanted, applied[: len(wanted)], strict=True)
                held.update(change.key for change, ok in verdicts if ok)
                known = set(held)
                if check is not None:
                    check.settle(was_applied=applied[-1])
                    check = None
                if self._core.clock.now_ms() - issuance.now_ms > _TAKE_LIMIT_MS:
                    raise StoreUnavailable("too_slow", maybe_applied=False)
                if keys <= held:
                    self._renew(issuance)
                    return issuance, None
                read = sorted(keys)
                rows = dict(zip(read, self._core.store.read(read), strict=True))
                # A refusal may be our own doing: an earlier copy of the change that came late.
                held.update(change.key for change in wanted if bears_mark(rows[change.key], change))
                known = set(held)
                replay = issuance.earlier_answer(rows)
                if replay is not None:
                    self._give_back(issuance, rows, held, known, ended=None)
                    return issuance, replay
                if self._demand is not None and issuance.admission.is_being_guessed(rows):
                    self._demand.refuse_guessed(
                        issuance.request.facts, proof=proof, now_ms=issuance.now_ms
                    )
                longer = self._lengthened(issuance, rows, held)
                if longer is not issuance:
                    keys = keys - {issuance.rows.own} | {longer.rows.own}
                    issuance = longer
                wanted = issuance.take_again(rows, held)
                if not wanted:
                    self._renew(issuance)
                    return issuance, None
            raise StoreUnavailable("contended", maybe_applied=False)
        except SesameError as error:
            if isinstance(error, StoreUnavailable) and error.maybe_applied:
                held.update(keys)  # any of them may be taken; each undo asks for our mark first
            self._give_back(issuance, rows, held, known, ended=error)
            raise

    def _renew(self, issuance: Issuance) -> None:
        """Put the new code of a resend in its place. Raises ChallengeInvalid if it has ended."""
        renewal = issuance.renewal()
        if renewal is not None and not self._core.store.apply([renewal])[0]:
            raise ChallengeInvalid

    def _give_back(
        self,
        issuance: Issuance,
        rows: Rows,
        held: set[RowKey],
        known: set[RowKey],
        *,
        ended: SesameError | None,
    ) -> None:
        """Undo what was taken: `held` may be, `known` certainly is. If this is lost, limits are
        stricter for it, never laxer; and the challenge that was live before stays void.
        """
        if not held:
            issuance.admission.refund(())  # what leases have paid for
            self._count.held_back_unwritten(issuance, ended)
            return
        phone = issuance.rows.phone
        try:
            if phone in held and phone not in rows:
                rows = {**rows, phone: self._core.store.read([phone])[0]}
        except StoreUnavailable:
            log_event(OTP_COMPENSATION_LOST, level=logging.ERROR, rows=len(held))
            issuance.admission.refund(known)
            return
        changes = issuance.give_back(rows, held, ended=ended, known=known)
        if not changes:
            self._count.held_back_unwritten(issuance, ended)
            return
        counted = self._count.held_back(issuance, reason_of(ended), self._core.clock.now_ms())
        self._undo([*changes, *counted])

    def _undo(self, changes: list[RowChange]) -> None:
        """Apply what must not change the answer any more; a failure is for the operator."""
        try:
            self._core.store.apply(changes)
        except StoreUnavailable:
            log_event(OTP_COMPENSATION_LOST, level=logging.ERROR, rows=len(changes))

    # --- after the send ----------------------------------------------------------------------

    def _record(self, issuance: Issuance, *, is_confirmed: bool, biz_id: str) -> OtpIssued:
        """The answer, and a record of it. Only if it was the phone's last send for longer than the
        cool-down is the phone's row read, to say how long.
        """
        at_ms = self._core.clock.now_ms()
        issuance.admission.settle()
        issued = issuance.ended(issuance.admission.quota, is_confirmed=is_confirmed)
        try:
            phone_was_dated, *_ = self._core.store.apply(
                [
                    *issuance.record(issued, biz_id=biz_id, at_ms=at_ms, unless_full=True),
                    *self._count.sent(issuance, at_ms),
                ]
            )
            if not phone_was_dated:
                (phone,) = self._core.store.read([issuance.rows.phone])
                quota = issuance.admission.tightest(phone, at_ms)
                issued = issuance.ended(quota, is_confirmed=is_confirmed)
                self._core.store.apply(
                    issuance.record(issued, biz_id=biz_id, at_ms=at_ms, unless_full=False)
                )
        except StoreUnavailable:
            log_event(OTP_OUTCOME_LOST, level=logging.ERROR)
            self._count.sent_unwritten(issuance)
        return issued


def _log_end(issuance: Issuance, outcome: SendOutcome) -> None:
    log_event(
        OTP_REQUESTED,
        tenant=issuance.request.tenant,
        phone=issuance.request.phone,
        purpose=issuance.request.purpose,
        country=issuance.request.phone.country,
        outcome=type(outcome).__name__,
        provider_code=_SANDBOX if issuance.is_sandboxed else getattr(outcome, "code", "OK"),
        is_resend=issuance.is_resend,
    )


def _refusal(refused: SendRefused) -> SesameError:
    match refused.kind:
        case RefusalKind.FLOW_CONTROL if refused.code.endswith("BUSINESS_LIMIT_CONTROL"):
            # A number's own; that of the account's day or month is nothing the caller can wait for.
            wait_s = refused.retry_after_s
            return Throttled(Quota("provider", 0, wait_s, 0, wait_s))
        case RefusalKind.NUMBER:
            return number_refused()
        case _:
            return ProviderUnavailable(refused.code, retry_after_s=refused.retry_after_s)
