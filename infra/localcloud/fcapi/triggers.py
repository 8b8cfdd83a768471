"""CreateTrigger, GetTrigger, ListTriggers, UpdateTrigger, DeleteTrigger."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace

from infra.localcloud.core.wire import WireAnswer
from infra.localcloud.eventbridge.rules import TriggerInvalid, read_rules
from infra.localcloud.fcapi.calls import Call, page, text_of
from infra.localcloud.fcapi.checks import check_qualifier
from infra.localcloud.fcapi.deployment import Deployment
from infra.localcloud.fcapi.errors import FcRefused, invalid, json_reply
from infra.localcloud.fcapi.records import Document, Record
from infra.localcloud.fcapi.specs import read_trigger, spec_of
from infra.serverless_devs import Trigger

TRIGGER_LIMIT = 50
_TYPES = ("http", "timer", "mns_topic", "eventbridge", "oss", "log", "tablestore", "cdn_events")
_METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS")
_AUTH_TYPES = ("anonymous", "function", "jwt")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,127}", re.ASCII)
_UPDATABLE = ("description", "invocationRole", "qualifier", "triggerConfig")


class TriggerOperations:
    """The operations on the triggers of a function."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._records = deployment.records

    async def create_trigger(self, call: Call) -> WireAnswer:
        """Have the function called by a new trigger."""
        asked = call.body()
        name = text_of(asked, "triggerName")
        if not _NAME.fullmatch(name):
            raise invalid("triggerName must be 1 to 128 letters, digits, underscores and hyphens")
        now = self._deployment.home.now()
        document = {
            "triggerName": name,
            "triggerType": text_of(asked, "triggerType"),
            "triggerId": str(uuid.uuid4()),
            "triggerConfig": asked.get("triggerConfig") or "{}",
            "qualifier": check_qualifier(str(asked.get("qualifier") or "")),
            "description": asked.get("description") or "",
            "invocationRole": asked.get("invocationRole") or "",
            "sourceArn": asked.get("sourceArn") or "",
            "targetArn": self._deployment.home.arn(call.path["functionName"]),
            "status": "OK",
            "createdTime": now,
            "lastModifiedTime": now,
        }

        def add(record: Record) -> Record:
            if name in record.triggers:
                raise FcRefused("TriggerAlreadyExists", f"trigger '{name}' already exists")
            if len(record.triggers) >= TRIGGER_LIMIT:
                raise FcRefused("LimitExceeded", f"at most {TRIGGER_LIMIT} triggers are allowed")
            return self._with(record, document)

        return await self._keep(call, name, add)

    async def get_trigger(self, call: Call) -> WireAnswer:
        """One trigger."""
        record = self._records.get(call.path["functionName"])
        return json_reply(200, _find(record, call.path["triggerName"]))

    async def list_triggers(self, call: Call) -> WireAnswer:
        """A page of the function's triggers."""
        record = self._records.get(call.path["functionName"])
        triggers, token = page(sorted(record.triggers.items()), call)
        return json_reply(200, {"triggers": triggers, **token})

    async def update_trigger(self, call: Call) -> WireAnswer:
        """Change what the request names of the trigger; its name, type and source stay."""
        asked, name = call.body(), call.path["triggerName"]
        changed = {key: asked[key] for key in _UPDATABLE if asked.get(key) is not None}
        check_qualifier(str(changed.get("qualifier", "")))
        now = self._deployment.home.now()

        def change(record: Record) -> Record:
            trigger = _find(record, name)
            return self._with(record, {**trigger, **changed, "lastModifiedTime": now})

        return await self._keep(call, name, change)

    async def delete_trigger(self, call: Call) -> WireAnswer:
        """Take the trigger away."""
        gone = call.path["triggerName"]

        def drop(record: Record) -> Record:
            _find(record, gone)
            kept = {name: each for name, each in record.triggers.items() if name != gone}
            return replace(record, triggers=kept)

        await self._deployment.change(call.path["functionName"], drop)
        return WireAnswer(204)

    async def _keep(self, call: Call, name: str, change: Callable[[Record], Record]) -> WireAnswer:
        kept = await self._deployment.change(call.path["functionName"], change)
        return json_reply(200, kept.triggers[name])

    def _with(self, record: Record, document: Document) -> Record:
        """The record with the trigger. Raises FcRefused if that is wrong."""
        name = str(document["triggerName"])
        kept = replace(record, triggers={**record.triggers, name: document})
        self._check(kept, document)
        return kept

    def _check(self, record: Record, document: Document) -> None:
        if document["triggerType"] not in _TYPES:
            raise invalid(f"triggerType '{document['triggerType']}' is not supported")
        if not isinstance(document["triggerConfig"], str):
            raise invalid("triggerConfig is not a string")
        try:
            trigger = read_trigger(document)
            # Its texts become names of queues and topics, which no lone surrogate can be in.
            json.dumps(trigger.config, ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, RecursionError) as error:
            raise invalid("triggerConfig is not a JSON object") from error
        if trigger.type == "http":
            _check_http(record, trigger)
        try:
            read_rules([replace(spec_of(record, self._deployment.home), triggers=(trigger,))])
        except TriggerInvalid as error:
            raise invalid(str(error)) from error
        except RecursionError as error:
            raise invalid("triggerConfig nests too deep") from error


def _find(record: Record, name: str) -> Document:
    if name not in record.triggers:
        raise FcRefused("TriggerNotFound", f"trigger '{name}' does not exist")
    return record.triggers[name]


def _check_http(record: Record, trigger: Trigger) -> None:
    others = (
        each
        for name, each in record.triggers.items()
        if name != trigger.name and each.get("triggerType") == "http"
    )
    if any(others):  # inferred: the code of this refusal
        raise invalid("the version or alias has an HTTP trigger already")
    config: Mapping[str, object] = trigger.config
    if config.get("authType", "function") not in _AUTH_TYPES:
        raise invalid(f"authType must be one of {', '.join(_AUTH_TYPES)}")
    methods = config.get("methods")
    if not isinstance(methods, list) or not methods or any(m not in _METHODS for m in methods):
        raise invalid(f"methods must be some of {', '.join(_METHODS)}")
