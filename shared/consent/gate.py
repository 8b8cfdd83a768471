"""A person's consent in one row, asked in the batch that sends.

For each sign, and for all signs together, the row says what the person said last (`is_<scope>`: 0
closed, 1 granted) and when (`at_<scope>`). The scopes do not know each other, as a condition cannot
say "or": a promotion goes out if neither its sign nor all signs are closed. So a closing of all
signs is lifted by a grant for all signs alone, and an opt-in is always one to the sign.

Every word of the person moves `last`, which names it: what was read is thereby known to be current.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

from shared.consent.model import CHANNELS, PREFERS, Verdict, needed_consent
from shared.phone import PhoneNumber
from shared.pseudonym import Pseudonyms
from shared.rows import CONSENT, Require, Row, RowChange, RowKey, Value, number_in, require_absent
from shared.template import ChannelName, Template

_ALL = "all"
_CLOSED, _GRANTED = 0, 1
_HISTORY = "h_"
_ERASED = "erased"
_Word = Literal["closed", "granted", "prefers"]


@dataclass(frozen=True, slots=True)
class Consents:
    """Plans what asks for consent, and what changes it."""

    pseudonyms: Pseudonyms

    def row_of(self, phone: PhoneNumber) -> RowKey:
        """The row of a person, whatever the tenant."""
        return RowKey(self.pseudonyms.of("consent", phone.e164).hex(), "consent", CONSENT)

    def gate(
        self, *, phone: PhoneNumber, template: Template, channel: ChannelName, now_ms: int
    ) -> RowChange | None:
        """A change that is refused unless `judge` would allow; None if nothing has to be asked."""
        requires = self._requires(template, channel)
        if not requires:
            return None
        return RowChange(self.row_of(phone), requires=requires, puts={"asked_ms": now_ms})

    def judge(self, row: Row | None, *, template: Template, channel: ChannelName) -> Verdict:
        """What a person's row says to a message."""
        row = row or {}
        consent = needed_consent(template)
        if consent != "none":
            said = row.get(self._is(template.sign_name))
            if _CLOSED in (said, row.get(self._is(None))):
                return Verdict("opted_out")
            if consent == "opt_in" and said != _GRANTED:
                return Verdict("no_consent")
        for other in _others(template, channel):
            if row.get(_wants(other)) == 1:
                return Verdict(PREFERS[other])
        return Verdict("allowed")

    def close(
        self, *, phone: PhoneNumber, sign_name: str | None, source: str, at_ms: int
    ) -> RowChange:
        """No more promotions of a sign; None: of any. Refused if a later word is known; a grant of
        the same moment gives way.
        """
        return self._said("closed", phone, sign_name, source, at_ms)

    def grant(
        self, *, phone: PhoneNumber, sign_name: str | None, source: str, at_ms: int
    ) -> RowChange:
        """Promotions of a sign are welcome; None: the closing of all signs is lifted. Refused if a
        word as late or later is known.
        """
        return self._said("granted", phone, sign_name, source, at_ms)

    def prefer(self, *, phone: PhoneNumber, channel: ChannelName, at_ms: int) -> RowChange:
        """Where a template offers `channel`, that one. Refused if a later wish is known."""
        # One column a channel: a condition can then pass over a wish that a template cannot grant.
        wants = {_wants(each): int(each == channel) for each in CHANNELS}
        return self._noted(
            self.row_of(phone),
            Require("prefers_ms", "<=", at_ms, if_missing=True),
            {**wants, "prefers": channel, "prefers_ms": at_ms},
            ("prefers", channel, at_ms),
            {"channel": channel},
        )

    def export(self, row: Row | None) -> list[dict[str, object]]:
        """All that is kept of a person's words, oldest first."""
        row = row or {}
        words: list[dict[str, object]] = []
        told: set[tuple[str, str]] = set()
        for column, value in row.items():
            if column.startswith(_HISTORY):
                at_ms, what, scope = column.removeprefix(_HISTORY).split("_", 2)
                told.add((scope, at_ms))
                words.append({"what": what, "at_ms": int(at_ms), **json.loads(str(value))})
        for scope in _closed_scopes(row):
            at_ms = str(row[f"at_{scope}"])
            if (scope, at_ms) not in told:  # erased but for this
                sign = row.get(f"sign_{scope}")
                words.append({"what": "closed", "at_ms": int(at_ms), "sign": sign, "source": None})
        return sorted(words, key=lambda word: (int(str(word["at_ms"])), str(word["what"])))

    def erase(self, phone: PhoneNumber, row: Row | None) -> RowChange:
        """Forget all but what is closed, and since when. Refused if the person has said something
        since `row` was read: read again.
        """
        row = row or {}
        last: Value | None = row.get("last")
        unchanged = require_absent("last") if last is None else Require("last", "==", last)
        kept = {f"{part}_{scope}" for scope in _closed_scopes(row) for part in ("is", "at", "sign")}
        if not kept:
            return RowChange(self.row_of(phone), requires=(unchanged,), drops=True)
        return RowChange(
            self.row_of(phone),
            requires=(unchanged,),
            puts={"last": _ERASED},
            deletes=tuple(sorted(set(row) - kept - {"last"})),
            proof=("last", _ERASED),
        )

    def _requires(self, template: Template, channel: ChannelName) -> tuple[Require, ...]:
        requires = [
            Require(_wants(other), "==", 0, if_missing=True) for other in _others(template, channel)
        ]
        consent = needed_consent(template)
        if consent != "none":
            is_optional = consent == "opt_out"
            requires += [
                Require(self._is(None), "==", _GRANTED, if_missing=True),
                Require(self._is(template.sign_name), "==", _GRANTED, if_missing=is_optional),
            ]
        return tuple(requires)

    def _said(
        self,
        what: Literal["closed", "granted"],
        phone: PhoneNumber,
        sign_name: str | None,
        source: str,
        at_ms: int,
    ) -> RowChange:
        scope = self._scope(sign_name)
        is_closed = what == "closed"
        puts: dict[str, Value] = {
            f"is_{scope}": _CLOSED if is_closed else _GRANTED,
            f"at_{scope}": at_ms,
        }
        if sign_name is not None:
            puts[f"sign_{scope}"] = sign_name
        return self._noted(
            self.row_of(phone),
            Require(f"at_{scope}", "<=" if is_closed else "<", at_ms, if_missing=True),
            puts,
            (what, scope, at_ms),
            {"sign": sign_name, "source": source},
        )

    def _noted(
        self,
        key: RowKey,
        require: Require,
        puts: dict[str, Value],
        word: tuple[_Word, str, int],
        details: dict[str, str | None],
    ) -> RowChange:
        """A change that history remembers; its entry is the proof."""
        what, scope, at_ms = word
        column = f"{_HISTORY}{at_ms}_{what}_{scope}"
        entry = json.dumps(details, separators=(",", ":"), ensure_ascii=False)
        return RowChange(
            key,
            requires=(require,),
            puts={**puts, column: entry, "last": column},
            proof=(column, entry),
        )

    def _scope(self, sign_name: str | None) -> str:
        # Signs are Chinese; names of columns are not.
        return _ALL if sign_name is None else self.pseudonyms.of("sign", sign_name).hex()

    def _is(self, sign_name: str | None) -> str:
        return f"is_{self._scope(sign_name)}"


def _others(template: Template, channel: ChannelName) -> list[ChannelName]:
    return [each for each in template.channels if each != channel]


def _wants(channel: ChannelName) -> str:
    return f"wants_{channel}"


def _closed_scopes(row: Row) -> list[str]:
    return [
        column.removeprefix("is_")
        for column in row
        if column.startswith("is_") and number_in(row, column) == _CLOSED
    ]
