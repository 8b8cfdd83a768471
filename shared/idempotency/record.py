"""Idempotency records (draft-ietf-httpapi-idempotency-key-header), claimed in the caller's batch.

A claim holds, from the start, the answer that the request will have if all goes well. When the
process dies between the claim and its end nobody knows whether the message went out: after the
lease the record then answers that, marked unconfirmed, and nothing is sent again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from shared.errors import (
    FieldProblem,
    IdempotencyInProgress,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
)
from shared.pseudonym import Pseudonyms
from shared.rows import Require, Row, RowChange, RowKey, number_in, require_absent

KEEP_MS = 24 * 3600 * 1000
LEASE_MS = 60_000
"""Longer than any invocation may run, so that a claim past it has no one behind it."""

_QUOTED = re.compile(r'"((?:[\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,255})"')
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,255}")


def parse_key(header: str) -> str:
    """The key that an Idempotency-Key header carries. Raises IdempotencyKeyInvalid.

    The draft's quoted string (RFC 8941, section 3.3.3) of visible characters, or, as many clients
    send it, a bare token of 16 or more.
    """
    text = header.strip()
    quoted = _QUOTED.fullmatch(text)
    if quoted:
        return re.sub(r'\\(["\\])', r"\1", quoted[1])
    if _TOKEN.fullmatch(text):
        return text
    raise IdempotencyKeyInvalid(FieldProblem("Idempotency-Key", "malformed"))


Answer = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Claim:
    """One request's hold on a key. `owner` tells it from every other request."""

    row: RowKey
    owner: str
    fingerprint: str
    answer: str
    claimed_ms: int

    def change(self) -> RowChange:
        """Take the key; refused if a record for it is still kept, and for a copy of this change
        that comes late, after the key was given back.
        """
        return RowChange(
            key=self.row,
            requires=(
                Require("kept_until_ms", "<=", self.claimed_ms, if_missing=True),
                require_absent(self._gone),
            ),
            puts={
                "owner": self.owner,
                "fingerprint": self.fingerprint,
                "state": "running",
                "answer": self.answer,
                "leased_until_ms": self.claimed_ms + LEASE_MS,
                "kept_until_ms": self.claimed_ms + KEEP_MS,
            },
            proof=("owner", self.owner),
        )

    def finish(self, answer: Answer) -> RowChange:
        """Keep `answer` for every repetition."""
        return RowChange(
            key=self.row,
            requires=(Require("owner", "==", self.owner),),
            puts={"state": "done", "answer": _pack(answer)},
        )

    def release(self) -> RowChange:
        """Give the key back: the same request may be tried again."""
        return RowChange(
            key=self.row,
            requires=(Require("owner", "==", self.owner),),
            puts={"kept_until_ms": 0, self._gone: 1},
            deletes=("owner", "fingerprint", "state", "answer", "leased_until_ms"),
        )

    @property
    def _gone(self) -> str:
        return f"gone_{self.owner}"

    def replay(self, row: Row | None, now_ms: int) -> Answer | None:
        """What an earlier request with this key was answered; None if the key is free or ours.

        Raises IdempotencyKeyReused, IdempotencyInProgress. An answer that was never settled
        carries `"delivery": "unconfirmed"`.
        """
        if row is None or row.get("owner") == self.owner:
            return None
        if number_in(row, "kept_until_ms") <= self.claimed_ms:
            return None
        if row.get("fingerprint") != self.fingerprint:
            raise IdempotencyKeyReused
        answer: dict[str, object] = json.loads(str(row["answer"]))
        if row.get("state") == "running":
            if number_in(row, "leased_until_ms") > now_ms:
                raise IdempotencyInProgress
            answer["delivery"] = "unconfirmed"
        return answer


@dataclass(frozen=True, slots=True)
class IdempotencyBook:
    """Makes claims: keys are kept 24 hours, each tenant its own."""

    pseudonyms: Pseudonyms

    def claim(
        self,
        *,
        tenant: str,
        key: str,
        request: Mapping[str, object],
        answer: Answer,
        owner: str,
        now_ms: int,
    ) -> Claim:
        """A claim on `key` for `request`, whose bytes stay out of the store: only a keyed
        fingerprint of them is kept, as they hold a phone number.
        """
        canonical = json.dumps(request, sort_keys=True, ensure_ascii=False)
        return Claim(
            row=RowKey(self.pseudonyms.of("idempotency", tenant, key).hex(), "idempotency"),
            owner=owner,
            fingerprint=self.pseudonyms.of("fingerprint", tenant, canonical).hex(),
            answer=_pack(answer),
            claimed_ms=now_ms,
        )


def _pack(answer: Answer) -> str:
    return json.dumps(answer, separators=(",", ":"), ensure_ascii=False)
