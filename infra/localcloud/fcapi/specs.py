"""Between the API's documents and the values that the local runtime takes."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from infra.localcloud.core.clock import CloudClock
from infra.localcloud.fcapi.records import Document, Record
from infra.serverless_devs import FunctionSpec, Hook, Route, Trigger

_DEFAULT_CPU, _DEFAULT_MEMORY_MB, _DEFAULT_TIMEOUT_S = 0.35, 512, 3
_SETTINGS = (
    *("description", "runtime", "handler", "cpu", "memorySize", "diskSize", "timeout", "role"),
    *("instanceConcurrency", "environmentVariables", "logConfig", "vpcConfig", "nasConfig"),
    *("ossMountConfig", "tracingConfig", "instanceLifecycleConfig", "internetAccess", "gpuConfig"),
    *("customDNS", "customRuntimeConfig", "customContainerConfig", "disableOndemand", "tags"),
    *("sessionAffinity", "sessionAffinityConfig", "instanceIsolationMode", "enableLongLiving"),
    *("resourceGroupId", "disableInjectCredentials", "idleTimeout", "layers"),
)
"""What a request may set of a function, and GetFunction gives back."""
_DEFAULTS: Document = {
    "cpu": _DEFAULT_CPU,
    "memorySize": _DEFAULT_MEMORY_MB,
    "diskSize": 512,
    "timeout": _DEFAULT_TIMEOUT_S,
    "instanceConcurrency": 1,
    "internetAccess": True,
    "environmentVariables": {},
    "description": "",
    "role": "",
}


@dataclass(frozen=True, slots=True)
class Home:
    """Whose functions they are, and where; the cloud's clock dates them."""

    account_id: str
    region: str
    clock: CloudClock

    def arn(self, function_name: str) -> str:
        """The function's ARN."""
        return f"acs:fc:{self.region}:{self.account_id}:functions/{function_name}"

    def now(self) -> str:
        """`2023-05-18T08:00:28Z`."""
        moment = datetime.fromtimestamp(self.clock.now_s(), timezone.utc)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def new_function(name: str, asked: Document, home: Home) -> Document:
    """The document of a function that is made now; its code is still to be set."""
    now = home.now()
    return {
        **_DEFAULTS,
        **settings(asked),
        "functionName": name,
        "functionArn": home.arn(name),
        "functionId": str(uuid.uuid4()),
        "codeChecksum": "",
        "codeSize": 0,
        "createdTime": now,
        "lastModifiedTime": now,
        "state": "Active",
        "lastUpdateStatus": "Successful",
    }


def settings(asked: Document) -> Document:
    """What of a request's body is the function's; layers in the form in which they are answered."""
    kept = {key: asked[key] for key in _SETTINGS if asked.get(key) is not None}
    if isinstance(layers := kept.get("layers"), list):
        kept["layers"] = [{"arn": layer, "size": 0} for layer in layers]
    return kept


def given_record(spec: FunctionSpec, props: Document, home: Home) -> Record:
    """The record of a function of s.yaml, which runs from its own folder."""
    asked = {**props, "role": spec.role, "environmentVariables": dict(spec.environment)}
    for wiped in ("vpcConfig", "logConfig", "nasConfig"):
        if asked.get(wiped) == "auto":
            del asked[wiped]
    now = home.now()
    config = props.get("asyncInvokeConfig")
    configs = {} if not isinstance(config, dict) else {"async-invoke-config/LATEST": config}
    return Record(
        function=new_function(spec.name, asked, home),
        code_dir=str(spec.code_dir or ""),
        resource=spec.resource,
        triggers={
            trigger.name: {
                "triggerName": trigger.name,
                "triggerType": trigger.type,
                "triggerId": str(uuid.uuid4()),
                "triggerConfig": json.dumps(trigger.config),
                "qualifier": "LATEST",
                "sourceArn": trigger.source_arn,
                "targetArn": home.arn(spec.name),
                "status": "OK",
                "createdTime": now,
                "lastModifiedTime": now,
            }
            for trigger in spec.triggers
        },
        configs=configs,
    )


def spec_of(record: Record, home: Home) -> FunctionSpec:
    """The function as the runtime and the triggers take it. The record must have been checked."""
    function = record.function
    hooks, log = _block(function, "instanceLifecycleConfig"), _block(function, "logConfig")
    return FunctionSpec(
        resource=record.resource,
        name=record.name,
        region=home.region,
        runtime=_text(function, "runtime"),
        handler=_text(function, "handler"),
        code_dir=Path(record.code_dir) if record.code_dir else None,
        timeout_s=_whole(function, "timeout", _DEFAULT_TIMEOUT_S),
        memory_mb=_whole(function, "memorySize", _DEFAULT_MEMORY_MB),
        cpu=float(str(function.get("cpu", _DEFAULT_CPU))),
        environment={k: str(v) for k, v in _block(function, "environmentVariables").items()},
        role=_text(function, "role"),
        initializer=_hook(_block(hooks, "initializer")),
        pre_stop=_hook(_block(hooks, "preStop")),
        triggers=tuple(read_trigger(each) for each in record.triggers.values()),
        routes=(),
        log_project=_text(log, "project"),
        log_store=_text(log, "logstore"),
        async_retries=3,
    )


def read_trigger(document: Document) -> Trigger:
    """The trigger that a document describes, its config parsed. Raises ValueError."""
    config = json.loads(_text(document, "triggerConfig") or "{}")
    if not isinstance(config, dict):
        raise ValueError("triggerConfig is not a JSON object")
    return Trigger(
        name=_text(document, "triggerName"),
        type=_text(document, "triggerType"),
        config=config,
        source_arn=_text(document, "sourceArn"),
    )


def read_routes(domain: Document) -> tuple[tuple[Route, str], ...]:
    """The routes of a custom domain's document, each with its function."""
    routes = _block(domain, "routeConfig").get("routes")
    return tuple(
        (
            Route(
                _text(domain, "domainName"),
                _text(entry, "path"),
                tuple(str(method) for method in _items(entry.get("methods"))),
            ),
            _text(entry, "functionName"),
        )
        for entry in _items(routes)
        if isinstance(entry, dict)
    )


def _hook(hook: Document) -> Hook | None:
    handler = _text(hook, "handler")
    return Hook(handler, _whole(hook, "timeout", _DEFAULT_TIMEOUT_S)) if handler else None


def _text(block: Document, key: str) -> str:
    value = block.get(key)
    return value if isinstance(value, str) else ""


def _whole(block: Document, key: str, default: int) -> int:
    value = block.get(key)
    return value if isinstance(value, int) else default


def _block(block: Document, key: str) -> Mapping[str, object]:
    value = block.get(key)
    return value if isinstance(value, dict) else {}


def _items(value: object) -> list[object]:
    return value if isinstance(value, list) else []
