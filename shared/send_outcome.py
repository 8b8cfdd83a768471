"""The three ends of a send. `SendUnknown` is a fact of its own, never folded into the others."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class RefusalKind(Enum):
    """Whose matter a refusal is."""

    FLOW_CONTROL = "flow_control"  # the provider's own limit for this number: later
    NUMBER = "number"  # this number cannot receive
    BUSY = "busy"  # refused before anything was done: again, a moment later
    ACCOUNT = "account"  # balance, frozen, permission: nothing goes out until a person acts
    OPTED_OUT = "opted_out"  # this person refused such messages, at the provider
    UNAVAILABLE = "unavailable"  # sign, template, content: this message will never go out so


@dataclass(frozen=True, slots=True)
class SendAccepted:
    """The provider took the message; that is not yet delivery. `biz_id` is its receipt number."""

    biz_id: str


@dataclass(frozen=True, slots=True)
class SendRefused:
    """The message certainly did not go out. `code` is the provider's, for logs and records."""

    kind: RefusalKind
    code: str
    retry_after_s: int = 30


@dataclass(frozen=True, slots=True)
class SendUnknown:
    """The message may have gone out: the answer was lost, or did not say."""

    code: str


SendOutcome = SendAccepted | SendRefused | SendUnknown
