"""What is deployed (Function Compute 2023-03-30), through the official SDK."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from alibabacloud_fc20230330 import models
from alibabacloud_fc20230330.client import Client

from infra.foundation.model import FoundationFailed
from infra.foundation.openapi import answer, openapi_config
from infra.foundation.settings import Settings

_TRIGGERS_LIMIT = 100  # of a page; a function has at most 50
_MISSING = ("FunctionNotFound", "AsyncConfigNotExists")


class FcFunctions:
    """Implements FunctionAccount; what was read once is not asked for again."""

    def __init__(self, settings: Settings, environment: Mapping[str, str]) -> None:
        self._client = Client(
            openapi_config(settings, environment.get("SESAME_FC_ENDPOINT", "").rstrip("/"))
        )
        self._functions: dict[str, Mapping[str, Any] | None] = {}
        self._triggers: dict[str, Mapping[str, Mapping[str, Any]]] = {}

    def function(self, name: str) -> Mapping[str, Any] | None:
        """GetFunction."""
        if name not in self._functions:
            self._functions[name] = _found(
                self._client.get_function_with_options, name, models.GetFunctionRequest()
            )
        return self._functions[name]

    def triggers(self, name: str) -> Mapping[str, Mapping[str, Any]]:
        """ListTriggers."""
        if name not in self._triggers:
            listed = _found(
                self._client.list_triggers_with_options,
                name,
                models.ListTriggersRequest(limit=_TRIGGERS_LIMIT),
            )
            self._triggers[name] = {
                str(each["triggerName"]): {**each, "triggerConfig": _parsed(each)}
                for each in (listed or {}).get("triggers") or []
            }
        return self._triggers[name]

    def async_config(self, name: str) -> Mapping[str, Any] | None:
        """GetAsyncInvokeConfig."""
        return _found(
            self._client.get_async_invoke_config_with_options,
            name,
            models.GetAsyncInvokeConfigRequest(),
        )


def _found(call: Callable[..., Any], name: str, request: object) -> Mapping[str, Any] | None:
    try:
        body = answer(call, name, request, {})
    except FoundationFailed as failure:
        if failure.detail in _MISSING:
            return None
        raise
    if body is None:
        raise FoundationFailed("answer_lost", "empty_answer")
    told: Mapping[str, Any] = body.to_map()
    return told


def _parsed(trigger: Mapping[str, Any]) -> Mapping[str, Any]:
    """The trigger's own part, which is JSON in a text; nothing if it is none."""
    try:
        config = json.loads(trigger.get("triggerConfig") or "{}")
    except ValueError:
        return {}
    return config if isinstance(config, dict) else {}
