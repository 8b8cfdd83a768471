"""The triggers of a manifest as values that can be run; what cannot be is TriggerInvalid.

A trigger that is switched off gives no rule. A type or source that the local cloud does not have is
left out with a warning: the project's other functions still run.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from infra.localcloud.eventbridge.pattern import Pattern, PatternInvalid, read_pattern
from infra.localcloud.eventbridge.schedule import Schedule, ScheduleInvalid, read_schedule
from infra.serverless_devs import FunctionSpec
from infra.serverless_devs.manifest import Trigger

log = logging.getLogger("localcloud.eventbridge")

Retry = Literal["BACKOFF_RETRY", "EXPONENTIAL_DECAY_RETRY"]
Tolerance = Literal["ALL", "NONE"]
Mode = Literal["event-streaming", "event-driven"]
Schema = Literal["CloudEvents", "RawData"]
Format = Literal["JSON", "STREAM"]
Value = TypeVar("Value")


class TriggerInvalid(ValueError):
    """A trigger that cannot be run; the text names the function, the trigger and the fault."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where EventBridge pushes to, and what it does when that fails.

    dead_letter_queue: the name of an SMQ queue, "" for none: what is given up is then lost.
    """

    function: str
    trigger: str
    is_asynchronous: bool
    mode: Mode
    schema: Schema
    pattern: Pattern
    retry: Retry
    tolerance: Tolerance
    dead_letter_queue: str


@dataclass(frozen=True, slots=True)
class StreamRule:
    """Push what comes into `queue`: up to `batch_count` messages, gathered for `window_s` of real
    time after the first.
    """

    target: Target
    queue: str
    is_base64_decoded: bool
    batch_count: int
    window_s: float


@dataclass(frozen=True, slots=True)
class TimerRule:
    """Call the function whenever `schedule` is due."""

    function: str
    trigger: str
    schedule: Schedule
    payload: str


@dataclass(frozen=True, slots=True)
class TopicRule:
    """Call the function with each message of `topic`, or only with those tagged `filter_tag`."""

    function: str
    trigger: str
    topic: str
    format: Format
    filter_tag: str


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that a manifest's triggers ask for. `bus` is what listens to the default bus."""

    streams: tuple[StreamRule, ...]
    bus: tuple[Target, ...]
    timers: tuple[TimerRule, ...]
    topics: tuple[TopicRule, ...]


def read_rules(functions: Iterable[FunctionSpec]) -> Rules:
    """The rules of all functions. Raises TriggerInvalid for the first that is wrong."""
    streams: list[StreamRule] = []
    bus: list[Target] = []
    timers: list[TimerRule] = []
    topics: list[TopicRule] = []
    for function in functions:
        for trigger in function.triggers:
            match _read(function.name, trigger):
                case StreamRule() as stream:
                    streams.append(stream)
                case Target() as target:
                    bus.append(target)
                case TimerRule() as timer:
                    timers.append(timer)
                case TopicRule() as topic:
                    topics.append(topic)
    return Rules(tuple(streams), tuple(bus), tuple(timers), tuple(topics))


def _read(function: str, trigger: Trigger) -> StreamRule | Target | TimerRule | TopicRule | None:
    try:
        match trigger.type:
            case "http":
                return None
            case "timer":
                return _timer(function, trigger)
            case "mns_topic":
                return _topic(function, trigger)
            case "eventbridge":
                return _bridge(function, trigger)
    except (ScheduleInvalid, PatternInvalid, TriggerInvalid) as error:
        raise TriggerInvalid(f"{function}: trigger {trigger.name}: {error}") from error
    log.warning("%s: trigger %s: %s is not run locally", function, trigger.name, trigger.type)
    return None


def _timer(function: str, trigger: Trigger) -> TimerRule | None:
    config = trigger.config
    if not _flag(config, "enable", True):
        return None
    return TimerRule(
        function=function,
        trigger=trigger.name,
        schedule=read_schedule(_text(config, "cronExpression")),
        payload=_text(config, "payload"),
    )


def _topic(function: str, trigger: Trigger) -> TopicRule:
    return TopicRule(
        function=function,
        trigger=trigger.name,
        topic=_name_in(trigger.source_arn, "sourceArn", "topics"),
        format=_choice(trigger.config, "notifyContentFormat", _FORMATS, "STREAM"),
        filter_tag=_text(trigger.config, "filterTag"),
    )


