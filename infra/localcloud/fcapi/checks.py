"""What the API demands of a function, as its documents state it; the words of the messages are
inferred.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from infra.localcloud.fcapi.errors import FcRefused, invalid
from infra.localcloud.fcapi.records import Document

ENVIRONMENT_LIMIT_BYTES = 4096
LAYER_LIMIT = 5
PYTHON_RUNTIMES = ("python3", "python3.9", "python3.10", "python3.12")
_OTHER_RUNTIMES = (
    *("nodejs12", "nodejs14", "nodejs16", "nodejs18", "nodejs20", "go1", "java8", "java11"),
    *("php7.2", "dotnetcore3.1", "custom", "custom.debian10", "custom.debian11"),
    *("custom.debian12", "custom-container"),
)
_FUNCTION_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}", re.ASCII)
_HANDLER = re.compile(r"[A-Za-z_]\w*\.[A-Za-z_]\w*", re.ASCII)
_ENVIRONMENT_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)
_ROLE = re.compile(r"acs:ram::\d+:role/[\w.@-]+", re.ASCII)
_HOOK_LIMITS_S = {"initializer": 300, "preStop": 90}


def check_name(name: object) -> str:
    """The function's name. Raises FcRefused."""
    if not isinstance(name, str) or not _FUNCTION_NAME.fullmatch(name):
        raise invalid(
            "functionName must be 1 to 64 letters, digits, underscores and hyphens, and start "
            "with a letter or an underscore"
        )
    return name


def check_function(function: Document) -> None:
    """A whole function, the platform's defaults filled in. Raises FcRefused."""
    _check_runtime(function)
    _whole(function, "timeout", 1, 86_400)
    _whole(function, "memorySize", 128, 32_768, step=64)
    _whole(function, "instanceConcurrency", 1, 200)
    if function.get("diskSize") not in (512, 10_240):
        raise invalid("diskSize must be 512 or 10240")
    _check_size(function)
    _check_concurrency(function)
    check_environment(function.get("environmentVariables"))
    _check_role(function.get("role"))
    _check_hooks(_block(function, "instanceLifecycleConfig"))
    _check_layers(function.get("layers") or [])
    for block in ("logConfig", "vpcConfig", "nasConfig", "ossMountConfig", "tracingConfig"):
        _block(function, block)


def check_environment(environment: object) -> None:
    """Text to text, at most 4 KB, none of the platform's own names. Raises FcRefused."""
    if not isinstance(environment, Mapping):
        raise invalid("environmentVariables is not a map")
    size_bytes = 0
    for key, value in environment.items():
        if not isinstance(key, str) or not _ENVIRONMENT_KEY.fullmatch(key):
            raise invalid(f"environmentVariables: the key {key!r} is not allowed")
        if key.startswith("FC_"):
            raise invalid(f"environmentVariables: {key} is reserved")
        if not isinstance(value, str):
            raise invalid(f"environmentVariables: the value of {key} is not a string")
        if "\0" in value:  # inferred: the refusal; no process can be given one
            raise invalid(f"environmentVariables: the value of {key} has a NUL")
        size_bytes += len(key.encode()) + len(value.encode("utf-8", "replace"))
    if size_bytes > ENVIRONMENT_LIMIT_BYTES:
        raise invalid(f"environmentVariables exceed {ENVIRONMENT_LIMIT_BYTES} bytes")


def check_qualifier(qualifier: str) -> str:
    """LATEST, the one that is here. Raises FcRefused."""
    if qualifier in ("", "LATEST"):
        return "LATEST"
    code = "VersionNotFound" if qualifier.isdigit() else "AliasNotFound"
    kind = "version" if qualifier.isdigit() else "alias"
    raise FcRefused(code, f"{kind} '{qualifier}' does not exist")


def _check_runtime(function: Document) -> None:
    runtime, handler = function.get("runtime"), function.get("handler")
    if runtime in _OTHER_RUNTIMES:
        # The one limit that is the local cloud's own and not the platform's.
        raise invalid(f"runtime '{runtime}' cannot be run by the local cloud")
    if runtime not in PYTHON_RUNTIMES:
        raise invalid(f"runtime '{runtime}' is not supported")
    if not isinstance(handler, str) or not _HANDLER.fullmatch(handler):
        raise invalid("handler must be of the form file.function")


def _check_size(function: Document) -> None:
    cpu, memory_mb = function.get("cpu"), function.get("memorySize")
    if not isinstance(cpu, int | float) or isinstance(cpu, bool) or not 0.05 <= cpu <= 16:
        raise invalid("cpu must be from 0.05 to 16 vCPU")
    if abs(cpu / 0.05 - round(cpu / 0.05)) > 1e-6:
        raise invalid("cpu must be a multiple of 0.05 vCPU")
    assert isinstance(memory_mb, int)
    ratio = memory_mb / 1024 / cpu
    # Slack of one part in a hundred thousand: 0.35 has no exact binary form.
    if not 1 - 1e-5 <= ratio <= 4 + 1e-5:
        raise invalid(
            "the ratio of cpu (vCPU) to memorySize (GB) must be from 1:1 to 1:4, "
            f"and is 1:{ratio:.2f}"
        )


def _check_concurrency(function: Document) -> None:
    if function.get("instanceConcurrency") != 1:
        raise invalid(f"instanceConcurrency must be 1 for the runtime '{function.get('runtime')}'")


def _check_role(role: object) -> None:
    if role not in (None, "") and not (isinstance(role, str) and _ROLE.fullmatch(role)):
        raise invalid("role must be of the form acs:ram::<account>:role/<name>")


def _check_layers(layers: object) -> None:
    if not isinstance(layers, list) or not all(
        isinstance(layer, Mapping) and isinstance(layer.get("arn"), str) for layer in layers
    ):
        raise invalid("layers is not a list of ARNs")
    if len(layers) > LAYER_LIMIT:
        raise invalid(f"at most {LAYER_LIMIT} layers are allowed")


def _check_hooks(hooks: Document) -> None:
    for name, limit_s in _HOOK_LIMITS_S.items():
        hook = _block(hooks, name)
        if not hook or not hook.get("handler"):
            continue
        if not _HANDLER.fullmatch(str(hook["handler"])):
            raise invalid(f"{name}: handler must be of the form file.function")
        if hook.get("timeout") is not None:
            _whole(hook, "timeout", 1, limit_s)


def _whole(block: Document, key: str, low: int, high: int, *, step: int = 1) -> None:
    value = block.get(key)
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or not low <= int(str(value)) <= high or int(str(value)) % step:
        multiple = f" and a multiple of {step}" if step > 1 else ""
        raise invalid(f"{key} must be a whole number from {low} to {high}{multiple}")


def _block(block: Document, key: str) -> Document:
    value = block.get(key)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise invalid(f"{key} is not an object")
    return value
