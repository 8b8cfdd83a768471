"""Requesting a code: store, then send.

One batch before the send claims everything at once: the phone's and the address's limits, the
challenge, the idempotency key. Only when a row of it refuses is anything read: to say exactly why,
and to give back what the other rows took. After the send one more batch records how it ended.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from shared.clock import Clock
from shared.errors import (
    ChallengeInvalid,
    FieldProblem,
    PhoneInvalid,
    ProviderUnavailable,
    PurposeUnknown,
    Quota,
    SesameError,
    StoreUnavailable,
    Throttled,
)
from shared.ids import NONCE_BYTES, RandomBytes
from shared.observability.events import OTP_COMPENSATION_LOST, OTP_OUTCOME_LOST, OTP_REQUESTED
from shared.observability.logs import log_event
from shared.otp.challenge_id import ChallengeRef, seal, unseal
from shared.otp.challenge_rows import ChallengeRows
from shared.otp.code import code_hash, context_text, derive_code
from shared.otp.keyring import Keyring
from shared.otp.model import OtpIssued, OtpRequest
from shared.otp.policy import Policies, Policy
from shared.otp.ports import Admission, Claim, CodeSender, IdempotencyKeys, SendLimits
from shared.otp.slot import slot_of
from shared.pseudonym import Pseudonyms
from shared.rows import Row, RowChange, RowKey, RowStore, join
from shared.send_outcome import RefusalKind, SendAccepted, SendOutcome, SendRefused, SendUnknown

_TRIES = 3
_FINAL = (ChallengeInvalid, PhoneInvalid)
"""Errors that the same request will always meet: kept for repetitions of its idempotency key."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One request on its way: its parts, each of which knows its own rows."""

    request: OtpRequest
    policy: Policy
    rows: ChallengeRows
    admission: Admission
    claim: Claim | None
    issued: OtpIssued
    entry: str
    now_ms: int

    @property
    def is_resend(self) -> bool:
        return self.request.challenge_id is not None

    @property
    def context(self) -> str:
        return context_text(self.request.context)


