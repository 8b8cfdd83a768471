"""A whole account on loopback: what the foundation is made of, and what its roles are for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.foundation.__main__ import main
from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.faults import Fault
from infra.localcloud.core.identities import Identity
from infra.localcloud.directmail.service import DirectmailService
from infra.localcloud.dysmsapi.service import DysmsapiService
from infra.localcloud.inbox.book import Inbox
from infra.localcloud.ram.service import RamService
from infra.localcloud.sls.service import SlsService
from infra.localcloud.smq.service import SmqService
from infra.localcloud.sts.service import StsService
from infra.localcloud.tablestore.service import TablestoreService
from tests.background import Background
from tests.sdk_sessions import close_kept_sessions


class AccountOnLoopback:
    """Served until `stop`."""

    def __init__(self) -> None:
        self.cloud = Cloud()
        self.inbox = Inbox(self.cloud)
        self._background = Background()
        self.services: dict[str, Any] = {
            "TABLESTORE": TablestoreService(self.cloud),
            "SMQ": SmqService(self.cloud),
            "RAM": RamService(self.cloud),
            "SLS": SlsService(self.cloud),
            "STS": StsService(self.cloud),
            "SMS": DysmsapiService(self.cloud, self.inbox),
            "EMAIL": DirectmailService(self.cloud, self.inbox),
        }
        self._servers = {
            name: self._background.serve(service, self.cloud)
            for name, service in self.services.items()
        }

    def endpoint(self, name: str) -> str:
        """The address of a service by its name in the environment."""
        return self._servers[name].endpoint

    def environment(self, identity: Identity | None = None) -> dict[str, str]:
        """What the command finds in the environment."""
        signer = identity or self.cloud.identities.root
        return {
            "ALIBABA_CLOUD_ACCESS_KEY_ID": signer.access_key_id,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": signer.access_key_secret,
            "ALIBABA_CLOUD_SECURITY_TOKEN": signer.token,
            "SESAME_TABLESTORE_INSTANCE": "local",
            **{f"SESAME_{name}_ENDPOINT": each.endpoint for name, each in self._servers.items()},
        }

    def run(self, *arguments: str, identity: Identity | None = None, **environment: str) -> int:
        """The command; its exit code."""
        told: Mapping[str, str] = {**self.environment(identity), **environment}
        return main([*arguments, "--stage", "dev"], told, sleep=lambda _: None)

    def fail(self, service: str, operation: str, kind: str) -> None:
        """Let the next such request fail."""
        self.cloud.faults.add(Fault(service, operation, kind, 1))

    def asked(self) -> set[str]:
        """The operations since the meter was cleared."""
        return {str(each["operation"]) for each in self.cloud.meter.as_json()["operations"]}

    def stop(self) -> None:
        close_kept_sessions()
        for server in self._servers.values():
            self._background.run(server.stop())
        self._background.close()
        for service in self.services.values():
            service.close()
        self.inbox.close()
