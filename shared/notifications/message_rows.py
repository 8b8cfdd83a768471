"""The rows of a message: its own, its place in the person's history, its place in the agenda.

A message's key follows from what the provider echoes in a receipt (the notification's id and the
phone), so a receipt needs no look-up. `phase` alone decides who may do what: a message is claimed
only while it is open, and nothing opens it again but who knows that it was not sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from shared.notifications.model import Recipient
from shared.phone import PhoneNumber
from shared.pseudonym import Pseudonyms
from shared.rows import RECORDS, Require, RowChange, RowKey, Value
from shared.timeline import event

VOID, OPEN, CLAIMED, DONE, DEAD = 0, 1, 2, 3, 4
LEASE_MS = 330_000
"""Longer than an invocation that EventBridge calls may run (5 minutes)."""
AGENDA_SHARDS = 4
MESSAGE = "message:"
"""How items of messages begin; the rest is the recipient."""
_MESSAGE_ID = re.compile(r"msg_([0-9a-f]{32})([0-9a-f]{16})")
_OUT_ID = re.compile(r"n([0-9a-f]{32})(f?)")


@dataclass(frozen=True, slots=True)
class MessageRef:
    """One recipient's message of one notification."""

    notification_id: str
    recipient: str

    @property
    def message_id(self) -> str:
        """As callers know it: `msg_` and 48 hex digits."""
        return f"msg_{self.notification_id}{self.recipient}"

    @property
    def key(self) -> RowKey:
        """Its row."""
        return RowKey(self.notification_id, f"{MESSAGE}{self.recipient}", RECORDS)

    @classmethod
    def parse(cls, message_id: str) -> MessageRef | None:
        """The message that an id names; None for what is no id."""
        found = _MESSAGE_ID.fullmatch(message_id)
        return cls(found[1], found[2]) if found else None


def message_id_of(key: RowKey) -> str:
    """The id of the message at `key`."""
    return MessageRef(key.subject, key.item.removeprefix(MESSAGE)).message_id


def out_id_of(notification_id: str, *, is_followed: bool) -> str:
    """What the provider is to echo. is_followed: someone waits for what its receipt says."""
    return f"n{notification_id}{'f' if is_followed else ''}"


def read_out_id(out_id: str) -> tuple[str, bool] | None:
    """The notification's id, and whether someone waits; None if it is not a notification's."""
    found = _OUT_ID.fullmatch(out_id)
    return (found[1], bool(found[2])) if found else None


@dataclass(frozen=True, slots=True)
class MessageRows:
    """Finds the rows of messages."""

    pseudonyms: Pseudonyms

    def ref(self, notification_id: str, phone: PhoneNumber) -> MessageRef:
        """The message of one phone."""
        name = self.pseudonyms.of("phone", phone.e164)
        return MessageRef(notification_id, name.hex()[:16])

    def person(self, phone: PhoneNumber) -> str:
        """The subject of the rows that list a phone's messages."""
        return self.pseudonyms.of("person", phone.e164).hex()

    def history(self, ref: MessageRef, phone: PhoneNumber, at_ms: int) -> RowChange:
        """The message in the phone's list, oldest first."""
        return RowChange(
            RowKey(self.person(phone), f"at:{at_ms:013d}:{ref.message_id}", RECORDS),
            puts={"message_id": ref.message_id},
        )


def found_by(request_id: str, message: RowChange) -> list[RowChange]:
    """What finds the messages of a request by its id; nothing where there is none."""
    if not request_id:
        return []
    return [
        RowChange(
            RowKey(f"index:{request_id}", "request", RECORDS),
            puts={"notification": message.key.subject, "tenant": message.puts["tenant"]},
        )
    ]


def agenda_entry(ref: MessageRef, due_ms: int) -> RowChange:
    """Look at the message again when it is due, and see that it comes to an end."""
    return RowChange(_agenda_key(ref, due_ms), puts={"message_id": ref.message_id})


def agenda_subjects() -> list[str]:
    """The partitions of the agenda."""
    return [f"agenda:{shard}" for shard in range(AGENDA_SHARDS)]


def agenda_span(until_ms: int) -> tuple[str, str]:
    """Start and end of the items that are due until then."""
    return "", f"{until_ms + 1:013d}"


def _agenda_key(ref: MessageRef, due_ms: int) -> RowKey:
    shard = int(ref.recipient[:2], 16) % AGENDA_SHARDS
    return RowKey(f"agenda:{shard}", f"{due_ms:013d}:{ref.message_id}", RECORDS)


def is_free_to_accept() -> tuple[Require, ...]:
    """No message is there, or one that never came to be."""
    return (Require("phase", "<=", VOID, if_missing=True),)


def claim(
    ref: MessageRef,
    *,
    owner: str,
    fingerprint: str,
    channel: str,
    is_redriven: bool,
    now_ms: int,
) -> RowChange:
    """Take an open message, or one that an operator drives again: from now on only `owner` may say
    what became of it.
    """
    return RowChange(
        ref.key,
        requires=(
            Require("phase", "==", DEAD if is_redriven else OPEN),
            Require("fingerprint", "==", fingerprint),
        ),
        puts={
            "phase": CLAIMED,
            "status": "sending",
            "owner": owner,
            "channel": channel,
            "lease_until_ms": now_ms + LEASE_MS,
            **event(now_ms, "claimed", channel),
        },
        adds={"attempts": 1},
        proof=("owner", owner),
    )


def settle(
    ref: MessageRef,
    *,
    owner: str,
    phase: int,
    status: str,
    reason: str,
    now_ms: int,
    puts: Mapping[str, Value] | None = None,
) -> RowChange:
    """Say what became of a claimed message."""
    return RowChange(
        ref.key,
        requires=(Require("owner", "==", owner), Require("phase", "==", CLAIMED)),
        puts={
            "phase": phase,
            "status": status,
            "reason": reason or "-",
            **event(now_ms, status, reason),
            **(puts or {}),
        },
    )


def sent_puts(channel: str, at_ms: int, *, cost_milli: int, segments: int) -> dict[str, Value]:
    """When it was sent by a channel, and what for: by channel, as it may take two."""
    return {
        f"sent_{channel}": at_ms,
        f"cost_{channel}": cost_milli,
        f"segments_{channel}": segments,
    }


def postpone(ref: MessageRef, reason: str, now_ms: int, delay_s: int) -> RowChange:
    """Say of an open message why it waits."""
    return RowChange(
        ref.key,
        requires=(Require("phase", "==", OPEN),),
        puts={
            "status": "waiting",
            "reason": reason,
            "due_ms": now_ms + delay_s * 1000,
            **event(now_ms, "waiting", reason),
        },
    )


def recipient_of(sealed: str | None) -> Recipient | None:
    """The recipient that a row keeps, once unsealed."""
    try:
        return Recipient.from_json(json.loads(sealed)) if sealed else None
    except (ValueError, KeyError, TypeError):
        return None
