"""Attempts to send a code, read from the rows of one phone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.rows import STATE, Row, RowKey, number_in
from shared.support.attempt import RECEIPT_AFTER_MS, Attempt, Line, Verdict, lines_of
from shared.support.explanations import Explanation, Explanations

CHALLENGE, PHONE = "challenge_", "phone"
_NAME_DIGITS = 8
_OUTCOMES = ("accepted", "unknown", "refused", "throttled", "undelivered")
_SENDING_MS = 30_000
"""Longer than a request may run: what says no more after that never will."""


def challenge_key(subject: str, nonce: str) -> RowKey:
    """The row of one attempt."""
    return RowKey(subject, f"{CHALLENGE}{nonce}", STATE)


def phone_key(subject: str) -> RowKey:
    """The row of the phone itself: which codes are live, and how often each was guessed."""
    return RowKey(subject, PHONE, STATE)


def named_in(phone: Row, limit: int) -> list[str]:
    """The latest codes that the phone's row names, newest first."""
    named = [
        (number_in(phone, column), column.rpartition("_")[2])
        for column in phone
        if column.startswith("exp_")
    ]
    return [nonce for _, nonce in sorted(named, reverse=True) if nonce != _VOID][:limit]


@dataclass(frozen=True, slots=True)
class Codes:
    """Reads attempts. guess_limits: of each purpose; 3 of one that is not there."""

    explanations: Explanations
    guess_limits: Mapping[str, int] = field(default_factory=dict)

    def attempt(
        self, nonce: str, row: Row, phone: Row, others: Mapping[str, Row], *, now_ms: int
    ) -> Attempt:
        """One of them. phone: its phone's row. others: by their random bits."""
        purpose, state = str(row.get("purpose", "")), str(row.get("state", ""))
        expires_ms = number_in(row, "expires_ms")
        replaced_ms = _replaced_ms(nonce, phone, others, expires_ms)
        more: dict[str, int] = {}
        if state == "pending" and replaced_ms is not None:
            more["replaced"] = replaced_ms or expires_ms
        elif state == "pending" and 0 < expires_ms <= now_ms:
            more["expired"] = expires_ms
        guesses = number_in(phone, f"try_{nonce}")
        guess_limit = self.guess_limits.get(purpose, 3)
        lines = lines_of(row, "code", self._explain, more=more)
        return Attempt(
            kind="code",
            name=nonce[:_NAME_DIGITS],
            tenant=str(row.get("tenant", "")),
            topic=purpose,
            channel="sms",
            to="",
            created_ms=number_in(row, "created_ms"),
            expires_ms=expires_ms,
            wrong_guesses=guesses - (1 if state == "used" and guesses else 0),
            guess_limit=guess_limit,
            lines=lines,
            verdict=self._verdict(row, lines, is_spent=guesses >= guess_limit, now_ms=now_ms),
        )

    def _explain(self, event: str, detail: str) -> tuple[Explanation, ...]:
        match event:
            case "throttled" | "resend_throttled":
                return self.explanations.limit(detail)
            case "refused" | "unknown":
                return self.explanations.provider(detail)
            case "undelivered":
                return self.explanations.carrier(detail)
            case _:
                return ()

    def _verdict(
        self, row: Row, lines: tuple[Line, ...], *, is_spent: bool, now_ms: int
    ) -> Verdict:
        names = {line.name for line in lines}
        if row.get("state") == "used" or "verified" in names:
            return self._says("verified", is_good=True)
        if row.get("biz_id") == "sandbox":
            return self._says("sandbox", is_good=True)
        last = next((line for line in reversed(lines) if line.name in _OUTCOMES), None)
        if last is not None and last.name in ("throttled", "refused"):
            return self._says(last.name, last)
        if last is None and "delivered" not in names:
            is_over = row.get("state") == "void"
            is_old = now_ms - number_in(row, "created_ms") > _SENDING_MS
            return self._says(
                "withdrawn" if is_over else "broken_off" if is_old else "under_way",
                is_good=not is_over and not is_old,
            )
        if is_spent:
            return self._says("spent")
        if "delivered" in names:
            ended = "replaced" if "replaced" in names else "delivered_expired"
            is_live = not names & {"replaced", "expired"}
            return self._says("delivered" if is_live else ended, is_good=is_live)
        if last is not None and last.name == "undelivered":
            return self._says("undelivered", last)
        if "replaced" in names:
            return self._says("replaced")
        if last is not None and last.name == "unknown":
            return self._says("unclear")
        is_fresh = last is not None and now_ms - last.at_ms <= RECEIPT_AFTER_MS
        return self._says("under_way" if is_fresh else "no_receipt", is_good=is_fresh)

    def _says(self, kind: str, line: Line | None = None, *, is_good: bool = False) -> Verdict:
        because = line.because if line else ()
        return Verdict(kind, is_good, self.explanations.verdict(kind), because)


_VOID = "none"


def _replaced_ms(nonce: str, phone: Row, others: Mapping[str, Row], expires_ms: int) -> int | None:
    """When a newer code took the place of this one, 0 if that is not known; None if none did while
    it was good.
    """
    named = (each for each in phone if each.startswith("exp_") and each.endswith(f"_{nonce}"))
    column = next(named, None)
    if column is None:
        return None
    slot = column.removeprefix("exp_").rpartition("_")[0]
    current = str(phone.get(f"cur_{slot}", nonce))
    if current in (nonce, _VOID):
        return None
    replaced_ms = number_in(others.get(current, {}), "created_ms")
    return None if replaced_ms > expires_ms else replaced_ms
