"""The other way to a person: taken once, and never for a secret that may have arrived."""

from __future__ import annotations

from shared.notifications.message_rows import OPEN, MessageRef
from shared.notifications.model import Recipient, channel_name
from shared.rows import Require, Row, RowChange, require_absent
from shared.template import ChannelName, Template
from shared.timeline import event


def next_channel(template: Template, row: Row, recipient: Recipient) -> ChannelName | None:
    """The channel after the one that was taken; None if there is none, or one was fallen back to
    before.
    """
    if "fallback_ms" in row:
        return None
    asked = str(row.get("channels", "-"))
    order: list[str] = asked.split(",") if asked != "-" else [*template.channels]
    used = str(row.get("channel", ""))
    after = order[order.index(used) + 1 :] if used in order else []
    usable = (name for name in after if name != "email" or recipient.email)
    return next((channel_name(name) for name in usable), None)


def fall_back(ref: MessageRef, channel: str, reason: str, now_ms: int, *, after: str) -> RowChange:
    """Open the message again for another channel; what the first one's receipt said stays in the
    timeline. after: `sent` (nothing came in time) or `undelivered`.
    """
    column = "report" if after == "undelivered" else "status"
    return RowChange(
        ref.key,
        requires=(Require(column, "==", after), require_absent("fallback_ms")),
        puts={
            "phase": OPEN,
            "status": "waiting",
            "reason": reason,
            "channel": channel,
            "fallback_ms": now_ms,
            **event(now_ms, "fallback", channel),
        },
        deletes=("report", "report_rank", "report_code", "reported_ms", "biz_id"),
        proof=("fallback_ms", now_ms),
    )
