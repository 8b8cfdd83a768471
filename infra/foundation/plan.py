"""What there is beside what is wanted: a step for each resource that differs, and doing the steps.

A plan with one destructive step in it is not done at all: half of a change that somebody has to
decide on is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from infra.foundation.model import (
    FOREVER,
    RULES,
    Attributes,
    FoundationFailed,
    Hosts,
    Identity,
    Json,
    Kind,
    Resource,
)

_SHOWN_CHARACTERS = 40
_SHOWN_VALUES = 2
_SHOWN_ACTIONS = 8
_PATIENCE = 5
_ABSENT = "nothing"


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that is another. refusal: why it may not be changed, if it may not."""

    path: str
    held: str
    wanted: str
    refusal: str = ""

    def __str__(self) -> str:
        told = f"{self.path} {self.held} -> {self.wanted}"
        return f"{told} ({self.refusal})" if self.refusal else told


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done about one resource; held is None if it is not there."""

    resource: Resource
    held: Attributes | None
    differences: tuple[Difference, ...] = ()

    @property
    def sign(self) -> str:
        """`+` makes, `~` changes, `!` would destroy and is refused."""
        if self.held is None:
            return "+"
        return "!" if any(each.refusal for each in self.differences) else "~"

    def __str__(self) -> str:
        if self.held is None:
            told = _told_new(self.resource)
            return f"+ {self.resource}{': ' if told else ''}{told}"
        # A refusal is never among those that are not shown.
        ordered = sorted(self.differences, key=lambda each: not each.refusal)
        shown = max(_SHOWN_VALUES, sum(1 for each in ordered if each.refusal))
        told = ", ".join(str(each) for each in ordered[:shown])
        rest = len(ordered) - shown
        return f"{self.sign} {self.resource}: {told}{f', and {rest} more' if rest > 0 else ''}"


def plan(wanted: Sequence[Resource], hosts: Hosts) -> list[Step]:
    """The steps that remain, in the order of `wanted`. Raises FoundationFailed."""
    steps = []
    for resource in wanted:
        held = hosts[resource.kind].read(resource)
        differences = () if held is None else _differences(resource, held)
        if held is None or differences:
            steps.append(Step(resource, held, differences))
    return steps


def apply(
    steps: Sequence[Step], hosts: Hosts, *, pause_s: float, sleep: Callable[[float], None]
) -> Iterator[Step]:
    """Do the steps in their order; each is told once it is done.

    What is new takes a moment to be known everywhere: a part whose whole is not there yet is tried
    again, `pause_s` apart. Raises FoundationFailed; what was told is done, and a new plan has the
    rest.
    """
    for step in steps:
        host = hosts[step.resource.kind]
        for attempt in range(_PATIENCE):
            try:
                if step.held is None:
                    host.create(step.resource)
                else:
                    host.change(step.resource, step.held)
                break
            except FoundationFailed as failure:
                if failure.code != "not_there_yet" or attempt == _PATIENCE - 1:
                    raise
                sleep(pause_s)
        yield step


def clearer(failure: FoundationFailed, identity: Identity) -> FoundationFailed:
    """The failure, or why nothing at all works: some services say no more than that an expired
    token is not allowed to, so the token service is asked.
    """
    if failure.code not in ("forbidden", "credentials_refused"):
        return failure
    try:
        identity.account_id()
    except FoundationFailed as cause:
        if cause.code in ("credentials_expired", "credentials_refused"):
            return cause
    return failure


def _differences(resource: Resource, held: Attributes) -> tuple[Difference, ...]:
    found: list[Difference] = []
    for name, wanted in resource.attributes.items():
        rule = RULES.get((resource.kind, name))
        have, want = _flat(held.get(name), name), _flat(wanted, name)
        paths = [*want, *(path for path in have if path not in want)] if rule == "whole" else want
        for path in paths:
            before, after = have.get(path, _ABSENT), want.get(path, _ABSENT)
            # True is 1 to Python, and not to the provider.
            if before != after or isinstance(before, bool) != isinstance(after, bool):
                refusal = _refusal(resource.kind, name, before, after)
                found.append(Difference(path, _short(before), _short(after), refusal))
    return tuple(found)


def _refusal(kind: Kind, name: str, held: Json, wanted: Json) -> str:
    rule = RULES.get((kind, name))
    if rule == "fixed":
        return "cannot be changed, only made anew: copy the data to another name by hand"
    if rule == "kept" and isinstance(held, int) and isinstance(wanted, int):
        if held != FOREVER and (wanted == FOREVER or wanted > held):
            return ""
        return "would delete what is kept: shorten it by hand, or want as much as there is"
    return ""


def _flat(value: Json, path: str) -> dict[str, Json]:
    """The leaves of a value by their paths; a list also has a length, a leaf of its own."""
    if isinstance(value, Mapping):
        return {
            inner: leaf
            for key, each in value.items()
            for inner, leaf in _flat(each, f"{path}.{key}").items()
        }
    if isinstance(value, Sequence) and not isinstance(value, str):
        leaves: dict[str, Json] = {f"{path}.length": len(value)}
        for number, each in enumerate(value):
            leaves.update(_flat(each, f"{path}.{number}"))
        return leaves
    return {path: value}


def _told_new(resource: Resource) -> str:
    """What is made, where it is a few plain values; of a policy, what it allows."""
    values = resource.attributes
    if resource.kind == "policy":
        flat = _flat(values.get("document"), "")
        leaves = [str(leaf) for path, leaf in flat.items() if re.search(r"Action\.\d+$", path)]
        actions = list(dict.fromkeys(leaves))
        rest = len(actions) - _SHOWN_ACTIONS
        more = f", and {rest} more" if rest > 0 else ""
        return ", ".join(actions[:_SHOWN_ACTIONS]) + more
    if any(isinstance(value, (Mapping, list, tuple)) for value in values.values()):
        return ""
    return ", ".join(f"{name} {_short(value)}" for name, value in values.items())


def _short(value: Json) -> str:
    text = str(value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 3] + "..."
