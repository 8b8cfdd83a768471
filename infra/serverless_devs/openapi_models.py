"""Every block of a function against the models of Function Compute's own SDK (2023-03-30).

A model drops the keys that it does not know, so what a block loses on its way through one is
misspelled, wrongly cased or in the wrong place. Neither `s verify` nor `s deploy` notices those.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from alibabacloud_fc20230330 import models

from infra.serverless_devs.problems import Problems, Where

# Any: the SDK's classes are not typed.
_TRIGGERS: dict[str, Any] = {
    "http": models.HTTPTriggerConfig,
    "timer": models.TimerTriggerConfig,
    "mns_topic": models.MNSTopicTriggerConfig,
    "eventbridge": models.EventBridgeTriggerConfig,
    "oss": models.OSSTriggerConfig,
    "log": models.SLSTriggerConfig,
    "cdn_events": models.CDNTriggerConfig,
}
_BLOCKS: dict[str, Any] = {
    "asyncInvokeConfig": models.PutAsyncInvokeConfigInput,
    "concurrencyConfig": models.PutConcurrencyInput,
    "provisionConfig": models.PutProvisionConfigInput,
    "scalingConfig": models.PutScalingConfigInput,
}
"""Blocks that are calls of their own."""
_COMPONENTS_OWN: dict[str, tuple[str, ...]] = {
    "asyncInvokeConfig": ("qualifier",),
    "provisionConfig": ("qualifier", "mode"),
    "scalingConfig": ("qualifier", "mode"),
}
"""Keys that the component reads itself, and sends elsewhere or nowhere."""
_NOT_SENT = ("region", "triggers", "customDomain", "vpcBinding", "code", "annotations", "endpoint")


def check_against_sdk(functions: Mapping[str, dict[str, object]], problems: Problems) -> None:
    """Note every key that the SDK's models do not know, of all functions by resource."""
    for resource, props in functions.items():
        where = ("resources", resource, "props")
        for lost in _lost_keys(props):
            problems.add((*where, *lost), "is no key of the platform's OpenAPI (2023-03-30)")


def _lost_keys(props: Mapping[str, object]) -> Iterator[Where]:
    separate = (*_NOT_SENT, *_BLOCKS, "supplement", "instanceIsolationMode")
    own = {key: value for key, value in props.items() if key not in separate}
    if own.get("logConfig") == "auto":
        del own["logConfig"]
    if own.get("vpcConfig") == "auto":
        del own["vpcConfig"]
    yield from _lost(models.CreateFunctionInput, own)
    for name, model in _BLOCKS.items():
        block = props.get(name)
        if isinstance(block, dict):
            kept = {k: v for k, v in block.items() if k not in _COMPONENTS_OWN.get(name, ())}
            yield from _below((name,), _lost(model, kept))
    triggers = props.get("triggers")
    for index, trigger in enumerate(triggers if isinstance(triggers, list) else []):
        if isinstance(trigger, dict):
            yield from _below(("triggers", str(index)), _lost_of_trigger(trigger))
    domain = props.get("customDomain")
    if isinstance(domain, dict):
        yield from _below(("customDomain",), _lost_of_domain(domain))


def _lost_of_trigger(trigger: Mapping[str, object]) -> Iterator[Where]:
    config = trigger.get("triggerConfig")
    yield from _lost(
        models.CreateTriggerInput, {**trigger, "triggerConfig": ""} if config else dict(trigger)
    )
    model = _TRIGGERS.get(str(trigger.get("triggerType")))
    if model is not None and isinstance(config, dict):
        yield from _below(("triggerConfig",), _lost(model, config))


def _lost_of_domain(domain: Mapping[str, object]) -> Iterator[Where]:
    rest = {key: value for key, value in domain.items() if key != "route"}
    yield from _lost(models.CreateCustomDomainInput, rest)
    route = domain.get("route")
    if isinstance(route, dict):
        yield from _below(("route",), _lost(models.PathConfig, route))


def _lost(model: Any, block: Mapping[str, object]) -> Iterator[Where]:
    """The paths of `block` that a model does not keep."""
    try:
        kept = model().from_map(dict(block)).to_map()
    except (AttributeError, TypeError, ValueError):
        return  # a value of another type than the model's, which the shapes have named
    yield from _missing(block, kept, ())


def _missing(block: object, kept: object, where: Where) -> Iterator[Where]:
    if isinstance(block, Mapping):
        for key, value in block.items():
            if value is None:
                continue
            if not isinstance(kept, Mapping) or key not in kept:
                yield (*where, str(key))
            else:
                yield from _missing(value, kept[key], (*where, str(key)))
    elif isinstance(block, list) and isinstance(kept, list):
        for index, (item, kept_item) in enumerate(zip(block, kept, strict=False)):
            yield from _missing(item, kept_item, (*where, str(index)))


def _below(where: Where, paths: Iterator[Where]) -> Iterator[Where]:
    return ((*where, *path) for path in paths)
