"""What the use cases need of other rooms; wiring hands it in."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Protocol

from shared.errors import Quota
from shared.phone import PhoneNumber
from shared.rows import Row, RowChange, RowKey
from shared.send_facts import SendFacts
from shared.send_outcome import SendOutcome


class Admission(Protocol):
    """One send's way through its limits."""

    def claim(self) -> list[RowChange]:
        """Count the send in every limit."""

    def reclaim(
        self, rows: Mapping[RowKey, Row | None], held: Container[RowKey]
    ) -> list[RowChange]:
        """The claim again for rows that refused. Raises Throttled if a limit is really full."""

    def refuse_spent_guesses(self, rows: Mapping[RowKey, Row | None]) -> None:
        """Raises Throttled if the phone has no guess left."""

    def is_being_guessed(self, rows: Mapping[RowKey, Row | None]) -> bool:
        """True if the phone has spent more than half of its guesses."""

    def at_risk(self, risk: int) -> Admission:
        """The same for a code of which one guess is right with that probability."""

    def refund(self, held: Container[RowKey]) -> list[RowChange]:
        """Take the send back. held: the rows that it certainly counts in."""

    def settle(self) -> None:
        """The send happened."""

    @property
    def shadowed(self) -> Sequence[str]:
        """The rules in shadow that would have held the send back; known once it is settled."""

    def postpone(self, at_ms: int, *, unless_full: bool) -> RowChange:
        """Date the send to when it was over; or not, if the phone may have no send left."""

    @property
    def quota(self) -> Quota:
        """The tightest limit of the phone after a send that left room in the others."""

    def tightest(self, phone: Row | None, at_ms: int) -> Quota:
        """The tightest limit of the phone by its row as read."""


class SendLimits(Protocol):
    """The limits in force for sends."""

    def admission(
        self,
        facts: SendFacts,
        *,
        phone_row: RowKey,
        purpose_limits: Sequence[tuple[int, int]],
        risk: int,
        entry: str,
        now_ms: int,
        proof: str | None = None,
    ) -> Admission:
        """The limits that one send counts in: (limit, window in s) of its purpose among them. risk:
        of one guess at its code. proof: what the caller gave as one, should a limit want it.
        """


class SendRules(Protocol):
    """Who may be sent codes at all."""

    def check(self, facts: SendFacts) -> None:
        """Raises DestinationNotAllowed, Forbidden."""


class CallerCheck(Protocol):
    """Asks, in a batch that is made anyway, whether who calls still may."""

    def change(self) -> RowChange:
        """Refused if not."""

    def settle(self, *, was_applied: bool) -> None:
        """Take in what became of it. Raises Unauthenticated if it was refused."""


class Sandbox(Protocol):
    """Numbers that nothing is ever sent to."""

    def code_for(self, tenant: str, phone: PhoneNumber) -> str | None:
        """The fixed code of a tenant's test number; None if it is a real one."""


class ProofDemand(Protocol):
    """Wants a proof where a phone's codes are being guessed at."""

    def refuse_guessed(self, facts: SendFacts, *, proof: str | None, now_ms: int) -> None:
        """Raises ProofRequired."""


class Tally(Protocol):
    """One guess, counted as right."""

    @property
    def changes(self) -> Sequence[RowChange]:
        """For the batch of the guess: rows of their own, which nothing refuses."""

    def end(self, *, was_right: bool) -> None:
        """Say how it ended; to be left out where nobody knows."""


class Conversions(Protocol):
    """Counts which codes are typed."""

    def guess(self, *, tenant: str, phone: PhoneNumber, sent_ms: int, entry: str) -> Tally:
        """A guess at a code that was first sent at `sent_ms`."""


class SendCounts(Protocol):
    """Counts what became of requests, in batches that are made anyway."""

    def sent(self, challenge: RowKey, *, expires_ms: int, entry: str, now_ms: int) -> RowChange:
        """The challenge's row is looked at soon, and once it is over, and counted for what it says
        by then. entry: names the send.
        """

    def sent_unwritten(self, challenge: RowKey, *, expires_ms: int, entry: str) -> None:
        """The same without a batch: the send's own failed. It rides in a later one."""

    def held_back(self, facts: SendFacts, *, reason: str, now_ms: int) -> RowChange:
        """One more was not sent. reason: `refused.<the provider's code>`, `throttled.<policy>` or
        `stopped.<our code>`.
        """

    def held_back_unwritten(self, facts: SendFacts, *, reason: str) -> None:
        """The same without a batch."""


class GuessLimits(Protocol):
    """The limits in force for guesses."""

    def guess(self, phone_row: RowKey, *, risk: int, entry: str, now_ms: int) -> RowChange:
        """Count one guess, right with the probability `risk` / policy.CERTAIN; refused if what the
        phone's guesses may add up to could be exceeded.
        """


class Claim(Protocol):
    """One request's hold on its idempotency key."""

    @property
    def row(self) -> RowKey:
        """The record's row."""

    def change(self) -> RowChange:
        """Take the key."""

    def finish(self, answer: Mapping[str, object]) -> RowChange:
        """Keep the answer for every repetition."""

    def release(self) -> RowChange:
        """Give the key back."""

    def replay(self, row: Row | None, now_ms: int) -> Mapping[str, object] | None:
        """What an earlier request was answered. Raises if it is still running or was another."""


class IdempotencyKeys(Protocol):
    """Makes claims on keys."""

    def claim(
        self,
        *,
        tenant: str,
        key: str,
        request: Mapping[str, object],
        answer: Mapping[str, object],
        owner: str,
        now_ms: int,
    ) -> Claim:
        """A claim on `key` for `request`, expecting `answer`."""


class CodeSender(Protocol):
    """Brings a code to a phone."""

    def reaches(self, *, phone: PhoneNumber, purpose: str) -> bool:
        """True if there is a template for that destination."""

    def send_code(
        self, *, phone: PhoneNumber, purpose: str, code: str, locale: str | None, out_id: str
    ) -> SendOutcome:
        """How the send ended; never raises for a provider's failure."""
