"""What a request counts as, in the batches that it makes anyway."""

from __future__ import annotations

from dataclasses import dataclass

from shared.errors import SesameError, StoreUnavailable, Throttled
from shared.otp.issuance import Issuance
from shared.otp.ports import SendCounts
from shared.rows import RowChange


@dataclass(frozen=True, slots=True)
class Counting:
    """Counts requests; those of test numbers, which send nothing, count for nothing. counts: None
    to count none.
    """

    counts: SendCounts | None

    def sent(self, issuance: Issuance, at_ms: int) -> list[RowChange]:
        """For the batch that records the send."""
        counts, rows = self._of(issuance), issuance.rows
        if counts is None:
            return []
        expires_ms = rows.ref.expires_ms
        return [counts.sent(rows.own, expires_ms=expires_ms, entry=issuance.entry, now_ms=at_ms)]

    def sent_unwritten(self, issuance: Issuance) -> None:
        """That batch failed."""
        counts, rows = self._of(issuance), issuance.rows
        if counts is not None:
            expires_ms = rows.ref.expires_ms
            counts.sent_unwritten(rows.own, expires_ms=expires_ms, entry=issuance.entry)

    def held_back(self, issuance: Issuance, reason: str | None, now_ms: int) -> list[RowChange]:
        """For the batch that undoes a request. reason: None for one that counts for nothing."""
        counts = self._of(issuance)
        if counts is None or reason is None:
            return []
        return [counts.held_back(issuance.request.facts, reason=reason, now_ms=now_ms)]

    def held_back_unwritten(self, issuance: Issuance, ended: SesameError | None) -> None:
        """There is no such batch, as nothing was taken."""
        counts, reason = self._of(issuance), reason_of(ended)
        if counts is not None and reason is not None:
            counts.held_back_unwritten(issuance.request.facts, reason=reason)

    def _of(self, issuance: Issuance) -> SendCounts | None:
        return None if issuance.is_sandboxed else self.counts


def reason_of(ended: SesameError | None) -> str | None:
    """What a request that ended so counts as; None for a replay, and while the store is down."""
    if ended is None or isinstance(ended, StoreUnavailable):
        return None
    if isinstance(ended, Throttled):
        return f"throttled.{ended.quota.policy}"
    return f"stopped.{ended.code}"
