"""What is deployed beside what s.yaml says. Values of the environment are compared, never shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from infra.doctor.model import Case, Finding, settled
from infra.foundation.model import FoundationFailed
from infra.serverless_devs import FunctionSpec

_COMPARED = ("runtime", "handler", "cpu", "memorySize", "timeout", "logConfig")
_LATELY_MIN = 15
_NO_LOGS = ("ProjectNotExist", "LogStoreNotExist", "IndexConfigNotExist")
Deployed = tuple[FunctionSpec, Mapping[str, object], Mapping[str, Any]]


def there(case: Case) -> Sequence[Finding]:
    """Every function is deployed, and its last deployment went well."""
    bad, functions = [], case.rendered().functions
    for spec in functions:
        held = case.reached().functions.function(spec.name)
        if held is None:
            bad.append(Finding("wrong", f"{spec.name} is not deployed", do=case.deploy))
            continue
        for key, fine in (("state", "Active"), ("lastUpdateStatus", "Successful")):
            # Left out where nothing is to be told (inferred).
            told = held.get(key) or fine
            if told != fine:
                why = str(held.get(f"{key}ReasonCode") or "no reason given")
                bad.append(Finding("wrong", f"{spec.name}: {told}", why, do=case.deploy))
    return settled(f"{len(functions)} deployed", bad)


def settings(case: Case) -> Sequence[Finding]:
    """Runtime, handler, size, role and log are those of s.yaml."""
    bad = []
    for spec, props, held in _deployed(case):
        wanted = {key: props[key] for key in _COMPARED if key in props}
        differences = [f"{path} {told} -> {meant}" for path, told, meant in differing(wanted, held)]
        role, wanted_role = (_role(each) for each in (held.get("role"), spec.role))
        if role != wanted_role:
            differences.append(f"role {role or 'none'} -> {wanted_role}")
        if differences:
            bad.append(Finding("wrong", spec.name, ", ".join(differences), case.deploy))
    return settled("as in s.yaml", bad)


def environment(case: Case) -> Sequence[Finding]:
    """The variables are those that a deployment from here would set."""
    bad = []
    for spec, _, held in _deployed(case):
        have: Mapping[str, str] = held.get("environmentVariables") or {}
        # An empty value and none are the same to the functions.
        ours = {name for name, value in spec.environment.items() if value}
        theirs = {name for name, value in have.items() if value}
        parts = {
            "missing": ours - theirs,
            "strange": theirs - ours,
            "other values": {
                each for each in ours & theirs if have[each] != spec.environment[each]
            },
        }
        why = "; ".join(f"{told}: {', '.join(sorted(n))}" for told, n in parts.items() if n)
        if why:
            bad.append(Finding("wrong", spec.name, why, case.deploy, "key-rotation"))
    return settled("as this stage's variables make it", bad)


def asynchronous(case: Case) -> Sequence[Finding]:
    """What fails asynchronously is tried again, and kept, as s.yaml says."""
    bad, count = [], 0
    for spec, props, _ in _deployed(case):
        wanted = props.get("asyncInvokeConfig")
        if not isinstance(wanted, Mapping):
            continue
        count += 1
        held = case.reached().functions.async_config(spec.name)
        if held is None:
            bad.append(Finding("wrong", f"{spec.name}: not set", do=case.deploy))
            continue
        found = [f"{path} {told} -> {meant}" for path, told, meant in differing(wanted, held)]
        if found:
            bad.append(Finding("wrong", spec.name, ", ".join(found), case.deploy))
    return settled(f"{count} configured", bad)


def errors(case: Case) -> Sequence[Finding]:
    """No invocation failed lately."""
    try:
        failures = case.reached().failures.since(_LATELY_MIN)
    except FoundationFailed as failure:
        if failure.detail in _NO_LOGS:
            return (Finding("skipped", "the logs are not there"),)
        raise
    do = f"python -m infra.runbooks function_failures --stage {case.stage}, then their logs"
    bad = [
        Finding("wrong", f"{name} failed {count} times", do=do, runbook="restore")
        for name, count in failures.items()
    ]
    return settled(f"none failed in the last {_LATELY_MIN} minutes", bad)


def code(case: Case) -> Sequence[Finding]:
    """Whether the newest code runs, which only the deploying tool can compare."""
    if case.is_local:
        return (Finding("ok", "packaged when `make up` started"),)
    what = "whether the newest code runs is not told: the tool zips it in a way of its own"
    return (Finding("unknown", what, do=f"make s-plan STAGE={case.stage}"),)


def differing(wanted: object, held: object, path: str = "") -> Iterator[tuple[str, object, object]]:
    """Where `held` has another value than `wanted`: path, held, wanted. More is no difference."""
    if isinstance(wanted, Mapping):
        inner = held if isinstance(held, Mapping) else {}
        for key, each in wanted.items():
            yield from differing(each, inner.get(key), f"{path}.{key}".lstrip("."))
    elif wanted is not None and held != wanted:
        yield path, "nothing" if held is None else held, wanted


def _deployed(case: Case) -> Iterator[Deployed]:
    """The functions that are there, with their props."""
    manifest = case.rendered()
    for spec in manifest.functions:
        held = case.reached().functions.function(spec.name)
        if held is not None:
            yield spec, manifest.resources[spec.resource], held


def _role(role: object) -> str:
    """A role's name; the component deploys it in lower case."""
    return str(role or "").rpartition("/")[2].lower()
