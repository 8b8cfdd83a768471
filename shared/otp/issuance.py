"""One request on its way, as plans: what it takes, takes again, gives back, records.

Nothing here touches the store. Each method joins the plans of the parts - limits, challenge,
idempotency key - by row; `shared/otp/request.py` has them carried out.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping
from dataclasses import dataclass, replace

from shared.errors import ChallengeInvalid, Quota, SesameError, Throttled
from shared.otp.answers import answer_of, answer_of_error, replayed
from shared.otp.challenge_rows import ChallengeRows, code_out_id
from shared.otp.model import OtpIssued, OtpRequest
from shared.otp.policy import Policy
from shared.otp.ports import Admission, Claim
from shared.rows import Row, RowChange, RowKey, Value, join
from shared.timeline import event

Rows = Mapping[RowKey, Row | None]


@dataclass(frozen=True, slots=True, repr=False)
class Issuance:
    """The parts of one request, each of which knows its own rows.

    context: the keyed hash of the bound context. entry: marks what this request writes.
    issued: the answer if all goes well. now_ms: the moment of the request. is_sandboxed: of a test
    number, so that nothing is sent. request_id: of the invocation, to be found by.
    """

    request: OtpRequest
    policy: Policy
    rows: ChallengeRows
    code: str
    code_hash: str
    context: str
    admission: Admission
    claim: Claim | None
    issued: OtpIssued
    entry: str
    now_ms: int
    is_sandboxed: bool = False
    request_id: str = ""

    @property
    def is_resend(self) -> bool:
        """True if an earlier challenge is to go out again."""
        return self.request.challenge_id is not None

    @property
    def out_id(self) -> str:
        """What the provider is given to echo in its receipts."""
        return code_out_id(entry=self.entry, nonce=self.rows.nonce)

    def take(self) -> list[RowChange]:
        """Everything at once: the limits, the challenge, the key."""
        return join([*self.admission.claim(), *self._challenge(), *self._key()])

    def take_again(self, rows: Rows, held: Container[RowKey]) -> list[RowChange]:
        """What is still missing, made for the rows as they are.

        Raises what explains a row that refused: ChallengeInvalid, Throttled.
        """
        # First, so that a phone without guesses left has one answer, whatever its challenge's
        # state: that state may tell that a guess which no longer counted was right.
        self.admission.refuse_spent_guesses(rows)
        if self.is_resend and not self.rows.is_open(
            rows.get(self.rows.phone),
            rows.get(self.rows.own),
            context=self.context,
            policy=self.policy,
            now_ms=self.now_ms,
        ):
            raise ChallengeInvalid
        wait_s = self._cool_down_s(rows) if self.rows.phone not in held else 0
        if wait_s:
            span_s = self.policy.resend_after_s
            raise Throttled(Quota("resend", 1, span_s, 0, wait_s))
        changes = join([*self.admission.reclaim(rows, held), *self._challenge(), *self._key()])
        return [change for change in changes if change.key not in held]

    def earlier_answer(self, rows: Rows) -> OtpIssued | None:
        """What a request with the same key was answered, if there was one.

        Raises IdempotencyInProgress, IdempotencyKeyReused, or the error that was the answer.
        """
        if self.claim is None:
            return None
        answer = self.claim.replay(rows.get(self.claim.row), self.now_ms)
        return None if answer is None else replayed(answer)

    def give_back(
        self,
        rows: Rows,
        held: Container[RowKey],
        *,
        ended: SesameError | None,
        known: Collection[RowKey] = (),
    ) -> list[RowChange]:
        """Undo the rows that were taken, as nothing was sent. held: those that may be; known:
        those that certainly are.
        """
        changes = [*self.admission.refund(known), *self._key_end(ended)]
        changes += self.rows.warm(policy=self.policy, now_ms=self.now_ms)
        if not self.is_resend:
            changes += self.rows.withdraw(rows.get(self.rows.phone), self._line(ended))
        elif self.policy.resend == "new" and self._keys <= set(known):
            # All was taken, so the new code may stand in the place of the old one already, and
            # nobody has it.
            changes += self.rows.void(self._line(ended))
        undone = [change for change in join(changes) if change.key in held]
        if undone and ended and self.is_resend and self.rows.own in held:
            undone = join([*undone, self.rows.tell(self._line(ended))])
        if undone and ended:
            undone += self.rows.found_by(self.request_id)
        return undone

    def unsend(self, ended: SesameError, *, code: str) -> list[RowChange]:
        """Undo all after the provider refused with `code`. The challenge is void, and what it
        replaced stays so; but a resend leaves the code valid, since its first message may well be
        there, unless a new code was to take its place: nobody has that one.
        """
        keeps = self.is_resend and self.policy.resend == "same"
        line = event(self.now_ms, "refused", code)
        end = [self.rows.tell(line)] if keeps else self.rows.void(line)
        return join(
            [
                *self.admission.refund(self._keys),
                *self.rows.warm(policy=self.policy, now_ms=self.now_ms),
                *end,
                *self._key_end(ended),
                *self.rows.found_by(self.request_id),
            ]
        )

    @property
    def _keys(self) -> set[RowKey]:
        return {change.key for change in self.take()}

    def renewal(self) -> RowChange | None:
        """The new code of a resend, where its policy wants one: the last change before the send."""
        if not self.is_resend or self.policy.resend == "same":
            return None
        return self.rows.renew(code_hash=self.code_hash, entry=self.entry)

    def record(
        self, issued: OtpIssued, *, biz_id: str, at_ms: int, unless_full: bool
    ) -> list[RowChange]:
        """Keep how the send ended, which was at `at_ms`. The phone's row comes first; with
        `unless_full` it refuses if the phone may have no send left.
        """
        delivery = "accepted" if issued.is_confirmed else "unknown"
        return join(
            [
                self.admission.postpone(at_ms, unless_full=unless_full),
                self.rows.settle(
                    delivery=delivery,
                    biz_id=biz_id,
                    out_id=self.out_id,
                    entry=self.entry,
                    at_ms=at_ms,
                    is_resend=self.is_resend,
                    shadowed=self.admission.shadowed,
                ),
                *([self.claim.finish(answer_of(issued))] if self.claim else []),
                *self.rows.found_by(self.request_id),
            ]
        )

    def _line(self, ended: SesameError | None) -> Mapping[str, Value]:
        """What the challenge's timeline says of a request that was not sent."""
        if isinstance(ended, Throttled):
            name = "resend_throttled" if self.is_resend else "throttled"
            return event(self.now_ms, name, ended.quota.policy)
        return event(self.now_ms, "refused", ended.code) if ended else {}

    def ended(self, quota: Quota, *, is_confirmed: bool) -> OtpIssued:
        """The answer, once the message is, or may be, on its way. quota: the phone's tightest."""
        cool_down_s = max(quota.reset_s, self.issued.resend_after_s)
        return replace(
            self.issued, quota=quota, resend_after_s=cool_down_s, is_confirmed=is_confirmed
        )

    def _cool_down_s(self, rows: Rows) -> int:
        return self.rows.cool_down_s(
            rows.get(self.rows.phone), policy=self.policy, now_ms=self.now_ms
        )

    def _challenge(self) -> list[RowChange]:
        if self.is_resend:
            return self.rows.reopen(
                context=self.context, policy=self.policy, entry=self.entry, now_ms=self.now_ms
            )
        return self.rows.open(
            code_hash=self.code_hash,
            context=self.context,
            policy=self.policy,
            now_ms=self.now_ms,
        )

    def _key(self) -> list[RowChange]:
        return [self.claim.change()] if self.claim else []

    def _key_end(self, ended: SesameError | None) -> list[RowChange]:
        if self.claim is None:
            return []
        answer = answer_of_error(ended) if ended else None
        return [self.claim.finish(answer) if answer else self.claim.release()]
