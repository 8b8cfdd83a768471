"""What is configured beside a function: asynchronous invocation, reserved concurrency, provisioned
instances, scaling, VPC bindings; and the empty lists of versions and aliases.

Asynchronous invocation takes effect. The others are kept and answered: the local runtime has a few
instances of each function, whatever they say. Versions and aliases cannot be made here.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from infra.localcloud.core.wire import WireAnswer
from infra.localcloud.fcapi.calls import Call, found, page
from infra.localcloud.fcapi.checks import check_qualifier
from infra.localcloud.fcapi.deployment import Deployment
from infra.localcloud.fcapi.errors import invalid, json_reply
from infra.localcloud.fcapi.records import Document, Record

RETRY_LIMIT = 8
AGE_LIMIT_S = 604_800
COUNT_LIMIT = 100_000
_ARN = re.compile(r"acs:(mns|fc|eventbridge|mq):[^:]*:[^:]*:.+")
Operation = Callable[[Call], Awaitable[WireAnswer]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of configuration. path: the last part of its path. listed: the key of its list.

    missing: the error code of one that is not there; "" if it is answered as an empty one.
    """

    name: str
    path: str
    listed: str
    missing: str
    check: Callable[[Document], Document]


class ConfigOperations:
    """Put, Get, Delete and List of each kind, and the bindings."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._records = deployment.records

    def operations(self) -> dict[str, Operation]:
        """Every operation by its name."""
        made: dict[str, Operation] = {
            "CreateVpcBinding": self._create_vpc_binding,
            "DeleteVpcBinding": self._delete_vpc_binding,
            "ListVpcBindings": self._list_vpc_bindings,
            "ListFunctionVersions": self._list_none("versions"),
            "ListAliases": self._list_none("aliases"),
        }
        for kind in KINDS:
            made[f"Put{kind.name}"] = self._put(kind)
            made[f"Get{kind.name}"] = self._get(kind)
            made[f"Delete{kind.name}"] = self._delete(kind)
            made[f"List{kind.name}s"] = self._list(kind)
        return made

    def _put(self, kind: Kind) -> Operation:
        async def put(call: Call) -> WireAnswer:
            key = _key(kind, call)
            settings, now = kind.check(call.body()), self._deployment.home.now()

            def change(record: Record) -> Record:
                document = {
                    **settings,
                    "functionArn": self._arn(record.name),
                    "createdTime": record.configs.get(key, {}).get("createdTime", now),
                    "lastModifiedTime": now,
                }
                return replace(record, configs={**record.configs, key: document})

            kept = await self._deployment.change(call.path["functionName"], change)
            return json_reply(200, kept.configs[key])

        return put

    def _get(self, kind: Kind) -> Operation:
        async def get(call: Call) -> WireAnswer:
            record = self._records.get(call.path["functionName"])
            document = record.configs.get(_key(kind, call))
            if document is None and not kind.missing:
                return json_reply(
                    200, {"functionArn": "", "defaultTarget": 0, "target": 0, "current": 0}
                )
            message = f"{kind.name} for {record.name}:LATEST does not exist."
            return json_reply(200, found(document, kind.missing, message))

        return get

    def _delete(self, kind: Kind) -> Operation:
        async def delete(call: Call) -> WireAnswer:
            gone = _key(kind, call)

            def drop(record: Record) -> Record:
                kept = {key: each for key, each in record.configs.items() if key != gone}
                return replace(record, configs=kept)

            await self._deployment.change(call.path["functionName"], drop)
            return WireAnswer(204)

        return delete

    def _list(self, kind: Kind) -> Operation:
        async def list_all(call: Call) -> WireAnswer:
            records = [self._records.get(name) for name in self._records.names()]
            wanted = call.query.get("functionName")
            items = [
                (record.name, {**record.configs[key], "functionArn": self._arn(record.name)})
                for record in records
                for key in record.configs
                if key.partition("/")[0] == kind.path and wanted in (None, "", record.name)
            ]
            configs, token = page(items, call)
            return json_reply(200, {kind.listed: configs, **token})

        return list_all

    def _list_none(self, key: str) -> Operation:
        async def list_none(call: Call) -> WireAnswer:
            self._records.get(call.path["functionName"])
            return json_reply(200, {key: []})

        return list_none

    async def _create_vpc_binding(self, call: Call) -> WireAnswer:
        vpc_id = call.body().get("vpcId")
        if not isinstance(vpc_id, str) or not vpc_id:
            raise invalid("vpcId is required")
        await self._bind(call, lambda bound: bound | {vpc_id})
        return WireAnswer(204)

    async def _delete_vpc_binding(self, call: Call) -> WireAnswer:
        await self._bind(call, lambda bound: bound - {call.path["vpcId"]})
        return WireAnswer(204)

    async def _bind(self, call: Call, change: Callable[[set[str]], set[str]]) -> None:
        await self._deployment.change(
            call.path["functionName"],
            lambda record: replace(record, vpc_ids=tuple(sorted(change(set(record.vpc_ids))))),
        )

    async def _list_vpc_bindings(self, call: Call) -> WireAnswer:
        record = self._records.get(call.path["functionName"])
        return json_reply(200, {"vpcIds": list(record.vpc_ids)})

    def _arn(self, function_name: str) -> str:
        return self._deployment.home.arn(function_name)


def _check_async(body: Document) -> Document:
    _whole(body, "maxAsyncRetryAttempts", 0, RETRY_LIMIT)
    _whole(body, "maxAsyncEventAgeInSeconds", 1, AGE_LIMIT_S)
    block = body.get("destinationConfig") or {}
    if not isinstance(block, dict):
        raise invalid("destinationConfig is not an object")
    for condition in ("onSuccess", "onFailure"):
        target = block.get(condition)
        arn = target.get("destination") if isinstance(target, dict) else target
        if arn not in (None, "") and not (isinstance(arn, str) and _ARN.fullmatch(arn)):
            raise invalid(f"destinationConfig.{condition}: the destination is not an ARN")
    return _kept(
        body, "asyncTask", "destinationConfig", "maxAsyncEventAgeInSeconds", "maxAsyncRetryAttempts"
    )


def _check_concurrency(body: Document) -> Document:
    if body.get("reservedConcurrency") is None:
        raise invalid("reservedConcurrency is required")
    _whole(body, "reservedConcurrency", 0, COUNT_LIMIT)
    return _kept(body, "reservedConcurrency")


def _check_provision(body: Document) -> Document:
    target = body.get("defaultTarget", body.get("target"))
    _whole({"defaultTarget": target}, "defaultTarget", 0, COUNT_LIMIT)
    kept = _kept(
        body,
        *("alwaysAllocateCPU", "alwaysAllocateGPU", "scheduledActions", "targetTrackingPolicies"),
    )
    return {**kept, "defaultTarget": target or 0, "target": target or 0, "current": 0}


def _check_scaling(body: Document) -> Document:
    _whole(body, "minInstances", 0, COUNT_LIMIT)
    return _kept(
        body,
        *("minInstances", "horizontalScalingPolicies", "scheduledPolicies", "residentPoolId"),
        *("enableOnDemandScaling", "enableMixMode", "requestDispatchPolicy"),
    )


# The codes of what is missing are the vendor's, but for the last, which is inferred. A provision
# config that is not there is answered as one of no instances, which clients tell by `target` or by
# the empty `functionArn`.
KINDS = (
    Kind(
        "AsyncInvokeConfig", "async-invoke-config", "configs", "AsyncConfigNotExists", _check_async
    ),
    Kind(
        "ConcurrencyConfig", "concurrency", "configs", "OnDemandConfigNotFound", _check_concurrency
    ),
    Kind("ProvisionConfig", "provision-config", "provisionConfigs", "", _check_provision),
    Kind(
        "ScalingConfig", "scaling-config", "scalingConfigs", "ScalingConfigNotFound", _check_scaling
    ),
)


def _key(kind: Kind, call: Call) -> str:
    return f"{kind.path}/{check_qualifier(call.query.get('qualifier', ''))}"


def _kept(body: Document, *keys: str) -> dict[str, object]:
    return {key: body[key] for key in keys if body.get(key) is not None}


def _whole(body: Document, key: str, low: int, high: int) -> None:
    value = body.get(key)
    if value is None:
        return
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise invalid(f"{key} must be a whole number from {low} to {high}")
