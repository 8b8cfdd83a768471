"""An attempt to reach somebody, as it is shown: a code, or a message of a notification."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from shared.rows import Row
from shared.support.explanations import Explanation, Text, event_text
from shared.timeline import timeline

RECEIPT_AFTER_MS = 120_000
"""How long a receipt is simply waited for; most are there within seconds (inferred)."""


@dataclass(frozen=True, slots=True)
class Line:
    """One step. event: `<code|message>.<name>`. detail: as the row has it. because: what the detail
    means, if it needs that.
    """

    at_ms: int
    event: str
    detail: str
    text: Text
    because: tuple[Explanation, ...] = ()

    @property
    def name(self) -> str:
        """The event without whose it is."""
        return self.event.partition(".")[2]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why there is no code, or no message. because: what was given as the reason, most telling
    first; empty where the verdict says it all.
    """

    kind: str
    is_good: bool
    what: Explanation
    because: tuple[Explanation, ...] = ()

    @property
    def fix(self) -> Text:
        """What to do next."""
        return (*self.because, self.what)[0].fix

    @property
    def say(self) -> Text:
        """What to tell the customer."""
        return (*self.because, self.what)[0].say


@dataclass(frozen=True, slots=True)
class Attempt:
    """name: the message's id; of a code, the start of its random bits, which is in no log and
    opens nothing. topic: a purpose or a template's name. to: masked, where the row says it.
    expires_ms: 0 for what does not. wrong_guesses: of a code. is_asked: it was looked up by its id.
    """

    kind: Literal["code", "message"]
    name: str
    tenant: str
    topic: str
    channel: str
    to: str
    created_ms: int
    expires_ms: int
    wrong_guesses: int
    guess_limit: int
    lines: tuple[Line, ...]
    verdict: Verdict
    is_asked: bool = False

    @property
    def was_sent(self) -> bool:
        """False if it certainly never went out."""
        return self.verdict.kind not in ("throttled", "refused", "withdrawn", "suppressed")


def lines_of(
    row: Row,
    kind: Literal["code", "message"],
    explain: Callable[[str, str], tuple[Explanation, ...]],
    *,
    more: Mapping[str, int],
) -> tuple[Line, ...]:
    """A row's timeline in plain words, in order. explain: an event's detail. more: events that
    follow from the state of things, with their times.
    """
    told = [
        (int(str(each["at"])), str(each["event"]), str(each.get("detail", "")))
        for each in timeline(row)
    ]
    told += [(at_ms, event, "") for event, at_ms in more.items()]
    return tuple(
        Line(
            at_ms,
            f"{kind}.{event}",
            detail,
            event_text(f"{kind}.{event}"),
            explain(event, detail) if detail else (),
        )
        for at_ms, event, detail in sorted(told, key=lambda each: (each[0], _rank(each[1])))
    )


def _rank(event: str) -> int:
    """The order of what has one and the same time."""
    return {"requested": 0, "resent": 1, "delivered": 3, "undelivered": 3, "verified": 4}.get(
        event, 2
    )