class RequestOtp:
    """Issues codes and sends them. Call it with an OtpRequest.

    Raises PurposeUnknown, ChallengeInvalid, Throttled, IdempotencyInProgress,
    IdempotencyKeyReused, PhoneInvalid (the provider knows better), ProviderUnavailable,
    StoreUnavailable. A request that raises has changed nothing but its idempotency record, and, if
    it got as far as the provider, has ended the challenge that it was to replace.
    """

    def __init__(
        self,
        *,
        store: RowStore,
        limits: SendLimits,
        idempotency: IdempotencyKeys,
        sender: CodeSender,
        keyring: Keyring,
        pseudonyms: Pseudonyms,
        policies: Policies,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._store = store
        self._limits = limits
        self._idempotency = idempotency
        self._sender = sender
        self._keyring = keyring
        self._pseudonyms = pseudonyms
        self._policies = policies
        self._clock = clock
        self._random = random

    def __call__(self, request: OtpRequest) -> OtpIssued:
        """The code under way, or what an earlier request with this key was answered."""
        attempt = self._attempt(request)
        replay = self._claim(attempt)
        if replay is not None:
            return replay
        outcome = self._sender.send_code(
            phone=request.phone,
            purpose=request.purpose,
            code=derive_code(
                self._keyring,
                attempt.rows.ref.key_version,
                attempt.rows.ref.nonce,
                length=attempt.rows.ref.code_length,
            ),
            locale=request.locale,
            out_id=_out_id(attempt),
        )
        return self._settle(attempt, outcome)

    def _attempt(self, request: OtpRequest) -> _Attempt:
        policy = self._policies.get(request.purpose)
        if policy is None:
            raise PurposeUnknown(FieldProblem("purpose", "unknown"))
        now_ms, entry = self._clock.now_ms(), self._random(8).hex()
        ref = self._ref(request, policy, now_ms)
        rows = ChallengeRows(ref, slot_of(self._pseudonyms, request.tenant, request.purpose))
        issued = OtpIssued(
            challenge_id=request.challenge_id or seal(self._keyring, request.tenant, ref),
            expires_at=ref.expires_ms // 1000,
            expires_in_s=(ref.expires_ms - now_ms) // 1000,
            resend_after_s=policy.resend_after_s,
            code_length=ref.code_length,
        )
        return _Attempt(
            request=request,
            policy=policy,
            rows=rows,
            admission=self._limits.admission(
                phone_row=rows.phone,
                tenant=request.tenant,
                client_ip=request.client_ip,
                entry=entry,
                now_ms=now_ms,
            ),
            claim=self._key_claim(request, issued, entry, now_ms),
            issued=issued,
            entry=entry,
            now_ms=now_ms,
        )

    def _ref(self, request: OtpRequest, policy: Policy, now_ms: int) -> ChallengeRef:
        """A new challenge, or the one that is to go out again; a ref that fits no row if that one
        cannot be this request's, so that its refusal takes the way of every other.
        """
        subject = self._pseudonyms.of("phone", request.phone.e164)
        if request.challenge_id is not None:
            ref = unseal(self._keyring, request.tenant, request.challenge_id)
            if ref and (ref.subject, ref.purpose) == (subject, request.purpose):
                return ref
        return ChallengeRef(
            nonce=self._random(NONCE_BYTES),
            subject=subject,
            purpose=request.purpose,
            expires_ms=now_ms + policy.ttl_s * 1000,
            code_length=policy.code_length,
            key_version=self._keyring.current,
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
                "context": dict(request.context),
            },
            answer=_answer(issued),
            owner=entry,
            now_ms=now_ms,
        )

    # --- before the send -------------------------------------------------------------------

    def _challenge_changes(self, attempt: _Attempt) -> list[RowChange]:
        if attempt.is_resend:
            return attempt.rows.reopen(
                context=attempt.context, entry=attempt.entry, now_ms=attempt.now_ms
            )
        ref = attempt.rows.ref
        code = derive_code(self._keyring, ref.key_version, ref.nonce, length=ref.code_length)
        return attempt.rows.open(
            code_hash=code_hash(self._keyring, ref.key_version, ref.nonce, code, attempt.context),
            context=attempt.context,
            policy=attempt.policy,
            now_ms=attempt.now_ms,
        )

    def _claim(self, attempt: _Attempt) -> OtpIssued | None:
        """Take every row of the request. None once all are held, else an earlier answer.

        Raises what explains the row that refused; then nothing is held any more.
        """
        wanted = join(
            [
                *attempt.admission.claim(),
                *self._challenge_changes(attempt),
                *([attempt.claim.change()] if attempt.claim else []),
            ]
        )
        keys = [change.key for change in wanted]
        held: set[RowKey] = set()
        rows: Mapping[RowKey, Row | None] = {}
        try:
            for _ in range(_TRIES):
                applied = self._store.apply(wanted)
                held.update(change.key for change, ok in zip(wanted, applied, strict=True) if ok)
                if len(held) == len(keys):
                    return None
                rows = dict(zip(keys, self._store.read(keys), strict=True))
                replay = self._earlier_answer(attempt, rows)
                if replay is not None:
                    self._give_back(attempt, held, rows, final=None)
                    return replay
                wanted = self._again(attempt, rows, held)
            # Lost every race: whoever won them was admitted in our place.
            raise Throttled(Quota("phone_minute", 1, 60, 0, 1))
        except SesameError as error:
            if isinstance(error, StoreUnavailable) and error.maybe_applied:
                held.update(keys)  # any of them may be taken; each undo asks for our mark first
            self._give_back(attempt, held, rows, final=error if _is_final(error) else None)
            raise

    def _earlier_answer(
        self, attempt: _Attempt, rows: Mapping[RowKey, Row | None]
    ) -> OtpIssued | None:
        if attempt.claim is None:
            return None
        answer = attempt.claim.replay(rows.get(attempt.claim.row), attempt.now_ms)
        return None if answer is None else _replayed(answer)

    def _again(
        self, attempt: _Attempt, rows: Mapping[RowKey, Row | None], held: set[RowKey]
    ) -> list[RowChange]:
        """The changes still missing, made for the rows as they are. Raises if one cannot be."""
        challenge = attempt.rows
        if attempt.is_resend and not challenge.is_open(
            rows.get(challenge.phone),
            rows.get(challenge.own),
            context=attempt.context,
            now_ms=attempt.now_ms,
        ):
            raise ChallengeInvalid
        changes = join(
            [
                *attempt.admission.reclaim(rows, held),
                *self._challenge_changes(attempt),
                *([attempt.claim.change()] if attempt.claim else []),
            ]
        )
        return [change for change in changes if change.key not in held]

    def _give_back(
        self,
        attempt: _Attempt,
        held: set[RowKey],
        rows: Mapping[RowKey, Row | None],
        *,
        final: SesameError | None,
    ) -> None:
        """Undo the rows that were taken. If this is lost, limits are stricter for it, never
        laxer.
        """
        changes: list[RowChange] = [*attempt.admission.refund()]
        if not attempt.is_resend:
            changes += attempt.rows.withdraw(rows.get(attempt.rows.phone))
        if attempt.claim:
            changes.append(_ended(attempt.claim, final))
        undo = [change for change in join(changes) if change.key in held]
        if undo:
            self._apply_quietly(undo, lost=OTP_COMPENSATION_LOST)

    # --- after the send --------------------------------------------------------------------

    def _settle(self, attempt: _Attempt, outcome: SendOutcome) -> OtpIssued:
        phone = attempt.request.phone
        log_event(
            OTP_REQUESTED,
            phone=phone,
            purpose=attempt.request.purpose,
            country=phone.country,
            delivery=type(outcome).__name__,
            provider_code=getattr(outcome, "code", "OK"),
            is_resend=attempt.is_resend,
        )
        match outcome:
            case SendAccepted(biz_id):
                return self._recorded(attempt, "accepted", biz_id)
            case SendUnknown():
                return self._recorded(attempt, "unknown", "")
            case SendRefused():
                error = _refusal(outcome)
                self._undo_send(attempt, error)
                raise error

    def _recorded(self, attempt: _Attempt, delivery: str, biz_id: str) -> OtpIssued:
        issued = attempt.issued
        is_confirmed = delivery == "accepted"
        self._apply_quietly(
            join(
                [
                    attempt.admission.postpone(self._clock.now_ms()),
                    attempt.rows.settle(delivery=delivery, biz_id=biz_id, out_id=_out_id(attempt)),
                    *(
                        [attempt.claim.finish(_answer(issued, is_confirmed=is_confirmed))]
                        if attempt.claim
                        else []
                    ),
                ]
            ),
            lost=OTP_OUTCOME_LOST,
        )
        return OtpIssued(
            challenge_id=issued.challenge_id,
            expires_at=issued.expires_at,
            expires_in_s=issued.expires_in_s,
            resend_after_s=issued.resend_after_s,
            code_length=issued.code_length,
            quota=attempt.admission.quota,
            is_confirmed=is_confirmed,
        )

    def _undo_send(self, attempt: _Attempt, error: SesameError) -> None:
        changes: list[RowChange] = [*attempt.admission.refund()]
        if not attempt.is_resend:
            # A resend that failed leaves the code valid: its first message may well be there.
            changes += attempt.rows.void()
        if attempt.claim:
            changes.append(_ended(attempt.claim, error if _is_final(error) else None))
        self._apply_quietly(join(changes), lost=OTP_COMPENSATION_LOST)

    def _apply_quietly(self, changes: list[RowChange], *, lost: str) -> None:
        """Apply what must not change the answer any more; a failure is logged for the operator."""
        try:
            self._store.apply(changes)
        except StoreUnavailable:
            log_event(lost, level=logging.ERROR, rows=len(changes))


