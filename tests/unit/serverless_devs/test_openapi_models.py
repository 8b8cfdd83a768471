"""What the SDK's models do not know is a misspelled key, wherever it stands."""

from __future__ import annotations

import copy
from typing import Any

import pytest

pytest.importorskip("alibabacloud_fc20230330", reason="of an operator's machine")

from infra.serverless_devs.openapi_models import check_against_sdk
from infra.serverless_devs.problems import Problems

PROPS: dict[str, Any] = {
    "functionName": "api",
    "region": "cn-hangzhou",
    "runtime": "python3.10",
    "code": "./code",
    "memorySize": 512,
    "logConfig": {"project": "p", "logstore": "l"},
    "asyncInvokeConfig": {"destinationConfig": {"onFailure": {"destination": "acs:mns:r:1:/q"}}},
    "concurrencyConfig": {"reservedConcurrency": 1},
    "scalingConfig": {"minInstances": 0, "mode": "async"},
    "customDomain": {"domainName": "d", "protocol": "HTTP", "route": {"path": "/*"}},
    "triggers": [
        {"triggerName": "h", "triggerType": "http", "triggerConfig": {"methods": ["GET"]}},
        {
            "triggerName": "q",
            "triggerType": "eventbridge",
            "triggerConfig": {
                "runOptions": {"batchWindow": {"CountBasedWindow": 1}},
                "eventSourceConfig": {
                    "eventSourceParameters": {"sourceMNSParameters": {"QueueName": "q"}}
                },
            },
        },
        {
            "triggerName": "t",
            "triggerType": "timer",
            "triggerConfig": {"cronExpression": "@every 1m"},
        },
    ],
}
QUEUE = "triggers.1.triggerConfig"


def _problems(props: dict[str, Any]) -> list[str]:
    problems = Problems()
    check_against_sdk({"api": props}, problems)
    return problems.lines("s.yaml", {})


def _renamed(place: str, name: str) -> dict[str, Any]:
    props: Any = copy.deepcopy(PROPS)
    block = props
    *path, key = place.split(".")
    for step in path:
        block = block[int(step)] if isinstance(block, list) else block[step]
    block[name] = block.pop(key)
    return props  # type: ignore[no-any-return]


def test_a_sound_function_loses_nothing() -> None:
    assert _problems(PROPS) == []


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("memorySize", "memSize"),
        ("logConfig.logstore", "logStore"),
        ("asyncInvokeConfig.destinationConfig.onFailure", "onFail"),
        ("concurrencyConfig.reservedConcurrency", "reserved"),
        ("scalingConfig.minInstances", "minInstance"),
        ("customDomain.protocol", "protocols"),
        ("customDomain.route.path", "paths"),
        ("triggers.0.triggerName", "name"),
        (f"{QUEUE}.runOptions.batchWindow.CountBasedWindow", "countBasedWindow"),
        (
            f"{QUEUE}.eventSourceConfig.eventSourceParameters.sourceMNSParameters.QueueName",
            "queueName",
        ),
        ("triggers.2.triggerConfig.cronExpression", "cron"),
    ],
)
def test_a_misspelled_key_is_named_with_its_path(place: str, name: str) -> None:
    wrong = ".".join([*place.split(".")[:-1], name])
    assert _problems(_renamed(place, name)) == [
        f"s.yaml: api.props.{wrong}: is no key of the platform's OpenAPI (2023-03-30)"
    ]
