"""A row store and a provider on which things go wrong by order, one call at a time.

What may go wrong is what RowStore allows: a call is refused, lost before or after it was applied,
applied in part, or applied with a copy left on the way that lands whenever it likes; and the
process may die before or after it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from shared.errors import StoreUnavailable
from shared.phone import PhoneNumber
from shared.rows import Row, RowChange, RowKey
from shared.send_outcome import RefusalKind, SendAccepted, SendOutcome, SendRefused, SendUnknown
from tests.fakes.memory_rows import MemoryRows

StoreFault = Literal[
    "none",
    "refused",
    "lost_before",
    "lost_after",
    "torn",
    "echoed",
    "died_before",
    "died_after",
    "meanwhile",
]
STORE_FAULTS: tuple[StoreFault, ...] = (
    "none",
    "refused",
    "lost_before",
    "lost_after",
    "torn",
    "echoed",
    "died_before",
    "died_after",
    "meanwhile",
)
SendFault = Literal[
    "accepted",
    "number",
    "flow",
    "account",
    "lost_before",
    "lost_after",
    "died_before",
    "died_after",
]
SEND_FAULTS: tuple[SendFault, ...] = (
    "accepted",
    "number",
    "flow",
    "account",
    "lost_before",
    "lost_after",
    "died_before",
    "died_after",
)
_REFUSALS = {
    "number": SendRefused(RefusalKind.NUMBER, "isv.MOBILE_NUMBER_ILLEGAL"),
    "flow": SendRefused(RefusalKind.FLOW_CONTROL, "isv.BUSINESS_LIMIT_CONTROL"),
    "account": SendRefused(RefusalKind.ACCOUNT, "isv.AMOUNT_NOT_ENOUGH"),
}


class ProcessDied(BaseException):
    """The process was killed; nothing of ours runs after it."""


@dataclass(frozen=True, slots=True)
class Guess:
    """What a verify is about: `number` tells it from every other."""

    number: int
    challenge_id: str
    at_ms: int


class FaultyRows(MemoryRows):
    """A memory store with a plan of faults, one for each coming call; none once it is used up.

    under_way: copies of batches that may still land, each with the guess that it belongs to.
    evaluated: guesses that the phone's row counted, and so the ones whose answer could tell.
    """

    def __init__(self) -> None:
        super().__init__()
        self.plan: list[StoreFault] = []
        self.meanwhile: Callable[[], None] = lambda: None
        self.guess: Guess | None = None
        self.evaluated: dict[int, Guess] = {}
        self.under_way: list[tuple[Sequence[RowChange], Guess | None]] = []
        self.struck = 0

    def apply(self, changes: Sequence[RowChange]) -> list[bool]:
        """As the port says, unless the plan says otherwise."""
        fault = self._next_fault()
        match fault:
            case "refused":
                raise StoreUnavailable("refused", maybe_applied=False)
            case "lost_before":
                self.under_way.append((changes, self.guess))
                raise StoreUnavailable("lost")
            case "died_before":
                self.under_way.append((changes, self.guess))
                raise ProcessDied
            case "torn":
                self._write(changes[::2], self.guess)
                self.under_way.append((changes[1::2], self.guess))
                raise StoreUnavailable("torn")
        verdicts = self._write(changes, self.guess)
        match fault:
            case "lost_after":
                raise StoreUnavailable("lost")
            case "died_after":
                raise ProcessDied
            case "echoed":
                self.under_way.append((changes, self.guess))
        return verdicts

    def read(self, keys: Sequence[RowKey]) -> list[Row | None]:
        """As the port says, unless the plan says otherwise."""
        match self._next_fault():
            case "refused" | "lost_before" | "lost_after" | "torn":
                raise StoreUnavailable("lost", maybe_applied=False)
            case "died_before" | "died_after":
                raise ProcessDied
        return super().read(keys)

    def land(self, place: int) -> None:
        """Carry out a copy that was still under way; it stays there, as there may be more."""
        self._write(*self.under_way[-1 - place % min(4, len(self.under_way))])

    def _write(self, changes: Sequence[RowChange], guess: Guess | None) -> list[bool]:
        verdicts = [self._apply_one(change) for change in changes]
        if guess is not None and any(
            was_applied and change.key.item == "phone"
            for change, was_applied in zip(changes, verdicts, strict=True)
        ):
            self.evaluated[guess.number] = guess
        return verdicts

    def _next_fault(self) -> StoreFault:
        fault: StoreFault = self.plan.pop(0) if self.plan else "none"
        self.struck += fault != "none"
        if fault == "meanwhile":
            plan, guess, self.plan, self.guess = self.plan, self.guess, [], None
            self.meanwhile()
            self.plan, self.guess = plan, guess
        return fault


@dataclass(frozen=True, slots=True)
class Order:
    """One wish for a code, as a caller makes it."""

    tenant: str
    phone: str
    purpose: str
    client_ip: str | None = None
    device_id: str | None = None
    key: str | None = None
    challenge_id: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """What the provider was given. went: it is, or may be, on its way."""

    order: Order
    code: str
    at_ms: int
    went: bool


@dataclass
class FaultySender:
    """Implements CodeSender; `order` is what the running request is for."""

    now_ms: Callable[[], int]
    messages: list[Message] = field(default_factory=list)
    order: Order | None = None
    fault: SendFault = "accepted"

    def reaches(self, *, phone: PhoneNumber, purpose: str) -> bool:
        """Every destination has a template."""
        return True

    def send_code(
        self, *, phone: PhoneNumber, purpose: str, code: str, locale: str | None, out_id: str
    ) -> SendOutcome:
        """Ends as `fault` says."""
        fault, self.fault = self.fault, "accepted"
        assert self.order is not None
        went = fault not in _REFUSALS and fault != "died_before"
        self.messages.append(Message(self.order, code, self.now_ms(), went))
        match fault:
            case "died_before" | "died_after":
                raise ProcessDied
            case "lost_before" | "lost_after":
                return SendUnknown("lost")
            case "accepted":
                return SendAccepted("biz-1")
        return _REFUSALS[fault]
