"""The button that puts a dead letter back. It is a page of a function of its own, since no page of
the console's may change anything; who presses it is asked the same as everywhere.
"""

from __future__ import annotations

import re

from shared.console.page import Redirect, Visit
from shared.errors import FieldProblem, QueueUnavailable, RequestInvalid
from shared.letters.redrive import RedriveLetter
from shared.observability.events import REDRIVE_ENDED
from shared.observability.logs import log_event

LETTERS = "/console/letters"
_MESSAGE_ID = re.compile(r"[A-Za-z0-9-]{1,128}")


class RedriveLetterPage:
    """POST /console/letters/redrive with the id of a letter's message; back to the list, with a
    note of what came of it.
    """

    path = "/console/letters/redrive"
    nav = ""
    scope = "operate"

    def __init__(self, redrive: RedriveLetter) -> None:
        self._redrive = redrive

    def __call__(self, visit: Visit) -> Redirect:
        """Raises RequestInvalid for what is no id."""
        if visit.method != "POST":
            return Redirect(LETTERS)
        message_id = visit.form.get("letter", "")
        if not _MESSAGE_ID.fullmatch(message_id):
            raise RequestInvalid(FieldProblem("letter", "not_a_letter"))
        held = None
        try:
            outcome, held = self._redrive(message_id)
            note: str = outcome
        except QueueUnavailable:
            note = "unavailable"
        log_event(
            REDRIVE_ENDED,
            key_id=visit.visitor.key_name,
            tenant=visit.visitor.tenant,
            letter_id=message_id,
            outcome=note,
            queue=held.letter.queue[:64] if held else None,
            template=held.letter.template[:64] if held else None,
            reason=held.letter.reason[:200] if held else None,
        )
        return Redirect(f"{LETTERS}?note={note}")
