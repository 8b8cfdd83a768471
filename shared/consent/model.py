"""What a person's consent says to one message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shared.template import ChannelName, Template

CHANNELS: tuple[ChannelName, ...] = ("sms", "email", "webhook")

VerdictKind = Literal[
    "allowed",
    "opted_out",
    "no_consent",
    "prefers:sms",
    "prefers:email",
    "prefers:webhook",
]
PREFERS: dict[ChannelName, VerdictKind] = {
    "sms": "prefers:sms",
    "email": "prefers:email",
    "webhook": "prefers:webhook",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a message may go out by a channel; if not, why."""

    kind: VerdictKind

    @property
    def is_allowed(self) -> bool:
        """True if it may."""
        return self.kind == "allowed"

    @property
    def channel(self) -> ChannelName | None:
        """The channel that the person prefers to the one that was asked about."""
        return next((name for name, kind in PREFERS.items() if kind == self.kind), None)


def needed_consent(template: Template) -> Literal["none", "opt_out", "opt_in"]:
    """What a template needs; a promotion can always be refused, whatever it says."""
    if template.kind == "promotion" and template.consent == "none":
        return "opt_out"
    return template.consent
