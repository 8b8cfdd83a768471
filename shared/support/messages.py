"""Messages of notifications, read from their rows."""

from __future__ import annotations

from dataclasses import dataclass

from shared.rows import Row, number_in
from shared.support.attempt import RECEIPT_AFTER_MS, Attempt, Line, Verdict, lines_of
from shared.support.explanations import Explanation, Explanations

_GONE, _ON_ITS_WAY = ("failed", "suppressed"), ("queued", "scheduled", "waiting", "sending")
_GOOD = ("message_delivered", "message_waiting", "under_way", "sandbox")


@dataclass(frozen=True, slots=True)
class Messages:
    """Reads messages. Their values stay sealed, and are not shown."""

    explanations: Explanations

    def attempt(self, message_id: str, row: Row, *, now_ms: int) -> Attempt:
        """One of them."""
        lines = lines_of(row, "message", self._explain, more={})
        return Attempt(
            kind="message",
            name=message_id,
            tenant=str(row.get("tenant", "")),
            topic=str(row.get("template", "")),
            channel=str(row.get("channel", "")),
            to=str(row.get("to", "")),
            created_ms=number_in(row, "accepted_ms"),
            expires_ms=0,
            wrong_guesses=0,
            guess_limit=0,
            lines=lines,
            verdict=self._verdict(row, lines, now_ms),
        )

    def _explain(self, event: str, detail: str) -> tuple[Explanation, ...]:
        match event:
            case "undelivered":
                return self.explanations.carrier(detail)
            case "unknown":
                return self.explanations.provider(detail)
            case "waiting" | "failed" | "suppressed" | "sent" | "unconfirmed":
                return self.explanations.reason(detail)
            case _:
                return ()

    def _verdict(self, row: Row, lines: tuple[Line, ...], now_ms: int) -> Verdict:
        status = str(row.get("report") or row.get("status", ""))
        reason = str(row.get("report_code" if "report" in row else "reason", "-"))
        because = self._explain(status, reason) if reason not in ("-", "") else ()
        kind = self._kind(row, status, reason, lines, now_ms)
        is_told = status in (*_GONE, *_ON_ITS_WAY, "undelivered")
        return Verdict(
            kind, kind in _GOOD, self.explanations.verdict(kind), because if is_told else ()
        )

    def _kind(
        self, row: Row, status: str, reason: str, lines: tuple[Line, ...], now_ms: int
    ) -> str:
        if status in _ON_ITS_WAY:
            return "message_waiting"
        match status:
            case "delivered":
                return "sandbox" if reason == "sandbox" else "message_delivered"
            case "undelivered" | "suppressed":
                return status
            case "failed":
                return "refused"
            case "cancelled" | "unconfirmed" | "unknown":
                return f"message_{status}"
            case "sent" if row.get("channel") != "sms":
                return "message_handed_over"
            case "sent":
                sent_ms = max((line.at_ms for line in lines if line.name == "sent"), default=0)
                return "under_way" if now_ms - sent_ms <= RECEIPT_AFTER_MS else "no_receipt"
            case _:
                return "withdrawn"
