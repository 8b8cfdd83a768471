"""What calls the functions: there, switched on, and nothing besides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from infra.doctor.functions import differing
from infra.doctor.model import Case, Finding, settled
from infra.serverless_devs import FunctionSpec, Trigger

_SWITCHES = ("enable", "triggerEnable")
"""Of a timer, and of an EventBridge trigger."""
_FIXED = ("mns_topic", "tablestore")
"""The component changes no trigger of these types."""


def there(case: Case) -> Sequence[Finding]:
    """Every trigger of s.yaml."""
    bad, count = [], 0
    for spec, held in _held(case):
        count += len(spec.triggers)
        bad += [
            Finding("wrong", f"{spec.name}: {each.name} is missing", do=case.deploy)
            for each in spec.triggers
            if each.name not in held
        ]
    return settled(f"{count} triggers", bad)


def enabled(case: Case) -> Sequence[Finding]:
    """Those that s.yaml switches on are on."""
    bad = []
    for spec, trigger, held in _pairs(case):
        config = held.get("triggerConfig") or {}
        for switch in _SWITCHES:
            if trigger.config.get(switch) is True and config.get(switch) is not True:
                why = f"{switch} is off: its queue or its clock calls nobody"
                do = f"switch it on in the console, or {case.deploy}"
                bad.append(Finding("wrong", f"{spec.name}: {trigger.name}", why, do))
    return settled("all that can be switched off are on", bad)


def settings(case: Case) -> Sequence[Finding]:
    """Their sources, batches, retries and dead letters are those of s.yaml (inferred: that the
    service gives back what it was given).
    """
    bad = []
    for spec, trigger, held in _pairs(case):
        wanted = {key: each for key, each in trigger.config.items() if key not in _SWITCHES}
        found = [
            f"{path} {told} -> {meant}"
            for path, told, meant in (
                *differing(trigger.type, held.get("triggerType"), "triggerType"),
                *differing(trigger.source_arn or None, held.get("sourceArn"), "sourceArn"),
                *differing(wanted, held.get("triggerConfig") or {}),
            )
        ]
        if found:
            gone = f"s remove --trigger {trigger.name}, then {case.deploy}"
            do = gone if trigger.type in _FIXED else case.deploy
            bad.append(Finding("wrong", f"{spec.name}: {trigger.name}", ", ".join(found), do))
    return settled("as in s.yaml", bad)


def stray(case: Case) -> Sequence[Finding]:
    """No trigger is left over: a deployment takes none away."""
    bad = [
        Finding(
            "wrong",
            f"{spec.name}: {name} is not in s.yaml",
            why="it goes on calling the function",
            do=f"s remove --trigger {name}",
        )
        for spec, held in _held(case)
        for name in sorted(held.keys() - {each.name for each in spec.triggers})
    ]
    return settled("none left over", bad)


def _pairs(case: Case) -> Iterator[tuple[FunctionSpec, Trigger, Mapping[str, Any]]]:
    for spec, held in _held(case):
        for trigger in spec.triggers:
            if trigger.name in held:
                yield spec, trigger, held[trigger.name]


def _held(case: Case) -> Iterator[tuple[FunctionSpec, Mapping[str, Mapping[str, Any]]]]:
    """The functions that are there, with the triggers that they have."""
    functions = case.reached().functions
    for spec in case.rendered().functions:
        if functions.function(spec.name) is not None:
            yield spec, functions.triggers(spec.name)
