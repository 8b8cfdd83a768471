"""One recipient on the way through a dispatch, and the groups that share its round trips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from shared.notifications.message_rows import MessageRef, sent_puts
from shared.notifications.model import Recipient, WorkItem
from shared.notifications.outcome import Next
from shared.notifications.ports import Budgets, Ledger
from shared.queue import QueueItem
from shared.rows import RowChange, RowKey, Value
from shared.send_outcome import SendOutcome, SendRefused
from shared.spend import Spend
from shared.template import Template

GROUP = 45
"""Messages in one batch: four rows each and a few shared ones are within 200."""


@dataclass(slots=True)
class Candidate:
    """One recipient on the way through a dispatch. `end` is set once it goes no further.

    is_gate_passed: consent was read, and nothing but a wish that cannot be met was in the way.
    """

    item: WorkItem
    recipient: Recipient
    template: Template
    ref: MessageRef
    ledger: Ledger
    spend: Spend
    segments: int = 0
    end: Next | None = None
    admitted_ms: int = 0
    is_gate_passed: bool = False
    held: set[RowKey] = field(default_factory=set)
    outcome: SendOutcome | None = None

    @property
    def is_going(self) -> bool:
        return self.end is None

    def entry(self, owner: str) -> str:
        """What this message is called in its limit's row while `owner` has it."""
        return f"{owner[:8]}{self.ref.recipient[:8]}"


def sent_columns(candidate: Candidate, now_ms: int) -> dict[str, Value]:
    """What a message's row says of a send, for each channel that it took."""
    channel = candidate.item.channel
    return sent_puts(channel, now_ms, cost_milli=candidate.spend.milli, segments=candidate.segments)


def end_metric(candidate: Candidate) -> str | None:
    """What the end of a message that was not sent counts as; None for one that was, or may be."""
    end, outcome = candidate.end, candidate.outcome
    if end is None or end.status not in ("failed", "suppressed"):
        return None
    if isinstance(outcome, SendRefused):
        return f"refused.{outcome.code}"
    return f"stopped.{end.reason}"


def refunds(
    group: Sequence[Candidate], budgets: Budgets, *, owner: str, now_ms: int
) -> list[RowChange]:
    """What was charged for messages that did not go: each row by what it really took, in one
    change, since a row changes once in a batch.
    """
    unspent = [each for each in group if each.end and each.end.is_unspent]
    changes: list[RowChange] = []
    for key in budgets.keys([each.spend for each in unspent]):
        charged = [each for each in unspent if key in each.held]
        if charged:
            changes += budgets.refund(
                [each.spend for each in charged],
                now_ms=now_ms,
                charged_ms=charged[0].admitted_ms,
                entry=f"{owner}r",
                rows={key},
            )
    return changes


def groups_of(candidates: Sequence[Candidate]) -> list[list[Candidate]]:
    """The candidates in groups for one batch each: no two that count in the same limit's row,
    since a row changes once in a batch.
    """
    groups: list[list[Candidate]] = []
    for candidate in candidates:
        for group in groups:
            if len(group) < GROUP and all(
                each.ledger.key != candidate.ledger.key for each in group
            ):
                group.append(candidate)
                break
        else:
            groups.append([candidate])
    return groups


def next_turn(candidate: Candidate) -> QueueItem | None:
    """The message's next turn, alone; None if it has none."""
    item, end = candidate.item, candidate.end
    if end is None or not end.comes_again:
        return None
    turn = replace(
        item,
        recipients=(candidate.recipient,),
        channel=end.channel or item.channel,
        attempt=item.attempt + (0 if end.is_free else 1),
    )
    return QueueItem(turn.body(), end.delay_s)
