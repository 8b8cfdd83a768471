"""What is checked of a resource's props: the documented ranges, and the names of the keys."""

from __future__ import annotations

import re

from infra.serverless_devs.problems import UNKNOWN, Problems, Where
from infra.serverless_devs.rules import (
    Rule,
    apply,
    decimal,
    list_of,
    one_of,
    refuse_misspelled,
    refuse_unknown,
    require,
    text,
    whole,
)
from infra.serverless_devs.trigger_checks import METHODS, check_triggers

DEFAULT_CPU = 0.35
DEFAULT_MEMORY_MB = 512
ENVIRONMENT_LIMIT_BYTES = 4096

RUNTIMES = (
    *("python3.12", "python3.10", "python3.9", "python3", "python2.7"),
    *("nodejs8", "nodejs10", "nodejs12", "nodejs14", "nodejs16", "nodejs18", "nodejs20"),
    *("java8", "java11", "php7.2", "go1", "dotnetcore2.1", "dotnetcore3.1"),
    *("custom", "custom.debian10", "custom.debian11", "custom.debian12"),
    *("custom-container", "micro-sandbox"),
)
PROP_KEYS = (
    *("functionName", "region", "runtime", "handler", "code", "role", "description", "tags"),
    *("cpu", "memorySize", "diskSize", "timeout", "instanceConcurrency", "gpuConfig"),
    *("environmentVariables", "logConfig", "vpcConfig", "vpcBinding", "internetAccess", "layers"),
    *("tracingConfig", "nasConfig", "ossMountConfig", "instanceLifecycleConfig", "customDNS"),
    *("asyncInvokeConfig", "concurrencyConfig", "provisionConfig", "scalingConfig", "triggers"),
    *("customDomain", "customContainerConfig", "customRuntimeConfig", "resourceGroupId"),
    *("sessionAffinity", "sessionAffinityConfig", "instanceIsolationMode", "enableLongLiving"),
    *("annotations", "endpoint", "supplement", "disableInjectCredentials"),
)
_FILE_FUNCTION = text(r"[A-Za-z_]\w*\.[A-Za-z_]\w*", "of the form file.function")

_PROP_RULES: dict[str, Rule] = {
    "functionName": text(r"[A-Za-z0-9_-]+", "a name of letters, digits, _ and -"),
    "region": text(r"[a-z]+-[a-z]+(-[a-z0-9]+)*", "a region such as cn-hangzhou"),
    "runtime": one_of(*RUNTIMES),
    "timeout": whole(1, 86400),
    "memorySize": whole(128, 32768, step=64),
    "cpu": decimal(0.05, 16, step=0.05),
    "diskSize": one_of(512, 10240),
    "instanceConcurrency": whole(1, 200),
    "role": text(r"acs:ram::\d+:role/[\w.-]+|acs:ram::\$\{.+\}:role/[\w.-]+|[\w.-]+", "a role"),
    "internetAccess": one_of(True, False),
}
_HOOK_LIMITS_S = {"initializer": 300, "preStop": 90}


def check_props(props: dict[str, object], where: Where, problems: Problems) -> None:
    """Note every problem of one function's rendered props."""
    require(("functionName", "region", "runtime"), props, where, problems)
    refuse_unknown(props, PROP_KEYS, where, problems)
    apply(_PROP_RULES, props, where, problems)
    _check_code(props, where, problems)
    _check_size(props, where, problems)
    if "environmentVariables" in props:
        _check_environment(
            props["environmentVariables"], (*where, "environmentVariables"), problems
        )
    if "triggers" in props:
        check_triggers(props["triggers"], (*where, "triggers"), problems)
    _check_hooks(props, where, problems)
    _check_async(props, where, problems)
    _check_domain(props, where, problems)
    _check_log(props, where, problems)


def _check_code(props: dict[str, object], where: Where, problems: Problems) -> None:
    runtime = str(props.get("runtime"))
    if runtime in ("custom-container", "micro-sandbox"):
        require(("customContainerConfig",), props, where, problems)
        return
    require(("code",), props, where, problems)
    code = props.get("code", UNKNOWN)
    if isinstance(code, dict):
        if not code.get("src"):
            require(("ossBucketName", "ossObjectName"), code, (*where, "code"), problems)
    elif code not in (None, UNKNOWN) and not isinstance(code, str):
        problems.add((*where, "code"), "is neither a folder, a zip nor an OSS object")
    if not runtime.startswith("custom"):
        require(("handler",), props, where, problems)
        apply({"handler": _FILE_FUNCTION}, props, where, problems)


