"""What a message's send, or its refusal, means for the message: sent, later, again, unknown, or
the end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shared.send_outcome import RefusalKind, SendAccepted, SendOutcome, SendRefused
from shared.template import ChannelName

BACKOFF_BASE_S, BACKOFF_LIMIT_S = 5, 900
ACCOUNT_WAIT_S = 30


@dataclass(frozen=True, slots=True)
class Next:
    """A message's next state.

    delay_s: when it comes again. is_unspent: what it took of limits and budgets goes back.
    is_free: the turn counts as no attempt. is_dead: an operator may drive it again. channel: the
    one to take then.
    """

    status: str
    reason: str = ""
    delay_s: int = 0
    comes_again: bool = False
    is_unspent: bool = False
    is_free: bool = False
    opens_breaker: bool = False
    is_dead: bool = False
    channel: ChannelName | None = None

    @classmethod
    def later(cls, reason: str, *, delay_s: int, is_free: bool = False) -> Next:
        """Not now, and not this message's fault if is_free."""
        return cls("waiting", reason, delay_s, comes_again=True, is_unspent=True, is_free=is_free)

    @classmethod
    def failed(cls, reason: str) -> Next:
        """Certainly not sent, and never will be."""
        return cls("failed", reason, is_unspent=True)

    @classmethod
    def suppressed(cls, reason: str) -> Next:
        """Not to be sent: the person, or the limit, does not want it."""
        return cls("suppressed", reason, is_unspent=True)

    @classmethod
    def another_channel(cls, channel: ChannelName) -> Next:
        """At once, by the channel that the person prefers."""
        return cls(
            "waiting",
            "preferred_channel",
            comes_again=True,
            is_unspent=True,
            is_free=True,
            channel=channel,
        )

    @classmethod
    def nothing(cls, reason: str) -> Next:
        """The message is someone else's, or done: only give back what was taken for it."""
        return cls("", reason, is_unspent=True)


def next_of(
    outcome: SendOutcome,
    *,
    attempt: int,
    attempt_limit: int,
    spread: Callable[[float, float], float],
) -> Next:
    """What an end of a send means. attempt: how many turns this message has had before."""
    if isinstance(outcome, SendAccepted):
        return Next("sent")
    if not isinstance(outcome, SendRefused):
        return Next("unknown", outcome.code)
    match outcome.kind:
        case RefusalKind.NUMBER | RefusalKind.UNAVAILABLE:
            return Next.failed(outcome.code)
        case RefusalKind.OPTED_OUT:
            return Next.suppressed("opted_out")
        case _ if attempt + 1 >= attempt_limit and outcome.kind is not RefusalKind.ACCOUNT:
            return Next("failed", f"exhausted:{outcome.code}", is_unspent=True, is_dead=True)
        case RefusalKind.FLOW_CONTROL:
            return Next.later(outcome.code, delay_s=outcome.retry_after_s)
        case RefusalKind.ACCOUNT:
            return Next(
                "waiting",
                outcome.code,
                int(ACCOUNT_WAIT_S + spread(1, 10)),
                comes_again=True,
                is_unspent=True,
                is_free=True,
                opens_breaker=True,
            )
        case RefusalKind.BUSY:
            ceiling = min(BACKOFF_BASE_S * 2**attempt, BACKOFF_LIMIT_S)
            return Next.later(outcome.code, delay_s=max(1, int(spread(ceiling / 2, ceiling))))
