"""The services of one cloud that stand for Alibaba Cloud's, each behind a port of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from infra.localcloud.control.watched import Watched
from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.wire import WireServer, WireService
from infra.localcloud.directmail.service import DirectmailService
from infra.localcloud.dysmsapi.service import DysmsapiService
from infra.localcloud.fcapi.service import FcService
from infra.localcloud.inbox.book import Inbox
from infra.localcloud.kms.service import KmsService
from infra.localcloud.ram.service import RamService
from infra.localcloud.sls.service import SlsService
from infra.localcloud.smq.service import SmqService
from infra.localcloud.sts.service import StsService
from infra.localcloud.tablestore.behaviour import Behaviour
from infra.localcloud.tablestore.service import TablestoreService

TABLESTORE_INSTANCE = "sesame"
"""The instance that clients name. The local Tablestore is one instance, whatever its name."""


class Fake(WireService, Protocol):
    """A wire service that keeps data."""

    def reset(self) -> None:
        """Forget everything."""

    def close(self) -> None:
        """Close the files."""


def _dysmsapi(cloud: Cloud, inbox: Inbox) -> DysmsapiService:
    """Dysmsapi with the sign and template that the provider gives everyone for trying it out,
    known from its own samples. There they reach only numbers bound in the console; here any.
    """
    service = DysmsapiService(cloud, inbox)
    service.catalogue.ensure_sign("阿里云短信测试")
    service.catalogue.ensure_template(
        "SMS_154950909",
        name="测试专用模板",
        kind="code",
        content="您正在使用阿里云短信测试服务，体验验证码是：${code}，如非本人操作，请忽略本短信！",
    )
    return service


SERVICES: Mapping[str, Callable[[Cloud, Inbox], Fake]] = {
    "tablestore": lambda cloud, inbox: TablestoreService(cloud),
    "dysmsapi": _dysmsapi,
    "sts": lambda cloud, inbox: StsService(cloud),
    "smq": lambda cloud, inbox: SmqService(cloud),
    "directmail": DirectmailService,
    "fc": lambda cloud, inbox: FcService(cloud),
    "ram": lambda cloud, inbox: RamService(cloud),
    "sls": lambda cloud, inbox: SlsService(cloud),
    "kms": lambda cloud, inbox: KmsService(cloud),
}


class Fakes:
    """Some or all services of `cloud`, and the inbox that their messages and mails land in."""

    def __init__(self, cloud: Cloud, names: Iterable[str] = SERVICES) -> None:
        self.cloud = cloud
        self.inbox = Inbox(cloud)
        self._services = {name: SERVICES[name](cloud, self.inbox) for name in names}
        self._servers: dict[str, WireServer] = {}

    async def start(self, port_for: Callable[[str], int]) -> None:
        """Listen, each service on the port that `port_for` gives. Raises OSError if one is
        taken.
        """
        for name, service in self._services.items():
            server = WireServer(service, self.cloud, port=port_for(name))
            self._servers[name] = server
            await server.start()
        fc = self._services.get("fc")
        if isinstance(fc, FcService) and len(self._services) == 1:
            await fc.start_alone()

    async def stop(self) -> None:
        """Stop pushing and listening, and close all files."""
        dysmsapi = self._services.get("dysmsapi")
        if isinstance(dysmsapi, DysmsapiService):
            await dysmsapi.stop_pushing()
        fc = self._services.get("fc")
        if isinstance(fc, FcService):
            await fc.stop()
        smq = self._services.get("smq")
        if isinstance(smq, SmqService):
            await smq.stop_pushing()
        await asyncio.gather(*(server.stop() for server in self._servers.values()))
        for service in self._services.values():
            service.close()
        self.inbox.close()

    def endpoint(self, name: str) -> str:
        """`http://127.0.0.1:PORT` of a started service."""
        return self._servers[name].endpoint

    def service(self, name: str) -> Fake:
        """The service itself."""
        return self._services[name]

    @property
    def behaviour(self) -> Behaviour | None:
        """Tablestore's switches; None in a cloud without it."""
        service = self._services.get("tablestore")
        return service.behaviour if isinstance(service, TablestoreService) else None

    def watched(self) -> Watched:
        """What a control plane looks at in a cloud without functions."""
        dysmsapi = self._services.get("dysmsapi")
        sms = dysmsapi if isinstance(dysmsapi, DysmsapiService) else None
        return Watched(self.cloud, self.inbox, deliveries=sms, behaviour=self.behaviour)

    def reset(self) -> None:
        """Forget all data, messages, faults and counts, and be back on the host's time."""
        self.cloud.faults.clear()
        self.cloud.clock.set_offset(0)
        for service in self._services.values():
            service.reset()
        self.inbox.reset()
        self.cloud.meter.clear()

    def described(self, name: str) -> dict[str, str]:
        """What a client must know of a service, as the ready file says it."""
        instance = {"instance": TABLESTORE_INSTANCE} if name == "tablestore" else {}
        return {"endpoint": self.endpoint(name), **instance}