def _is_final(error: SesameError) -> bool:
    return isinstance(error, _FINAL)


def _ended(claim: Claim, final: SesameError | None) -> RowChange:
    return claim.finish({"error": final.code}) if final else claim.release()


def _refusal(refused: SendRefused) -> SesameError:
    match refused.kind:
        case RefusalKind.FLOW_CONTROL:
            wait_s = refused.retry_after_s
            return Throttled(Quota("provider", 1, wait_s, 0, wait_s))
        case RefusalKind.NUMBER:
            return PhoneInvalid(FieldProblem("phone", "the provider does not know this number"))
        case RefusalKind.UNAVAILABLE:
            return ProviderUnavailable(refused.code, retry_after_s=refused.retry_after_s)


def _out_id(attempt: _Attempt) -> str:
    return f"otp-{attempt.entry}"


def _answer(issued: OtpIssued, *, is_confirmed: bool = True) -> dict[str, object]:
    return {
        "challenge_id": issued.challenge_id,
        "expires_at": issued.expires_at,
        "expires_in_s": issued.expires_in_s,
        "resend_after_s": issued.resend_after_s,
        "code_length": issued.code_length,
        **({} if is_confirmed else {"delivery": "unconfirmed"}),
    }


def _replayed(answer: Mapping[str, object]) -> OtpIssued:
    """An earlier answer as it was, or the error that it was."""
    code = answer.get("error")
    for kind in _FINAL:
        if kind.code == code:
            error = kind()
            error.is_replay = True
            raise error
    return OtpIssued(
        challenge_id=str(answer["challenge_id"]),
        expires_at=int(str(answer["expires_at"])),
        expires_in_s=int(str(answer["expires_in_s"])),
        resend_after_s=int(str(answer["resend_after_s"])),
        code_length=int(str(answer["code_length"])),
        is_confirmed=answer.get("delivery") != "unconfirmed",
        is_replay=True,
    )
