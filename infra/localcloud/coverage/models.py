"""The operations of the vendor's SDKs and their parameters, read from the source alone."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

SDKS: Mapping[str, str] = {
    "dysmsapi": "alibabacloud_dysmsapi20170525",
    "sts": "alibabacloud_sts20150401",
    "ram": "alibabacloud_ram20150501",
    "directmail": "alibabacloud_dm20151123",
    "fc": "alibabacloud_fc20230330",
    "sls": "alibabacloud_sls20201230",
}
RPC = ("dysmsapi", "sts", "ram", "directmail")
"""Whose parameters are all names of one level."""
_CLASS = re.compile(r"^class (\w+)Request\(", re.MULTILINE)
_ACTION = re.compile(r"action\s*=\s*'(\w+)'")
_FIELD = re.compile(r"result\['(\w+)'\]")


class SdkMissing(Exception):
    """The SDK of a service is not installed here; the text names it."""


@cache
def parameters(service: str) -> dict[str, tuple[str, ...]]:
    """The parameters of each operation of a service, by the SDK. Raises SdkMissing."""
    found = {}
    for path in sorted(_folder(SDKS[service]).glob("*request.py")):
        text = path.read_text(encoding="utf-8")
        classes = list(_CLASS.finditer(text))
        if not classes or classes[0][1].endswith("Shrink"):
            continue
        end = classes[1].start() if len(classes) > 1 else len(text)
        body = text[classes[0].start() : end].split("\nclass ")[0]
        found[classes[0][1]] = tuple(dict.fromkeys(_FIELD.findall(body)))
    return found


@cache
def operations(service: str) -> tuple[str, ...]:
    """Every operation of a service, by the SDK. Raises SdkMissing."""
    client = (_folder(SDKS[service]).parent / "client.py").read_text(encoding="utf-8")
    return tuple(sorted(set(_ACTION.findall(client))))


def _folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise SdkMissing(package)
    return Path(spec.submodule_search_locations[0]) / "models"
