"""What the account has beside what the product needs, template by template, as data.

A template is found by its name: the provider gives the code, and an account may hold other
products' templates too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from infra.sms_catalogue import Template

State = Literal["reviewing", "approved", "rejected", "cancelled"]
Change = Literal["create", "update", "locked", "unchanged"]
Registration = Literal["registered", "unverified", "lapsed", "in_progress", "failed", "none"]


@dataclass(frozen=True, slots=True)
class Held:
    """A template as the account has it."""

    code: str
    name: str
    content: str
    state: State
    reason: str = ""


@dataclass(frozen=True, slots=True)
class HeldSign:
    """A sign as the account has it; registrations: by carrier."""

    name: str
    state: State
    reason: str = ""
    registrations: Mapping[str, Registration] = field(default_factory=dict)

    @property
    def is_rejected(self) -> bool:
        """True if its review was lost, or a carrier refused to register it or dropped it."""
        lost = {"failed", "lapsed"}.intersection(self.registrations.values())
        return self.state in ("rejected", "cancelled") or bool(lost)


class ProviderRefused(Exception):
    """The provider refused a call, or did not answer; the text is its code, of no secrets."""


class Provider(Protocol):
    """The account, as far as signs and templates go. Every call raises ProviderRefused."""

    def templates(self) -> list[Held]:
        """Every template of the account."""

    def sign(self, name: str) -> HeldSign | None:
        """The sign of that name; None if there is none."""

    def create(self, template: Template) -> str:
        """Put a new template up for review; its code."""

    def update(self, code: str, template: Template) -> None:
        """Change a template, which puts it up for review again."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done about one template; `held` is None if the account does not have it."""

    template: Template
    held: Held | None
    change: Change

    @property
    def is_rejected(self) -> bool:
        """True if nothing but other words will bring it into use."""
        if self.held is None or self.change == "update":
            return False
        return self.change == "locked" or self.held.state in ("rejected", "cancelled")

    def __str__(self) -> str:
        label = f"{self.template.name}: {self.change}"
        if self.held is None:
            return label
        reason = f" ({self.held.reason})" if self.held.reason else ""
        told = f"{label}, {self.held.state}{reason}, {self.held.code}"
        if self.change == "locked":
            told += "; the provider changes only what it rejected: wait, or delete it there first"
        return told


def plan(wanted: Sequence[Template], held: Sequence[Held]) -> list[Step]:
    """A step for every template that the product needs, in its order."""
    by_name = {each.name: each for each in held}
    return [_step(template, by_name.get(template.name)) for template in wanted]


def apply(
    steps: Sequence[Step], provider: Provider, *, pause_s: float, sleep: Callable[[float], None]
) -> Iterator[str]:
    """Create and update what is to be, one after the other, `pause_s` apart; a line for each.

    Raises ProviderRefused at the first refusal; to run again goes on from there.
    """
    due = [step for step in steps if step.change in ("create", "update")]
    for number, step in enumerate(due):
        if number:
            sleep(pause_s)
        if step.held is None:
            yield f"{step.template.name}: created, {provider.create(step.template)}"
        else:
            provider.update(step.held.code, step.template)
            yield f"{step.template.name}: updated, {step.held.code}"


def codes(steps: Sequence[Step]) -> dict[str, dict[str, str]]:
    """The provider's codes by notification and destination, of those that are approved."""
    found: dict[str, dict[str, str]] = {}
    for step in steps:
        if step.template.is_notification and step.held and step.held.state == "approved":
            named = found.setdefault(step.template.purpose, {})
            named[step.template.destination] = step.held.code
    return found


def _step(template: Template, held: Held | None) -> Step:
    if held is None:
        return Step(template, None, "create")
    if held.content == template.content:
        return Step(template, held, "unchanged")
    # UpdateSmsTemplate is for those whose review failed; that a cancelled review counts as failed
    # is inferred.
    return Step(template, held, "update" if held.state in ("rejected", "cancelled") else "locked")
