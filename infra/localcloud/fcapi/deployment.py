"""What is kept and what runs, changed together: every operation that changes a function goes
through here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace

from infra.localcloud.eventbridge.rules import TriggerInvalid
from infra.localcloud.fc.asynchronous import AsyncRule, read_rule
from infra.localcloud.fcapi.doors import HTTP_TRIGGER_PREFIX
from infra.localcloud.fcapi.errors import FcRefused, invalid
from infra.localcloud.fcapi.live import LiveFunctions
from infra.localcloud.fcapi.records import Document, Record, Records
from infra.localcloud.fcapi.specs import Home, given_record, spec_of
from infra.serverless_devs import FunctionSpec, Manifest

log = logging.getLogger("localcloud.fc")

ASYNC_CONFIG = "async-invoke-config/LATEST"


class Deployment:
    """The functions of one cloud, deployed or of s.yaml. Until `attach`, they are kept, not run."""

    def __init__(self, records: Records, home: Home) -> None:
        self.records = records
        self.home = home
        self.gateway = ""
        self._live: LiveFunctions | None = None
        self._given: dict[str, tuple[FunctionSpec, Record]] = {}
        self._touched: set[str] = set()
        self._turns = asyncio.Lock()

    @property
    def live(self) -> LiveFunctions | None:
        """What runs; None before `attach`."""
        return self._live

    async def attach(self, live: LiveFunctions, manifest: Manifest | None, gateway: str) -> None:
        """Run the functions of s.yaml and those that were deployed before. gateway: its address.

        Raises TriggerInvalid for a trigger of s.yaml that cannot be run.
        """
        self._live, self.gateway = live, gateway
        for spec in manifest.functions if manifest else ():
            props = manifest.resources[spec.resource] if manifest else {}
            record = self._addressed(given_record(spec, props, self.home))
            self._given[spec.name] = (spec, record)
        self.records.give(record for _, record in self._given.values())
        for name, (spec, record) in self._given.items():
            if self.records.find(name) is record:
                await live.deploy(spec, _rule(record) or AsyncRule(retry_count=spec.async_retries))
        for record in self.records.deployed():
            self._touched.add(record.name)
            if record.name in self._given:
                log.warning(
                    "%s: what was deployed runs, not what s.yaml says; a reset forgets it",
                    record.name,
                )
            record = self._addressed(record)  # the gateway's port may be another
            self.records.put(record)
            await live.deploy(spec_of(record, self.home), _rule(record))
        self._open_doors()

    async def create(self, record: Record) -> Record:
        """Keep and run a new function. Raises FcRefused, with nothing changed."""
        async with self._turns:
            if self.records.find(record.name) is not None:
                raise already_there(record.name)
            return await self._put(record)

    async def change(self, name: str, change: Callable[[Record], Record]) -> Record:
        """Keep and run what `change` makes of a function; nobody else changes it meanwhile.

        Raises FcRefused, with nothing changed.
        """
        async with self._turns:
            return await self._put(change(self.records.get(name)))

    async def _put(self, record: Record) -> Record:
        record = self._addressed(record)
        if self._live is not None:
            try:
                await self._live.deploy(spec_of(record, self.home), _rule(record))
            except TriggerInvalid as error:
                raise invalid(str(error)) from error
            except RecursionError as error:  # of an event pattern; its trigger was not yet there
                raise invalid("a triggerConfig nests too deep") from error
        self.records.put(record)
        self._touched.add(record.name)
        self._open_doors()
        return record

    async def remove(self, name: str) -> None:
        """Forget a function and stop it. Raises FcRefused while it has triggers."""
        async with self._turns:
            if self.records.get(name).triggers:
                raise FcRefused("FunctionNotEmpty", f"function '{name}' has active triggers")
            self.records.remove(name)
            self._touched.add(name)
            if self._live is not None:
                await self._live.remove(name)
            self._open_doors()

    def put_domain(self, name: str, document: Document | None) -> None:
        """Keep and serve a custom domain; None takes it away."""
        self.records.put_domain(name, document)
        self._open_doors()

    async def restore(self) -> None:
        """Run what s.yaml says and nothing else, after the records were cleared."""
        self.records.give(record for _, record in self._given.values())
        touched, self._touched = self._touched, set()
        for name in touched if self._live is not None else ():
            assert self._live is not None
            if name in self._given:
                spec, record = self._given[name]
                rule = _rule(record) or AsyncRule(retry_count=spec.async_retries)
                await self._live.deploy(spec, rule)
            else:
                await self._live.remove(name)
        self._open_doors()

    def _addressed(self, record: Record) -> Record:
        """The record with the addresses of its HTTP triggers."""
        triggers: dict[str, Mapping[str, object]] = {}
        for name, trigger in record.triggers.items():
            triggers[name] = trigger
            if trigger.get("triggerType") == "http":
                triggers[name] = {**trigger, "httpTrigger": self._address(record.name)}
        return replace(record, triggers=triggers)

    def _address(self, function: str) -> dict[str, str]:
        # One address for both: this machine has no VPC.
        address = f"{self.gateway}{HTTP_TRIGGER_PREFIX}/{function}" if self.gateway else ""
        return {"urlInternet": address, "urlIntranet": address}

    def _open_doors(self) -> None:
        if self._live is not None:
            records = [self.records.get(name) for name in self.records.names()]
            self._live.doors.replace(records, self.records.domains())


def already_there(name: str) -> FcRefused:
    """The refusal of a name that is taken."""
    return FcRefused("FunctionAlreadyExists", f"function '{name}' already exists")


def _rule(record: Record) -> AsyncRule | None:
    config = record.configs.get(ASYNC_CONFIG)
    return None if config is None else read_rule(config)
