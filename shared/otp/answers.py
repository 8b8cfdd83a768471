"""The answer to a request for a code: as the caller gets it, as an idempotency record keeps it, and
as a repetition gets it again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from shared.errors import ChallengeInvalid, FieldProblem, PhoneInvalid, SesameError
from shared.otp.model import OtpIssued


def number_refused() -> PhoneInvalid:
    """What the provider's refusal of a number is to the caller."""
    return PhoneInvalid(FieldProblem("phone", "the provider does not know this number"))


_FINAL: Mapping[str, Callable[[], SesameError]] = {
    ChallengeInvalid.code: ChallengeInvalid,
    PhoneInvalid.code: number_refused,
}
"""Errors that the same request will always meet; all others give the key back."""


def answer_of(issued: OtpIssued) -> dict[str, object]:
    """An issued code, as plain data."""
    return {
        "challenge_id": issued.challenge_id,
        "expires_at": issued.expires_at,
        "expires_in_s": issued.expires_in_s,
        "resend_after_s": issued.resend_after_s,
        "code_length": issued.code_length,
        **({} if issued.is_confirmed else {"delivery": "unconfirmed"}),
    }


def answer_of_error(error: SesameError) -> dict[str, object] | None:
    """A final error as it is kept; None for one that is not kept."""
    return {"error": error.code} if error.code in _FINAL else None


def replayed(answer: Mapping[str, object]) -> OtpIssued:
    """What was answered before, marked as a replay. Raises the error, if it was one."""
    final = _FINAL.get(str(answer.get("error")))
    if final:
        error = final()
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
