"""Where a challenge lives: two rows of one phone, and what each step requires and changes there.

The phone's row says which challenge is live for each (tenant, purpose), `cur_<slot>`, how often
each was guessed, `try_<nonce>`, and holds the phone's limits. The challenge's own row holds the
hash of its code and its state. A guess changes both in one batch: the phone's row counts it if the
challenge is live and has attempts left, the challenge's row becomes used if the hash matches. Only
both together are a right code. Neither order nor interleaving matters: every counted guess is one
of `max_attempts`, and only one change ever finds the state pending.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from shared.otp.challenge_id import ChallengeRef
from shared.otp.policy import Policy
from shared.rows import Require, Row, RowChange, RowKey, Value, number_in, require_absent
from shared.timeline import event

_NONE = "none"
PHONE_COOL_DOWN_S = 60
"""The phone's own limit of one a minute is cool-down enough for that long."""


def phone_row(subject: bytes) -> RowKey:
    """The row of the phone with that pseudonym."""
    return RowKey(subject.hex(), "phone")


def challenge_row(subject: str, nonce: str) -> RowKey:
    """The own row of a challenge, by its phone's pseudonym and its random bits, in hex."""
    return RowKey(subject, f"challenge_{nonce}")


def code_out_id(*, entry: str, nonce: str) -> str:
    """What the provider is to echo of one send of a challenge; receipts.py reads it."""
    return f"otp-{entry}-{nonce}"


def index_row(name: str, kind: Literal["challenge", "request"]) -> RowKey:
    """What finds a challenge by its random bits in hex, or by the id of a request."""
    return RowKey(f"index:{name}", kind)


