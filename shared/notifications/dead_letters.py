"""Dead letters: what an operator finds of a message that ends unsent, ready to be driven again."""

from __future__ import annotations

import json
from dataclasses import replace

from shared.notifications.message_rows import DEAD, OPEN, MessageRef
from shared.notifications.model import Recipient, WorkItem
from shared.queue import QueueItem
from shared.rows import Require, RowChange
from shared.timeline import event


def dead_letter(item: WorkItem, recipient: Recipient, reason: str, now_ms: int) -> QueueItem:
    """The item of one recipient, and why it is dead."""
    alone = replace(item, recipients=(recipient,), attempt=0, is_redriven=True)
    return QueueItem(
        json.dumps(
            {
                "reason": reason,
                "at": now_ms,
                "queue": "sesame-notifications",
                "template": item.template,
                "item": json.loads(alone.body()),
            },
            ensure_ascii=False,
        )
    )


def bury(ref: MessageRef, item: WorkItem, reason: str, now_ms: int) -> RowChange:
    """End a message that nobody can send, unless a worker has it or had it. It bears its mark if
    it was buried before: then its letter may have been lost.
    """
    return RowChange(
        ref.key,
        requires=(
            Require("phase", "==", DEAD if item.is_redriven else OPEN),
            Require("fingerprint", "==", item.fingerprint),
        ),
        puts={
            "phase": DEAD,
            "status": "failed",
            "reason": reason,
            "buried": item.fingerprint,
            **event(now_ms, "failed", reason),
        },
        proof=("buried", item.fingerprint),
    )
