"""Why no code? A number or an id, who asks and why; then what happened, and what to say about it.

The form is posted: what is typed into it is in no address and in no history.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from shared.console.page import Content, Locale, Visit
from shared.errors import FieldProblem, Forbidden, RequestInvalid
from shared.phone import PhoneNumber
from shared.support.asking import (
    WHO_LIMIT,
    WHY_LIMIT,
    Asked,
    Asker,
    read_asked,
    scrubbed,
)
from shared.support.attempt import Attempt, Line
from shared.support.explanations import Explanation
from shared.support.look_up import Found

Read = TypeVar("Read")

_DETAIL_LIMIT = 80
_TONES = {
    "delivered": "good",
    "verified": "good",
    "accepted": "good",
    "sent": "good",
    "undelivered": "bad",
    "refused": "bad",
    "failed": "bad",
    "throttled": "warn",
    "resend_throttled": "warn",
    "unknown": "warn",
    "unreported": "warn",
    "unconfirmed": "warn",
    "suppressed": "warn",
    "expired": "warn",
    "replaced": "warn",
}


class LooksUp(Protocol):
    """The use case."""

    def __call__(self, asked: Asked, *, by: Asker, now_ms: int) -> Found:
        """Raises Forbidden, StoreUnavailable."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """An explanation in one language."""

    name: str
    cause: str
    fix: str
    is_known: bool
    is_inferred: bool


@dataclass(frozen=True, slots=True)
class Step:
    """A line of a timeline in one language."""

    at_ms: int
    text: str
    detail: str
    tone: str
    meanings: tuple[Meaning, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """An attempt in one language. ends: why there is no code, then what was given as the reason."""

    attempt: Attempt
    was_sent: bool
    tone: str
    ends: tuple[Meaning, ...]
    fix: str
    say: str
    steps: tuple[Step, ...]


class LookupPage:
    """/console/lookup. parse_phone: a number as it was typed; raises PhoneInvalid."""

    path = "/console/lookup"
    nav = "nav.lookup"
    scope = "support"

    def __init__(self, *, look_up: LooksUp, parse_phone: Callable[[str], PhoneNumber]) -> None:
        self._look_up = look_up
        self._parse_phone = parse_phone

    def __call__(self, visit: Visit) -> Content:
        """The form; with what was found, or what is wrong with what was typed. Raises
        StoreUnavailable.
        """
        if visit.method != "POST":
            return _form(visit)
        problems: list[FieldProblem] = []
        asker = _tried(lambda: self._asker(visit), problems)
        what = visit.form.get("what", "")
        asked = _tried(lambda: read_asked(what, self._parse_phone), problems)
        if asker is None or asked is None:
            return _form(visit, problems=problems)
        try:
            found = self._look_up(asked, by=asker, now_ms=visit.now_ms)
        except Forbidden:
            return _form(visit, problems=[FieldProblem("what", "foreign")], status=403)
        return _form(visit, found=_result(found, visit.locale))

    def _asker(self, visit: Visit) -> Asker:
        visitor = visit.visitor
        return Asker.named(
            tenant=visitor.tenant,
            sees=visitor.sees,
            key_name=visitor.key_name,
            who=visit.form.get("who", ""),
            why=visit.form.get("why", ""),
        )


def _tried(read: Callable[[], Read], problems: list[FieldProblem]) -> Read | None:
    """What was read; None if it cannot be, and why is then among the problems."""
    try:
        return read()
    except RequestInvalid as error:
        problems += error.problems
        return None


def _form(
    visit: Visit,
    *,
    found: Mapping[str, object] | None = None,
    problems: Sequence[FieldProblem] = (),
    status: int = 0,
) -> Content:
    """The page. What was looked up is never put back into the form; who and why are, as they are
    in the log.
    """
    return Content(
        "lookup.html",
        {
            "who": scrubbed(visit.form.get("who", ""), WHO_LIMIT),
            "why": scrubbed(visit.form.get("why", ""), WHY_LIMIT),
            "problems": problems,
            "found": found,
            "may_see_all": visit.visitor.may("operate"),
        },
        status or (400 if problems else 200),
    )


def _result(found: Found, locale: Locale) -> Mapping[str, object]:
    latest, last_sent = found.latest, found.last_sent
    asked = found.asked
    return {
        "kind": asked.kind,
        "of": asked.phone.masked if asked.phone else "",
        "is_partial": found.is_partial,
        "nothing": _meaning(found.nothing, locale),
        "say_nothing": found.nothing.say.to(locale),
        "latest": _shown(latest, locale) if latest else None,
        "last_sent": _shown(last_sent, locale) if last_sent else None,
        "codes": [_shown(each, locale) for each in found.codes],
        "messages": [_shown(each, locale) for each in found.messages],
        "more_codes": found.more_codes,
        "more_messages": found.more_messages,
    }


def _shown(attempt: Attempt, locale: Locale) -> Shown:
    verdict = attempt.verdict
    held_back = ("throttled", "no_receipt", "unclear", "suppressed", "spent")
    tone = "good" if verdict.is_good else "warn" if verdict.kind in held_back else "bad"
    return Shown(
        attempt=attempt,
        was_sent=attempt.was_sent,
        tone=tone,
        ends=tuple(_meaning(each, locale) for each in (verdict.what, *verdict.because)),
        fix=verdict.fix.to(locale),
        say=verdict.say.to(locale),
        steps=tuple(_step(line, locale) for line in attempt.lines),
    )


def _step(line: Line, locale: Locale) -> Step:
    return Step(
        at_ms=line.at_ms,
        text=line.text.to(locale),
        detail=line.detail[:_DETAIL_LIMIT],
        tone=_TONES.get(line.name, ""),
        meanings=tuple(_meaning(each, locale) for each in line.because),
    )


def _meaning(explanation: Explanation, locale: Locale) -> Meaning:
    return Meaning(
        explanation.name[:_DETAIL_LIMIT],
        explanation.cause.to(locale),
        explanation.fix.to(locale),
        explanation.is_known,
        explanation.is_inferred,
    )