@dataclass(frozen=True, slots=True)
class ChallengeRows:
    """The two rows of one challenge. `subject` is its phone's pseudonym; `slot` stands for its
    tenant and purpose.
    """

    ref: ChallengeRef
    subject: bytes
    slot: str
    tenant: str

    @property
    def phone(self) -> RowKey:
        """The phone's row."""
        return phone_row(self.subject)

    @property
    def own(self) -> RowKey:
        """The challenge's own row."""
        return challenge_row(self.subject.hex(), self.nonce)

    @property
    def nonce(self) -> str:
        """The challenge's random bits in hex."""
        return self.ref.nonce.hex()

    def open(self, *, code_hash: str, context: str, policy: Policy, now_ms: int) -> list[RowChange]:
        """Make the challenge the live one; whatever was live in its slot is void from then on."""
        return [
            RowChange(
                key=self.phone,
                requires=self._cool(policy, now_ms),
                puts={
                    self._current: self.nonce,
                    self._expiry: self.ref.expires_ms,
                    **self._sent(policy, now_ms),
                },
            ),
            RowChange(
                key=self.own,
                # Once only: a copy of this change that comes late must not make a used or void
                # challenge pending again.
                requires=(require_absent("state"),),
                puts={
                    "state": "pending",
                    "hash": code_hash,
                    "context": context,
                    "tenant": self.tenant,
                    "purpose": policy.purpose,
                    "country": self.ref.phone.country,
                    "prefix": self.ref.phone.carrier_prefix,
                    "created_ms": now_ms,
                    "expires_ms": self.ref.expires_ms,
                    "delivery": "sending",
                    **event(now_ms, "requested"),
                },
                proof=("hash", code_hash),
            ),
        ]

    def reopen(self, *, context: str, policy: Policy, entry: str, now_ms: int) -> list[RowChange]:
        """Let the challenge go out once more, if it is live, unused, bound to that context, and
        has attempts left.
        """
        return [
            RowChange(
                key=self.phone,
                requires=(*self._guessable(policy, now_ms), *self._cool(policy, now_ms)),
                puts=self._sent(policy, now_ms),
            ),
            RowChange(
                key=self.own,
                requires=(
                    Require("state", "==", "pending"),
                    Require("context", "==", context),
                ),
                puts={"resent_by": entry},
                proof=("resent_by", entry),
            ),
        ]

    def renew(self, *, code_hash: str, entry: str) -> RowChange:
        """A new code in the place of the old one, for the challenge that `entry` reopened."""
        return RowChange(
            key=self.own,
            requires=(Require("state", "==", "pending"), Require("resent_by", "==", entry)),
            puts={"hash": code_hash},
            proof=("hash", code_hash),
        )

    def warm(self, *, policy: Policy, now_ms: int) -> list[RowChange]:
        """Undo the cool-down of a request of that time, which sent nothing."""
        if not self._sent(policy, now_ms):
            return []
        return [RowChange(key=self.phone, deletes=(f"sent_{self.slot}",))]

    def cool_down_s(self, phone: Row | None, *, policy: Policy, now_ms: int) -> int:
        """How long until a code of this slot may go out again; 0 if its policy lets it."""
        if not self._sent(policy, now_ms):
            return 0
        sent_ms = number_in(phone or {}, f"sent_{self.slot}")
        return max(0, -(-(sent_ms + policy.resend_after_s * 1000 - now_ms) // 1000))

    def _cool(self, policy: Policy, now_ms: int) -> tuple[Require, ...]:
        """What a policy wants that cools longer than the phone's own limit of one a minute."""
        if not self._sent(policy, now_ms):
            return ()
        latest_ms = now_ms - policy.resend_after_s * 1000
        return (Require(f"sent_{self.slot}", "<=", latest_ms, if_missing=True),)

    def _sent(self, policy: Policy, now_ms: int) -> dict[str, Value]:
        if policy.resend_after_s <= PHONE_COOL_DOWN_S:
            return {}
        return {f"sent_{self.slot}": now_ms}

    def is_open(
        self,
        phone: Row | None,
        own: Row | None,
        *,
        context: str,
        policy: Policy,
        now_ms: int,
    ) -> bool:
        """What `reopen` requires, asked of rows that were read."""
        if phone is None or own is None:
            return False
        return (
            phone.get(self._current) == self.nonce
            and number_in(phone, self._expiry) > now_ms
            and number_in(phone, self._attempts) < policy.max_attempts
            and own.get("state") == "pending"
            and own.get("context") == context
        )

    def guess(self, *, policy: Policy, now_ms: int) -> RowChange:
        """Count a guess in the phone's row, if the challenge is live and has attempts left."""
        return RowChange(
            key=self.phone,
            requires=self._guessable(policy, now_ms),
            adds={self._attempts: 1},
        )

    def use(self, *, code_hash: str, entry: str, now_ms: int) -> RowChange:
        """Mark the challenge used by `entry`, if it is pending and the hash is its code's."""
        return RowChange(
            key=self.own,
            requires=(
                Require("state", "==", "pending"),
                Require("hash", "==", code_hash),
                Require("expires_ms", ">", now_ms),
            ),
            puts={
                "state": "used",
                "used_by": entry,
                "used_ms": now_ms,
                **event(now_ms, "verified"),
            },
            proof=("used_by", entry),
        )

    def settle(
        self,
        *,
        delivery: str,
        biz_id: str,
        out_id: str,
        entry: str,
        at_ms: int,
        is_resend: bool,
        shadowed: Sequence[str],
    ) -> RowChange:
        """Record how the send of `entry` ended, at `at_ms`. shadowed: the rules in shadow that
        would have held it back.
        """
        return RowChange(
            key=self.own,
            requires=(Require("hash", ">", ""),),  # the row must still be there
            puts={
                "delivery": delivery,
                "biz_id": biz_id,
                "out_id": out_id,
                f"sent_{entry}": at_ms,
                f"how_{entry}": delivery,
                **({"shadowed": ",".join(shadowed)} if shadowed else {}),
                **(event(at_ms, "resent") if is_resend else {}),
                **event(at_ms, delivery),
            },
        )

    def tell(self, line: Mapping[str, Value]) -> RowChange:
        """A line of the challenge's timeline, and nothing else."""
        return RowChange(key=self.own, requires=(Require("hash", ">", ""),), puts=line)

    def found_by(self, request_id: str) -> list[RowChange]:
        """What finds the challenge by its id's random bits, which say nothing of the phone, and by
        the request that asked for it.
        """
        place = {"person": self.subject.hex(), "nonce": self.nonce, "tenant": self.tenant}
        found = [RowChange(index_row(self.nonce, "challenge"), puts=place)]
        if request_id:
            found.append(RowChange(index_row(request_id, "request"), puts=place))
        return found

    def void(self, line: Mapping[str, Value] | None = None) -> list[RowChange]:
        """End the challenge: no code opens it any more, and nothing takes its place."""
        return [
            RowChange(
                key=self.phone,
                requires=(Require(self._current, "==", self.nonce),),
                # A tombstone in its place, so that no later `withdraw` finds the one before it.
                puts={self._current: _NONE, f"exp_{self.slot}_{_NONE}": self.ref.expires_ms},
                deletes=(self._expiry,),
            ),
            self._own_void(line),
        ]

    def withdraw(
        self, phone: Row | None, line: Mapping[str, Value] | None = None
    ) -> list[RowChange]:
        """Undo `open` after another row of its batch refused: the earlier challenge is live again.

        phone: the phone's row as read, which tells the earlier one by its expiry.
        """
        start = f"exp_{self.slot}_"
        earlier = [
            (expires_ms, column.removeprefix(start))
            for column, expires_ms in (phone or {}).items()
            if column.startswith(start) and column != self._expiry
        ]
        undo = RowChange(
            key=self.phone,
            requires=(Require(self._current, "==", self.nonce),),
            puts={self._current: max(earlier)[1]} if earlier else {},
            deletes=(self._expiry,) if earlier else (self._current, self._expiry),
        )
        return [undo, self._own_void(line)]

    def _own_void(self, line: Mapping[str, Value] | None) -> RowChange:
        # Not dropped, but kept as void: see `open`.
        puts: Mapping[str, Value] = {"state": "void", **(line or {})}
        return RowChange(key=self.own, puts=puts, deletes=("hash", "context"))

    def _guessable(self, policy: Policy, now_ms: int) -> tuple[Require, ...]:
        return (
            Require(self._current, "==", self.nonce),
            Require(self._expiry, ">", now_ms),
            Require(self._attempts, "<", policy.max_attempts, if_missing=True),
        )

    @property
    def _current(self) -> str:
        return f"cur_{self.slot}"

    @property
    def _expiry(self) -> str:
        return f"exp_{self.slot}_{self.nonce}"

    @property
    def _attempts(self) -> str:
        return f"try_{self.nonce}"
