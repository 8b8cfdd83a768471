"""What is checked of a trigger: the tool's own schema checks nothing inside `triggerConfig`.

Casing is mixed in an EventBridge trigger (`eventSourceConfig`, but `QueueName`), so its keys are
compared with the documented ones.
"""

from __future__ import annotations

from infra.serverless_devs.problems import UNKNOWN, Problems, Where
from infra.serverless_devs.rules import (
    Rule,
    apply,
    list_of,
    one_of,
    refuse_misspelled,
    require,
    text,
    whole,
)

TYPES = ("http", "timer", "mns_topic", "eventbridge", "oss", "log", "tablestore", "cdn_events")
METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS")
_TRIGGER_KEYS = (
    "triggerName",
    "triggerType",
    "triggerConfig",
    "qualifier",
    "description",
    "invocationRole",
    "sourceArn",
)
_CRON = r"@every \d+[smh]|(?:CRON_TZ=\S+ )?\S+(?: \S+){5}"
_ARN = text(r"acs:[a-z0-9-]+:.*", "an ARN (acs:...)")
_FLAG = one_of(True, False)

_REQUIRED: dict[str, tuple[str, ...]] = {
    "http": ("authType", "methods"),
    "timer": ("cronExpression",),
    "mns_topic": ("notifyContentFormat", "notifyStrategy"),
    "eventbridge": ("eventSourceConfig",),
}
_RULES: dict[str, dict[str, Rule]] = {
    "http": {
        "authType": one_of("anonymous", "function", "jwt"),
        "methods": list_of(*METHODS),
        "disableURLInternet": _FLAG,
    },
    "timer": {
        "cronExpression": text(_CRON, "'@every 5m' or six cron fields"),
        "enable": _FLAG,
        "payload": text(r"(?s).{0,131072}", "a text of at most 128 KB"),
    },
    "mns_topic": {
        "notifyContentFormat": one_of("JSON", "STREAM"),
        "notifyStrategy": one_of("BACKOFF_RETRY", "EXPONENTIAL_DECAY_RETRY"),
        "filterTag": text(r".{1,16}", "a text of 1 to 16 characters"),
    },
    "eventbridge": {
        "triggerEnable": _FLAG,
        "asyncInvocationType": _FLAG,
        "eventRuleFilterPattern": text(),
    },
}

# The blocks of an EventBridge trigger: their path, the keys that are documented, their rules.
_BRIDGE: dict[Where, dict[str, Rule | None]] = {
    (): {
        "triggerEnable": None,
        "asyncInvocationType": None,
        "eventRuleFilterPattern": None,
        "eventSourceConfig": None,
        "eventSinkConfig": None,
        "runOptions": None,
    },
    ("eventSourceConfig",): {
        "eventSourceType": one_of("Default", "MNS", "RocketMQ", "RabbitMQ", "Kafka", "MQTT", "DTS"),
        "eventSourceParameters": None,
    },
    ("eventSourceConfig", "eventSourceParameters"): {
        "sourceMNSParameters": None,
        "sourceRocketMQParameters": None,
    },
    ("eventSourceConfig", "eventSourceParameters", "sourceMNSParameters"): {
        "RegionId": text(),
        "QueueName": text(),
        "IsBase64Decode": _FLAG,
    },
    ("eventSinkConfig",): {"deliveryOption": None},
    ("eventSinkConfig", "deliveryOption"): {"eventSchema": one_of("CloudEvents", "RawData")},
    ("runOptions",): {
        "mode": one_of("event-streaming", "event-driven"),
        "errorsTolerance": one_of("ALL", "NONE"),
        "retryStrategy": None,
        "deadLetterQueue": None,
        "batchWindow": None,
    },
    ("runOptions", "retryStrategy"): {
        "PushRetryStrategy": one_of("BACKOFF_RETRY", "EXPONENTIAL_DECAY_RETRY"),
    },
    ("runOptions", "deadLetterQueue"): {"Arn": _ARN},
    ("runOptions", "batchWindow"): {
        "CountBasedWindow": whole(1, 10000),
        "TimeBasedWindow": whole(0, 15),
    },
}


def check_triggers(triggers: object, where: Where, problems: Problems) -> None:
    """Note every problem of a function's `triggers`."""
    if not isinstance(triggers, list):
        problems.add(where, "is not a list")
        return
    names: list[object] = []
    for index, trigger in enumerate(triggers):
        here = (*where, str(index))
        if not isinstance(trigger, dict):
            problems.add(here, "is not a mapping")
            continue
        _check_trigger(trigger, here, problems)
        name = trigger.get("triggerName")
        if name is not None and name in names:
            problems.add((*here, "triggerName"), f"{name!r} is used twice")
        names.append(name)
    types = [item.get("triggerType") for item in triggers if isinstance(item, dict)]
    if types.count("http") > 1:
        problems.add(where, "has more than one http trigger")


def _check_trigger(trigger: dict[str, object], where: Where, problems: Problems) -> None:
    require(("triggerName", "triggerType", "triggerConfig"), trigger, where, problems)
    refuse_misspelled(trigger, _TRIGGER_KEYS, where, problems)
    apply({"triggerName": text(), "triggerType": one_of(*TYPES)}, trigger, where, problems)
    kind, config = trigger.get("triggerType"), trigger.get("triggerConfig")
    if kind == "mns_topic":
        require(("sourceArn",), trigger, where, problems)
        topic = text(
            r"acs:mns:[^:]*:[^:]*:/topics/.+", "acs:mns:<region>:<account>:/topics/<topic>"
        )
        apply({"sourceArn": topic}, trigger, where, problems)
    if not isinstance(kind, str) or config in (None, UNKNOWN):
        return
    here = (*where, "triggerConfig")
    if not isinstance(config, dict):
        problems.add(here, "is not a mapping")
        return
    rules = _RULES.get(kind, {})
    require(_REQUIRED.get(kind, ()), config, here, problems)
    apply(rules, config, here, problems)
    if kind == "eventbridge":
        _check_bridge(config, here, problems)
    else:
        refuse_misspelled(config, rules, here, problems)


def _check_bridge(config: dict[str, object], where: Where, problems: Problems) -> None:
    for path, rules in _BRIDGE.items():
        block = _block(config, path)
        refuse_misspelled(block, rules, (*where, *path), problems)
        apply({key: rule for key, rule in rules.items() if rule}, block, (*where, *path), problems)
    source = ("eventSourceConfig",)
    if isinstance(config.get("eventSourceConfig"), dict):
        require(("eventSourceType",), _block(config, source), (*where, *source), problems)
    if _block(config, source).get("eventSourceType") == "MNS":
        queue = (*source, "eventSourceParameters", "sourceMNSParameters")
        require(("RegionId", "QueueName"), _block(config, queue), (*where, *queue), problems)
    tolerant = _block(config, ("runOptions",)).get("errorsTolerance") == "ALL"
    if tolerant and not _block(config, ("runOptions", "deadLetterQueue")).get("Arn"):
        problems.add(
            (*where, "runOptions", "errorsTolerance"),
            "ALL without deadLetterQueue.Arn loses messages",
        )


def _block(config: dict[str, object], path: Where) -> dict[str, object]:
    block: object = config
    for key in path:
        block = block.get(key) if isinstance(block, dict) else None
    return block if isinstance(block, dict) else {}