def _bridge(function: str, trigger: Trigger) -> StreamRule | Target | None:
    config = trigger.config
    if not _flag(config, "triggerEnable", True):
        return None
    target = _target(function, trigger)
    source = _block(config, "eventSourceConfig")
    match source.get("eventSourceType"):
        case "Default":
            return target
        case "MNS":
            return _stream(target, config)
    log.warning(
        "%s: trigger %s: events of %s are not run locally",
        function,
        trigger.name,
        source.get("eventSourceType"),
    )
    return None


def _stream(target: Target, config: Mapping[str, object]) -> StreamRule:
    source = _block(config, "eventSourceConfig", "eventSourceParameters", "sourceMNSParameters")
    window = _block(config, "runOptions", "batchWindow")
    queue = _text(source, "QueueName")
    if not queue:
        raise TriggerInvalid("QueueName is missing")
    count = _whole(window, "CountBasedWindow", 1)  # inferred: no window means no batches
    return StreamRule(
        target=target,
        queue=queue,
        is_base64_decoded=_flag(source, "IsBase64Decode", True),
        batch_count=1 if target.mode == "event-driven" else max(count, 1),
        window_s=_whole(window, "TimeBasedWindow", 0),
    )


def _target(function: str, trigger: Trigger) -> Target:
    config = trigger.config
    options = _block(config, "runOptions")
    arn = _text(_block(options, "deadLetterQueue"), "Arn")
    try:
        pattern = json.loads(_text(config, "eventRuleFilterPattern") or "{}")
    except (ValueError, RecursionError) as error:
        raise TriggerInvalid("eventRuleFilterPattern is not JSON") from error
    return Target(
        function=function,
        trigger=trigger.name,
        is_asynchronous=_flag(config, "asyncInvocationType", False),
        # inferred: these four defaults, but for errorsTolerance, which is documented
        mode=_choice(options, "mode", _MODES, "event-driven"),
        schema=_choice(
            _block(config, "eventSinkConfig", "deliveryOption"),
            "eventSchema",
            _SCHEMAS,
            "CloudEvents",
        ),
        pattern=read_pattern(pattern),
        retry=_choice(
            _block(options, "retryStrategy"), "PushRetryStrategy", _RETRIES, "BACKOFF_RETRY"
        ),
        tolerance=_choice(options, "errorsTolerance", _TOLERANCES, "NONE"),
        dead_letter_queue=_name_in(arn, "deadLetterQueue.Arn", "queues") if arn else "",
    )


_RETRIES: tuple[Retry, ...] = ("BACKOFF_RETRY", "EXPONENTIAL_DECAY_RETRY")
_TOLERANCES: tuple[Tolerance, ...] = ("ALL", "NONE")
_MODES: tuple[Mode, ...] = ("event-streaming", "event-driven")
_SCHEMAS: tuple[Schema, ...] = ("CloudEvents", "RawData")
_FORMATS: tuple[Format, ...] = ("JSON", "STREAM")


def _name_in(arn: str, field: str, kind: str) -> str:
    parts, _, name = arn.rpartition("/")
    if not (arn.startswith("acs:mns:") and parts.endswith(kind) and name):
        raise TriggerInvalid(f"{field} must be acs:mns:<region>:<account>:/{kind}/<name>")
    return name


def _block(config: Mapping[str, object], *path: str) -> Mapping[str, object]:
    block = config
    for key in path:
        inner = block.get(key)
        if inner is None:
            return {}
        if not isinstance(inner, Mapping):
            raise TriggerInvalid(f"{key} is not a mapping")
        block = inner
    return block


def _text(config: Mapping[str, object], key: str) -> str:
    value = config.get(key, "")
    if not isinstance(value, str):
        raise TriggerInvalid(f"{key} must be a text")
    return value


def _whole(config: Mapping[str, object], key: str, default: int) -> int:
    value = config.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TriggerInvalid(f"{key} must be a whole number")
    return value


def _flag(config: Mapping[str, object], key: str, default: Literal[True, False]) -> bool:
    value = config.get(key, default)
    if not isinstance(value, bool):
        raise TriggerInvalid(f"{key} must be true or false")
    return value


def _choice(
    config: Mapping[str, object], key: str, choices: tuple[Value, ...], default: Value
) -> Value:
    value = config.get(key, default)
    for choice in choices:
        if choice == value:
            return choice
    raise TriggerInvalid(f"{key} must be one of {', '.join(map(str, choices))}")
