"""What the platform lets pass and what bites later: checked for a deployment, not for a local run.

Each is a known trap of `s deploy` or of Function Compute; none is in the component's schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from infra.serverless_devs.problems import Problems, Where

LONGEST_PUSH_S = 300
"""EventBridge waits no longer for a function."""
_WIPED = ("logConfig", "environmentVariables")
_BY_HAND = (
    (re.compile(r"\bacs:[a-z]+:[^:\s]*:\d{6,}"), "an account id by hand; ${config('AccountID')}"),
    (re.compile(r"\bLTAI[A-Za-z0-9]{12,}"), "an access key; it belongs in the environment"),
    (re.compile(r"\b\d{16}\b"), "an account id by hand; ${config('AccountID')}"),
)


def check_traps(functions: Mapping[str, dict[str, object]], problems: Problems) -> None:
    """Note every trap that a function's rendered props walk into."""
    paths: dict[object, str] = {}
    for resource, props in functions.items():
        where = ("resources", resource, "props")
        for key in _WIPED:
            if not props.get(key):
                problems.add((*where, key), "is missing: a deployment wipes what is not stated")
        if not props.get("role"):
            problems.add((*where, "role"), "is missing: each function has a role of its own")
        for index, trigger in _triggers(props):
            _check_trigger(props, trigger, (*where, "triggers", str(index)), problems)
        _check_async(props, where, problems)
        _check_route(props, where, problems, paths, resource)


def check_text(path: Path, problems: Problems) -> None:
    """Note account ids, ARNs and access keys that stand in the file itself."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return  # the reader has said so
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, reason in _BY_HAND:
            if pattern.search(line):
                problems.add((f"line {number}",), f"holds {reason}")
                break


def _check_trigger(
    props: Mapping[str, object], trigger: Mapping[str, object], where: Where, problems: Problems
) -> None:
    config = _block(trigger, "triggerConfig")
    here = (*where, "triggerConfig")
    match trigger.get("triggerType"):
        case "http":
            methods = config.get("methods")
            if isinstance(methods, list) and "OPTIONS" not in methods:
                problems.add(
                    (*here, "methods"),
                    "lacks OPTIONS: the platform then answers preflights, with credentials allowed",
                )
        case "eventbridge":
            if "asyncInvocationType" not in config:
                problems.add(
                    (*here, "asyncInvocationType"), "is missing: pages differ on its meaning"
                )
            options = _block(config, "runOptions")
            for key in ("errorsTolerance", "deadLetterQueue", "retryStrategy", "mode"):
                if not options.get(key):
                    problems.add((*here, "runOptions", key), "is missing: nothing is left to guess")
            if options.get("errorsTolerance") == "NONE":
                problems.add(
                    (*here, "runOptions", "errorsTolerance"),
                    "NONE: a batch that keeps failing blocks all behind it",
                )
            timeout_s = props.get("timeout")
            if isinstance(timeout_s, int) and timeout_s > LONGEST_PUSH_S:
                problems.add(
                    (*where[:3], "timeout"),
                    f"{timeout_s} s; EventBridge waits {LONGEST_PUSH_S} s at most",
                )


def _check_async(props: Mapping[str, object], where: Where, problems: Problems) -> None:
    kinds = {trigger.get("triggerType") for _, trigger in _triggers(props)}
    config, here = _block(props, "asyncInvokeConfig"), (*where, "asyncInvokeConfig")
    for key in ("maxAsyncRetryAttempts", "maxAsyncEventAgeInSeconds"):
        if key not in config:
            problems.add((*here, key), "is missing: the platform's defaults are 3 times and hours")
    if "http" in kinds and config.get("maxAsyncRetryAttempts", 0) != 0:
        problems.add(
            (*here, "maxAsyncRetryAttempts"),
            "must be 0 behind HTTP: any caller may make the call asynchronous",
        )
    if kinds - {"http", None}:
        target = _block(_block(config, "destinationConfig"), "onFailure")
        if not target.get("destination"):
            problems.add(
                (*here, "destinationConfig", "onFailure"), "is missing: what fails would be lost"
            )


def _check_route(
    props: Mapping[str, object],
    where: Where,
    problems: Problems,
    paths: dict[object, str],
    resource: str,
) -> None:
    domain = _block(props, "customDomain")
    has_http = any(trigger.get("triggerType") == "http" for _, trigger in _triggers(props))
    if not domain:
        if has_http:
            problems.add(
                (*where, "customDomain"), "is missing: the default domain is for tests alone"
            )
        return
    route = domain.get("route")
    if isinstance(route, list):
        problems.add(
            (*where, "customDomain", "route"), "is a list; the component takes one for a function"
        )
        return
    path = _block(domain, "route").get("path")
    owner = paths.setdefault(path, resource)
    if owner != resource:
        problems.add((*where, "customDomain", "route", "path"), f"{path!r} is {owner}'s already")


def _triggers(props: Mapping[str, object]) -> Iterator[tuple[int, dict[str, object]]]:
    triggers = props.get("triggers")
    for index, trigger in enumerate(triggers if isinstance(triggers, list) else []):
        if isinstance(trigger, dict):
            yield index, trigger


def _block(block: Mapping[str, object], key: str) -> dict[str, object]:
    value = block.get(key)
    return value if isinstance(value, dict) else {}