def _check_size(props: dict[str, object], where: Where, problems: Problems) -> None:
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


def _check_environment(environment: object, where: Where, problems: Problems) -> None:
    if environment is UNKNOWN:
        return
    if not isinstance(environment, dict):
        problems.add(where, "is not a mapping")
        return
    size_bytes = 0
    for key, value in environment.items():
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", str(key)):
            problems.add((*where, str(key)), "is no key of letters, digits and _")
        if str(key).startswith("FC_"):
            problems.add((*where, str(key)), "FC_* is reserved for the platform")
        if value is not UNKNOWN and not isinstance(value, str):
            problems.add((*where, str(key)), f"{value!r} is not a text; put it in quotes")
        size_bytes += len(str(key).encode()) + len(str(value).encode())
    if size_bytes > ENVIRONMENT_LIMIT_BYTES:
        problems.add(where, f"{size_bytes} bytes; at most {ENVIRONMENT_LIMIT_BYTES} are allowed")


def _check_hooks(props: dict[str, object], where: Where, problems: Problems) -> None:
    hooks = _block(props, "instanceLifecycleConfig", where, problems)
    here = (*where, "instanceLifecycleConfig")
    refuse_unknown(hooks, _HOOK_LIMITS_S, here, problems)
    for name, limit_s in _HOOK_LIMITS_S.items():
        hook = _block(hooks, name, here, problems)
        if not hook:
            continue
        refuse_unknown(hook, ("handler", "timeout", "command"), (*here, name), problems)
        rules = {"handler": _FILE_FUNCTION, "timeout": whole(1, limit_s)}
        apply(rules, hook, (*here, name), problems)
        if ("handler" in hook) == ("command" in hook):
            problems.add((*here, name), "needs either a handler or a command")


def _check_async(props: dict[str, object], where: Where, problems: Problems) -> None:
    config = _block(props, "asyncInvokeConfig", where, problems)
    here = (*where, "asyncInvokeConfig")
    rules = {
        "maxAsyncRetryAttempts": whole(0, 8),
        "maxAsyncEventAgeInSeconds": whole(1, 2592000),
    }
    apply(rules, config, here, problems)
    known = (*rules, "asyncTask", "qualifier", "destinationConfig")
    refuse_misspelled(config, known, here, problems)


def _check_domain(props: dict[str, object], where: Where, problems: Problems) -> None:
    domain = _block(props, "customDomain", where, problems)
    here = (*where, "customDomain")
    if not domain:
        return
    require(("domainName", "protocol", "route"), domain, here, problems)
    apply({"protocol": one_of("HTTP", "HTTPS", "HTTP,HTTPS")}, domain, here, problems)
    route = domain.get("route")
    for index, entry in enumerate(route if isinstance(route, list) else [route]):
        spot = (*here, "route", str(index)) if isinstance(route, list) else (*here, "route")
        if entry in (None, UNKNOWN):
            continue
        if not isinstance(entry, dict):
            problems.add(spot, "is not a mapping")
            continue
        require(("path",), entry, spot, problems)
        path = text(r"/[^*]*|/(?:[^*]*/)?\*", "a path such as /v1/otp or /v1/*")
        apply({"path": path, "methods": list_of(*METHODS)}, entry, spot, problems)
        refuse_misspelled(entry, ("path", "methods", "qualifier", "rewriteConfig"), spot, problems)


def _check_log(props: dict[str, object], where: Where, problems: Problems) -> None:
    if props.get("logConfig") in (None, UNKNOWN, "auto"):
        return
    config = _block(props, "logConfig", where, problems)
    here = (*where, "logConfig")
    if config:
        require(("project", "logstore"), config, here, problems)
        apply({"logBeginRule": one_of("DefaultRegex", "None")}, config, here, problems)
        known = ("enableRequestMetrics", "enableInstanceMetrics", "enableLlmMetrics")
        refuse_misspelled(config, ("project", "logstore", "logBeginRule", *known), here, problems)


def _block(
    props: dict[str, object], key: str, where: Where, problems: Problems
) -> dict[str, object]:
    """The mapping under `key`, empty if it is absent or is none, which is then a problem."""
    value = props.get(key)
    if isinstance(value, dict):
        return value
    if value not in (None, UNKNOWN):
        problems.add((*where, key), "is not a mapping")
    return {}
