"""From checked props to a FunctionSpec, the platform's defaults filled in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from infra.serverless_devs.checks import DEFAULT_CPU, DEFAULT_MEMORY_MB
from infra.serverless_devs.manifest import FunctionSpec, Hook, Route, Trigger

_DEFAULT_TIMEOUT_S = 3
_DEFAULT_ASYNC_RETRIES = 3


def function_spec(
    resource: str, props: Mapping[str, object], *, folder: Path, account_id: str | None
) -> FunctionSpec:
    """The function that these props deploy. They must have passed the checks."""
    hooks, log = _mapping(props, "instanceLifecycleConfig"), _mapping(props, "logConfig")
    return FunctionSpec(
        resource=resource,
        name=_text(props, "functionName"),
        region=_text(props, "region"),
        runtime=_text(props, "runtime"),
        handler=_text(props, "handler"),
        code_dir=_code_dir(props.get("code"), folder),
        timeout_s=_whole(props, "timeout", _DEFAULT_TIMEOUT_S),
        memory_mb=_whole(props, "memorySize", DEFAULT_MEMORY_MB),
        cpu=float(str(props.get("cpu", DEFAULT_CPU))),
        environment={
            key: str(value) for key, value in _mapping(props, "environmentVariables").items()
        },
        role=_role(_text(props, "role"), account_id),
        initializer=_hook(_mapping(hooks, "initializer")),
        pre_stop=_hook(_mapping(hooks, "preStop")),
        triggers=tuple(_trigger(item) for item in _mappings(props.get("triggers"))),
        routes=_routes(_mapping(props, "customDomain")),
        log_project=_text(log, "project"),
        log_store=_text(log, "logstore"),
        async_retries=_whole(
            _mapping(props, "asyncInvokeConfig"), "maxAsyncRetryAttempts", _DEFAULT_ASYNC_RETRIES
        ),
    )


def _code_dir(code: object, folder: Path) -> Path | None:
    source = code.get("src") if isinstance(code, dict) else code
    if not isinstance(source, str) or source.endswith(".zip") or "://" in source:
        return None
    return (folder / source).resolve()


def _role(role: str, account_id: str | None) -> str:
    """A plain name completed to an ARN, in lower case, both as the fc3 component does."""
    if role and account_id and not role.startswith("acs:"):
        role = f"acs:ram::{account_id}:role/{role}"
    return role.lower()


def _hook(hook: Mapping[str, object]) -> Hook | None:
    handler = _text(hook, "handler")
    return Hook(handler, _whole(hook, "timeout", _DEFAULT_TIMEOUT_S)) if handler else None


def _trigger(trigger: Mapping[str, object]) -> Trigger:
    return Trigger(
        name=_text(trigger, "triggerName"),
        type=_text(trigger, "triggerType"),
        config=_mapping(trigger, "triggerConfig"),
        source_arn=_text(trigger, "sourceArn"),
    )


def _routes(domain: Mapping[str, object]) -> tuple[Route, ...]:
    route = domain.get("route")
    return tuple(
        Route(_text(domain, "domainName"), _text(entry, "path"), _methods(entry))
        for entry in _mappings(route if isinstance(route, list) else [route])
    )


def _methods(route: Mapping[str, object]) -> tuple[str, ...]:
    methods = route.get("methods")
    return tuple(str(method) for method in methods) if isinstance(methods, list) else ()


def _text(block: Mapping[str, object], key: str) -> str:
    value = block.get(key)
    return value if isinstance(value, str) else ""


def _whole(block: Mapping[str, object], key: str, default: int) -> int:
    value = block.get(key)
    return value if isinstance(value, int) else default


def _mapping(block: Mapping[str, object], key: str) -> dict[str, object]:
    value = block.get(key)
    return value if isinstance(value, dict) else {}


def _mappings(value: object) -> list[dict[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
