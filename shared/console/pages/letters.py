"""Dead letters: what nobody could work on, why, and a button that puts one back.

Looking takes nothing: whatever is shown here is there for everybody else as well.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from shared.console.page import Content, Visit
from shared.errors import QueueUnavailable
from shared.letters.letter import UNKNOWN
from shared.letters.model import Count, LetterBox, Seen
from shared.observability.redaction import redact_text
from shared.support.explanations import Explanations

NOTES = {
    "redriven": "good",
    "kept": "warn",
    "not_put": "bad",
    "homeless": "bad",
    "absent": "warn",
    "unavailable": "bad",
}
"""What came of a redrive, as the address names it, and its tone."""
Kind = Literal["known", "unknown", "unreadable"]
_LONGEST = 200
_PEOPLE = 3


@dataclass(frozen=True, slots=True, repr=False)
class Row:
    """A letter fit to be shown. kind: unknown, if it is none of ours; unreadable, if its reason is
    a word about what is wrong with it; else known, and `means` are causes with what to do. age: in
    `unit`.
    """

    message_id: str
    kind: Kind
    reason: str
    means: tuple[tuple[str, str], ...]
    template: str
    queue: str
    people: tuple[str, ...]
    more_people: int
    died_ms: int
    age: int
    unit: str
    can_go_back: bool


class LettersPage:
    """/console/letters. queues: those that letters can go back to, without the stage. One request
    for the letters and one for their number; no row is read.
    """

    path = "/console/letters"
    nav = "nav.letters"
    scope = "operate"

    def __init__(
        self,
        *,
        letters: LetterBox,
        queues: Collection[str],
        stage: str,
        explanations: Explanations | None = None,
    ) -> None:
        self._explanations = explanations or Explanations()
        self._letters = letters
        self._queues = frozenset(queues)
        self._stage = stage

    def __call__(self, visit: Visit) -> Content:
        """A queue that does not answer is said here, in place of its letters."""
        note = visit.query.get("note", "")
        values: dict[str, object] = {
            "note": note if note in NOTES else "",
            "note_tone": NOTES.get(note, ""),
            "failure": "",
            "rows": [],
            "waiting": 0,
            "held": 0,
            "stage": self._stage,
        }
        try:
            seen = self._letters.peek()
            count = self._count()
        except QueueUnavailable as error:
            return Content("letters.html", {**values, "failure": str(error)}, status=503)
        return Content(
            "letters.html",
            {
                **values,
                "rows": [self._row(each, visit) for each in seen],
                # The service means to tell 0 one day, whatever there is.
                "waiting": max(len(seen), count.waiting if count else 0),
                "held": count.held if count else 0,
            },
        )

    def _count(self) -> Count | None:
        try:
            return self._letters.count()
        except QueueUnavailable:
            return None  # the letters are there all the same

    def _row(self, seen: Seen, visit: Visit) -> Row:
        letter = seen.letter
        means = self._explanations.reason(letter.reason)
        age, unit = _age(max(0, visit.now_ms - seen.died_ms))
        kind: Kind = "known" if means[0].is_known else "unreadable"
        if letter.reason == UNKNOWN:
            kind = "unknown"
        return Row(
            message_id=seen.message_id,
            kind=kind,
            reason=_shown(letter.reason),
            means=tuple((each.cause.to(visit.locale), each.fix.to(visit.locale)) for each in means),
            template=_shown(letter.template),
            queue=_shown(letter.queue),
            people=letter.people(_PEOPLE),
            more_people=max(0, len(letter.recipients) - _PEOPLE),
            died_ms=seen.died_ms,
            age=age,
            unit=unit,
            can_go_back=letter.queue.removesuffix(f"-{self._stage}") in self._queues,
        )


def _shown(text: str) -> str:
    """A text of anybody's, without numbers of phones, and no longer than a cell takes."""
    safe = redact_text(text[: 2 * _LONGEST])
    return safe if len(safe) <= _LONGEST else f"{safe[:_LONGEST]}…"


def _age(age_ms: int) -> tuple[int, str]:
    minutes = age_ms // 60_000
    if minutes < 60:
        return minutes, "minutes"
    return (minutes // 60, "hours") if minutes < 48 * 60 else (minutes // 1440, "days")
