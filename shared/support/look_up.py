"""Why no code? One look-up, in at most three round trips and less than a megabyte.

Whoever may see only their own tenant finds only what is that tenant's: the rows of a phone hold
what all tenants sent it. Every look-up is a line in the log, found or not: who asked and why, and
never for which number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from shared.errors import Forbidden, SesameError
from shared.observability.events import SUPPORT_LOOKED_UP
from shared.observability.logs import log_event
from shared.phone import PhoneNumber
from shared.rows import RECORDS, STATE, Row, RowKey, RowRange, RowStore, number_in
from shared.support.asking import Asked, Asker
from shared.support.attempt import Attempt
from shared.support.codes import CHALLENGE, PHONE, Codes, challenge_key, named_in, phone_key
from shared.support.explanations import Explanation
from shared.support.messages import Messages

CODES_READ, LISTED_READ, MESSAGES_READ = 600, 800, 50
"""Rows of some 900, 250 and 1,500 bytes."""
MESSAGE = "message:"
CODES_SHOWN, MESSAGES_SHOWN = 30, 20
LISTED_MS = 7 * 86_400_000


@dataclass(frozen=True, slots=True)
class Places:
    """Where other rooms keep what is looked up.

    phone_subject: of the rows of a phone's codes. person_subject: of the list of its messages.
    message_key: of a message by its id; None for what is no id. message_id: the other way.
    """

    phone_subject: Callable[[PhoneNumber], str]
    person_subject: Callable[[PhoneNumber], str]
    message_key: Callable[[str], RowKey | None]
    message_id: Callable[[RowKey], str]


@dataclass(frozen=True, slots=True, repr=False)
class Found:
    """What was found. codes and messages: newest first; more_codes, more_messages: that are older
    and not shown. is_partial: there was more than can be read, so the newest may be missing.
    nothing: what to say where there is neither.
    """

    asked: Asked
    nothing: Explanation
    codes: tuple[Attempt, ...] = ()
    messages: tuple[Attempt, ...] = ()
    more_codes: int = 0
    more_messages: int = 0
    is_partial: bool = False

    @property
    def latest(self) -> Attempt | None:
        """The attempt that the question is about: the one that was asked for, else the latest
        code, else the latest message.
        """
        everything = (*self.codes, *self.messages)
        if self.asked.kind != "phone":
            return next((each for each in everything if each.is_asked), None)
        return next(iter(everything), None)

    @property
    def last_sent(self) -> Attempt | None:
        """The latest code that went out, where the latest attempt was held back: who presses again
        and again meets a limit, and what was wrong is told by the one before.
        """
        latest = self.latest
        if latest is None or latest.verdict.kind != "throttled":
            return None
        earlier = (each for each in self.codes if each.created_ms <= latest.created_ms)
        return next((each for each in earlier if each.was_sent), None)


class LookUp:
    """Looks up. Call it. Raises Forbidden for an id that is another tenant's, StoreUnavailable."""

    def __init__(
        self,
        *,
        store: RowStore,
        ranges: RowRange,
        places: Places,
        codes: Codes,
        messages: Messages,
    ) -> None:
        self._store = store
        self._ranges = ranges
        self._places = places
        self._codes = codes
        self._messages = messages

    def __call__(self, asked: Asked, *, by: Asker, now_ms: int) -> Found:
        """What happened, for whom it may be shown to."""
        found, outcome = None, "failed"
        try:
            found = self._find(asked, by, now_ms)
            outcome = "found" if found.latest else "nothing"
            return found
        except SesameError as error:
            outcome = error.code
            raise
        finally:
            log_event(
                SUPPORT_LOOKED_UP,
                key_id=by.key_name,
                tenant=by.tenant,
                who=by.who,
                why=by.why,
                kind=asked.kind,
                phone=asked.phone,
                outcome=outcome,
                attempts=len(found.codes) + len(found.messages) if found else 0,
            )

    def _find(self, asked: Asked, by: Asker, now_ms: int) -> Found:
        if asked.phone is not None:
            found = self._codes_of(asked, by, self._places.phone_subject(asked.phone), now_ms)
            return (
                found if found.is_partial else self._with_messages(found, asked.phone, by, now_ms)
            )
        if asked.kind == "message":
            return self._message(asked, by, now_ms)
        places = [RowKey(f"index:{asked.id}", asked.kind, table) for table in (STATE, RECORDS)]
        place = next((row for row in self._store.read(places) if row is not None), None)
        if place is None:
            return self._nothing(asked)
        if not by.sees(str(place.get("tenant", ""))):
            raise Forbidden
        if "notification" in place:
            return self._notification(asked, by, str(place["notification"]), now_ms)
        nonce, subject = str(place.get("nonce", "")), str(place.get("person", ""))
        return self._codes_of(asked, by, subject, now_ms, nonce=nonce)

    def _nothing(self, asked: Asked) -> Found:
        return Found(asked, self._codes.explanations.verdict("nothing_found"))

    # --- codes -------------------------------------------------------------------------------

    def _codes_of(
        self, asked: Asked, by: Asker, subject: str, now_ms: int, *, nonce: str = ""
    ) -> Found:
        """One round trip; of a phone with very many requests one or two more, for those that its
        own row names, as its rows are in no order of time.
        """
        # The phone's row comes right behind those of its codes.
        scanned = self._ranges.scan(
            table=STATE, subject=subject, start=CHALLENGE, end=f"{PHONE}\0", limit=CODES_READ
        )
        items = {key.item: row for key, row in scanned}
        phone, is_partial = items.pop(PHONE, None), False
        rows = {
            item.removeprefix(CHALLENGE): row
            for item, row in items.items()
            if item.startswith(CHALLENGE)
        }
        if phone is None and len(scanned) >= CODES_READ:
            is_partial = True
            phone = self._rest(subject, rows, nonce)
        attempts = [
            replace(
                self._codes.attempt(each, row, phone or {}, rows, now_ms=now_ms),
                is_asked=each == nonce,
            )
            for each, row in rows.items()
            if by.sees(str(row.get("tenant", "")))
        ]
        attempts.sort(key=lambda each: each.created_ms, reverse=True)
        last_sent = next((each for each in attempts if each.was_sent), None)
        shown = [
            each
            for index, each in enumerate(attempts)
            if index < CODES_SHOWN or each.is_asked or each is last_sent
        ]
        return replace(
            self._nothing(asked),
            codes=tuple(shown),
            more_codes=len(attempts) - len(shown),
            is_partial=is_partial,
        )

    def _rest(self, subject: str, rows: dict[str, Row], nonce: str) -> Row | None:
        """The phone's row; what is missing of the codes that are known by name goes to `rows`. One
        round trip with a `nonce`, which is then the only one; else two.
        """
        asked = [challenge_key(subject, nonce)] if nonce else []
        phone, *own = self._store.read([phone_key(subject), *asked])
        if own:
            rows.update({nonce: own[0]} if own[0] is not None else {})
            return phone
        named = [each for each in named_in(phone or {}, CODES_SHOWN) if each not in rows]
        read = self._store.read([challenge_key(subject, each) for each in named]) if named else []
        rows.update({each: row for each, row in zip(named, read, strict=True) if row is not None})
        return phone

    # --- messages ----------------------------------------------------------------------------

    def _with_messages(self, found: Found, phone: PhoneNumber, by: Asker, now_ms: int) -> Found:
        """Two round trips more."""
        listed = self._ranges.scan(
            table=RECORDS,
            subject=self._places.person_subject(phone),
            start=f"at:{max(0, now_ms - LISTED_MS):013d}",
            end="at;",
            limit=LISTED_READ,
        )
        ids = [str(row.get("message_id", "")) for _, row in reversed(listed)][:MESSAGES_READ]
        keys = {each: key for each in ids if (key := self._places.message_key(each))}
        read = self._store.read(list(keys.values())) if keys else []
        rows = {each: row for each, row in zip(keys, read, strict=True) if row is not None}
        attempts = self._shown(rows, by, now_ms)
        unread = len(listed) - len(ids) if by.sees("") else 0  # whose they are is not known
        return replace(
            found,
            messages=tuple(attempts[:MESSAGES_SHOWN]),
            more_messages=len(attempts[MESSAGES_SHOWN:]) + unread,
            is_partial=found.is_partial or len(listed) >= LISTED_READ,
        )

    def _message(self, asked: Asked, by: Asker, now_ms: int) -> Found:
        """One round trip."""
        key = self._places.message_key(asked.id)
        (row,) = self._store.read([key]) if key else (None,)
        if row is None or number_in(row, "phase") <= 0:
            return self._nothing(asked)
        attempts = self._shown({asked.id: row}, by, now_ms)
        if not attempts:
            raise Forbidden
        return replace(self._nothing(asked), messages=(replace(attempts[0], is_asked=True),))

    def _notification(self, asked: Asked, by: Asker, subject: str, now_ms: int) -> Found:
        """The messages of one request, in one round trip; the first of very many."""
        listed = self._ranges.scan(
            table=RECORDS,
            subject=subject,
            start=MESSAGE,
            end=f"{MESSAGE}\uffff",
            limit=MESSAGES_READ,
        )
        rows = {self._places.message_id(key): row for key, row in listed}
        attempts = [replace(each, is_asked=True) for each in self._shown(rows, by, now_ms)]
        return replace(
            self._nothing(asked),
            messages=tuple(attempts[:MESSAGES_SHOWN]),
            more_messages=len(attempts[MESSAGES_SHOWN:]),
            is_partial=len(listed) >= MESSAGES_READ,
        )

    def _shown(self, rows: Mapping[str, Row], by: Asker, now_ms: int) -> list[Attempt]:
        """Those that this asker may see; not those that never came to be."""
        return [
            self._messages.attempt(each, row, now_ms=now_ms)
            for each, row in rows.items()
            if number_in(row, "phase") > 0 and by.sees(str(row.get("tenant", "")))
        ]
