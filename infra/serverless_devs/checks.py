"""What is checked of a function's props: their shape, and what a shape cannot say."""

from __future__ import annotations

from collections.abc import Mapping

from infra.serverless_devs.problems import Problems, Where
from infra.serverless_devs.prop_shapes import PROPS
from infra.serverless_devs.shapes import as_schema, check
from infra.serverless_devs.trigger_shapes import TOPIC_ARN

DEFAULT_CPU = 0.35
DEFAULT_MEMORY_MB = 512
ENVIRONMENT_LIMIT_BYTES = 4096


def check_props(props: dict[str, object], where: Where, problems: Problems) -> None:
    """Note every problem of one function's rendered props."""
    check(PROPS, props, where, problems)
    _check_code(props, where, problems)
    _check_size(props, where, problems)
    _check_environment_size(props, where, problems)
    _check_hooks(props, where, problems)
    triggers = props.get("triggers")
    if isinstance(triggers, list):
        _check_triggers(triggers, (*where, "triggers"), problems)


def props_schema() -> dict[str, object]:
    """The same, as far as JSON schema (draft-07) has words for it."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        **as_schema(PROPS),
        "not": {"required": ["provisionConfig", "scalingConfig"]},
        "if": {"properties": {"runtime": {"pattern": "^(custom-container|micro-sandbox)$"}}},
        "then": {"required": ["customContainerConfig"]},
        "else": {"required": ["code", "handler"]},
    }


def _check_code(props: Mapping[str, object], where: Where, problems: Problems) -> None:
    runtime = str(props.get("runtime"))
    needed: tuple[str, ...] = ("code", "handler")
    if runtime in ("custom-container", "micro-sandbox"):
        needed = ("customContainerConfig",)
    elif runtime.startswith("custom"):
        needed = ("code",)
    for key in needed:
        if props.get(key) is None:
            problems.add((*where, key), "is missing")


def _check_size(props: Mapping[str, object], where: Where, problems: Problems) -> None:
    cpu, memory_mb = props.get("cpu", DEFAULT_CPU), props.get("memorySize", DEFAULT_MEMORY_MB)
    if isinstance(cpu, int | float) and isinstance(memory_mb, int) and cpu > 0:
        ratio = memory_mb / 1024 / cpu
        # Slack of one part in a hundred thousand: 0.35 has no exact binary form.
        if not 1 - 1e-5 <= ratio <= 4 + 1e-5:
            problems.add(
                (*where, "cpu"),
                f"{cpu} vCPU with {memory_mb} MB is 1:{ratio:.2f}; from 1:1 to 1:4 is allowed",
            )
    concurrency, runtime = props.get("instanceConcurrency"), str(props.get("runtime"))
    if isinstance(concurrency, int) and concurrency > 1 and runtime.startswith("python"):
        problems.add(
            (*where, "instanceConcurrency"),
            f"{concurrency} is for custom runtimes; {runtime} takes one request at a time",
        )
    if "provisionConfig" in props and "scalingConfig" in props:
        problems.add((*where, "scalingConfig"), "excludes provisionConfig")


def _check_environment_size(props: Mapping[str, object], where: Where, problems: Problems) -> None:
    environment = props.get("environmentVariables")
    if not isinstance(environment, dict):
        return
    size_bytes = sum(
        len(str(key).encode()) + len(str(value).encode()) for key, value in environment.items()
    )
    if size_bytes > ENVIRONMENT_LIMIT_BYTES:
        problems.add(
            (*where, "environmentVariables"),
            f"{size_bytes} bytes; at most {ENVIRONMENT_LIMIT_BYTES} are allowed",
        )


def _check_hooks(props: Mapping[str, object], where: Where, problems: Problems) -> None:
    for name, hook in _block(props, "instanceLifecycleConfig").items():
        if isinstance(hook, dict) and ("handler" in hook) == ("command" in hook):
            problems.add(
                (*where, "instanceLifecycleConfig", str(name)),
                "needs either a handler or a command",
            )


def _check_triggers(triggers: list[object], where: Where, problems: Problems) -> None:
    names: list[object] = []
    for index, trigger in enumerate(triggers):
        if not isinstance(trigger, dict):
            continue
        here = (*where, str(index))
        if trigger.get("triggerType") == "mns_topic":
            known = {key: trigger[key] for key in ("sourceArn",) if key in trigger}
            check(TOPIC_ARN, known, here, problems)
        if trigger.get("triggerType") == "eventbridge":
            _check_bridge(_block(trigger, "triggerConfig"), (*here, "triggerConfig"), problems)
        name = trigger.get("triggerName")
        if name is not None and name in names:
            problems.add((*here, "triggerName"), f"{name!r} is used twice")
        names.append(name)
    types = [item.get("triggerType") for item in triggers if isinstance(item, dict)]
    if types.count("http") > 1:
        problems.add(where, "has more than one http trigger")


def _check_bridge(config: Mapping[str, object], where: Where, problems: Problems) -> None:
    source = _block(config, "eventSourceConfig")
    if source.get("eventSourceType") == "MNS" and not _block(
        _block(source, "eventSourceParameters"), "sourceMNSParameters"
    ):
        problems.add(
            (*where, "eventSourceConfig", "eventSourceParameters", "sourceMNSParameters"),
            "is missing",
        )
    options = _block(config, "runOptions")
    if options.get("errorsTolerance") == "ALL" and not _block(options, "deadLetterQueue").get(
        "Arn"
    ):
        problems.add(
            (*where, "runOptions", "errorsTolerance"),
            "ALL without deadLetterQueue.Arn loses messages",
        )


def _block(block: Mapping[str, object], key: str) -> dict[str, object]:
    value = block.get(key)
    return value if isinstance(value, dict) else {}
