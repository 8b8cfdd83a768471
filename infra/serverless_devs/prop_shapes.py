"""What the props of a function may say: the documented keys, ranges and forms.

What this project does not use is known by name alone.
"""

from __future__ import annotations

from infra.serverless_devs.rules import (
    FLAG,
    anything,
    decimal,
    list_of,
    one_of,
    text,
    whole,
)
from infra.serverless_devs.shapes import Block, Either, OneOrMore, Shape, Texts
from infra.serverless_devs.trigger_shapes import METHODS, NAME, TRIGGERS

RUNTIMES = (
    *("python3.12", "python3.10", "python3.9", "python3", "python2.7"),
    *("nodejs8", "nodejs10", "nodejs12", "nodejs14", "nodejs16", "nodejs18", "nodejs20"),
    *("java8", "java11", "php7.2", "go1", "dotnetcore2.1", "dotnetcore3.1"),
    *("custom", "custom.debian10", "custom.debian11", "custom.debian12"),
    *("custom-container", "micro-sandbox"),
)
FILE_FUNCTION = text(r"[A-Za-z_]\w*\.[A-Za-z_]\w*", "of the form file.function")
_ACCOUNT = r"(?:\d+|\$\{.+\})"
_DESTINATION = (
    rf"acs:mns:[^:]*:{_ACCOUNT}:/(?:queues|topics)/[^/]+/messages"
    rf"|acs:fc:[^:]*:{_ACCOUNT}?:functions/.+"
)


def _hook(longest_s: int) -> Block:
    return Block(
        {"handler": FILE_FUNCTION, "timeout": whole(1, longest_s), "command": anything()},
    )


_CODE = Either(
    text(form="a folder, a zip nor an OSS object"),
    (
        Block({"src": text()}, required=("src",)),
        Block(
            {"ossBucketName": text(), "ossObjectName": text()},
            required=("ossBucketName", "ossObjectName"),
        ),
    ),
)
_LOG = Block(
    {
        "project": text(),
        "logstore": text(),
        "enableRequestMetrics": FLAG,
        "enableInstanceMetrics": FLAG,
        "enableLlmMetrics": FLAG,
        "logBeginRule": one_of("DefaultRegex", "None"),
    },
    required=("project", "logstore"),
    word="auto",
)
_ASYNC_DESTINATION = Block(
    {
        "destination": text(
            _DESTINATION, "a destination such as acs:mns:<region>:<account>:/queues/<q>/messages"
        )
    },
    required=("destination",),
)
_ASYNC = Block(
    {
        "maxAsyncRetryAttempts": whole(0, 8),
        # 2,592,000 by one page; 604,800 holds by both.
        "maxAsyncEventAgeInSeconds": whole(1, 604_800),
        "asyncTask": FLAG,
        "qualifier": text(),
        "destinationConfig": Block(
            {"onSuccess": _ASYNC_DESTINATION, "onFailure": _ASYNC_DESTINATION}
        ),
    }
)
_ROUTE = Block(
    {
        "path": text(r"/[^*]*|/(?:[^*]*/)?\*", "a path such as /v1/otp or /v1/*"),
        "methods": list_of(*METHODS),
        "qualifier": text(),
        "rewriteConfig": anything(),
    },
    required=("path",),
)
_DOMAIN = Block(
    {
        "domainName": text(),
        "protocol": one_of("HTTP", "HTTPS", "HTTP,HTTPS"),
        "route": OneOrMore(_ROUTE),
        "certConfig": Block({"certName": text(), "certificate": text(), "privateKey": text()}),
        "tlsConfig": anything(),
        "authConfig": anything(),
        "wafConfig": anything(),
    },
    required=("domainName", "protocol", "route"),
)
_SCALING = Block(
    {
        "minInstances": whole(0, 300),
        "qualifier": text(),
        "mode": one_of("sync", "async", "drain"),
        "horizontalScalingPolicies": anything(),
        "scheduledPolicies": anything(),
        "residentPoolId": text(),
    }
)
_PROVISION = Block(
    {
        "defaultTarget": whole(0, 10_000),
        "alwaysAllocateCPU": FLAG,
        "alwaysAllocateGPU": FLAG,
        "qualifier": text(),
        "mode": one_of("sync", "async", "drain"),
        "scheduledActions": anything(),
        "targetTrackingPolicies": anything(),
    }
)

_UNUSED = (
    *("tags", "gpuConfig", "vpcBinding", "layers", "tracingConfig", "nasConfig", "ossMountConfig"),
    *("customDNS", "customContainerConfig", "customRuntimeConfig", "resourceGroupId"),
    *("sessionAffinity", "sessionAffinityConfig", "instanceIsolationMode", "enableLongLiving"),
    *("annotations", "endpoint", "supplement", "disableInjectCredentials"),
)
_KEYS: dict[str, Shape] = {
    "functionName": NAME,
    "region": text(r"[a-z]+-[a-z]+(?:-[a-z0-9]+)*", "a region such as cn-hangzhou"),
    "runtime": one_of(*RUNTIMES),
    "role": text(rf"acs:ram::{_ACCOUNT}:role/[\w.-]+|[\w.-]+", "a role"),
    "timeout": whole(1, 86400),
    "cpu": decimal(0.05, 16, step=0.05),
    "memorySize": whole(128, 32768, step=64),
    "diskSize": one_of(512, 10240),
    "instanceConcurrency": whole(1, 200),
    "internetAccess": FLAG,
    "description": text(),
    "handler": FILE_FUNCTION,
    "code": _CODE,
    "environmentVariables": Texts(name=r"[A-Za-z][A-Za-z0-9_]*", reserved="FC_"),
    "logConfig": _LOG,
    "vpcConfig": Block(
        {"vpcId": text(), "securityGroupId": text(), "vSwitchIds": anything()}, word="auto"
    ),
    "instanceLifecycleConfig": Block({"initializer": _hook(300), "preStop": _hook(90)}),
    "asyncInvokeConfig": _ASYNC,
    "concurrencyConfig": Block(
        {"reservedConcurrency": whole(0, 10_000)}, required=("reservedConcurrency",)
    ),
    "scalingConfig": _SCALING,
    "provisionConfig": _PROVISION,
    "customDomain": _DOMAIN,
    "triggers": TRIGGERS,
    **{name: anything() for name in _UNUSED},
}
PROPS = Block(_KEYS, required=("functionName", "region", "runtime"))
