"""One cloud with all services that ask RAM, on loopback, and the unmodified SDKs."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alibabacloud_credentials.client import Client as CredentialClient
from alibabacloud_credentials.provider import RamRoleArnCredentialsProvider
from alibabacloud_dm20151123.client import Client as DmClient
from alibabacloud_dysmsapi20170525.client import Client as SmsClient
from alibabacloud_ram20150501 import models
from alibabacloud_ram20150501.client import Client as RamClient
from alibabacloud_tea_openapi.utils_models import Config
from mns.account import Account
from Tea.exceptions import TeaException

from infra.localcloud.core.access import role_arn
from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.identities import Identity
from infra.localcloud.directmail.service import DirectmailService
from infra.localcloud.dysmsapi.service import DysmsapiService
from infra.localcloud.inbox.book import Inbox
from infra.localcloud.ram.service import RamService
from infra.localcloud.smq.service import SmqService
from infra.localcloud.sts.service import StsService
from infra.localcloud.tablestore.service import TablestoreService
from tests.background import Background
from tests.localcloud.dysmsapi.running import FixedProvider

with warnings.catch_warnings():
    # The SDK says at import that its native codec is for another Python.
    warnings.simplefilter("ignore", ImportWarning)
    import tablestore as ots

ROLE = "sesame-verify-otp-dev"
ACCOUNT_TRUST = {
    "Version": "1",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"RAM": ["acs:ram::1000000000000001:root"]},
        }
    ],
}


def statement(actions: object, resources: object = "*", effect: str = "Allow", **more: object):
    """One statement of a permission policy."""
    return {"Effect": effect, "Action": actions, "Resource": resources, **more}


def policy(*statements: object) -> dict[str, object]:
    """A permission policy."""
    return {"Version": "1", "Statement": list(statements)}


class RamCloud:
    """The services of one cloud, served until `stop`."""

    def __init__(self, data: Path | None = None, **options: Any) -> None:
        self.cloud = Cloud(data, **options)
        self.inbox = Inbox(self.cloud)
        self._services: dict[str, Any] = {
            "ram": RamService(self.cloud),
            "sts": StsService(self.cloud),
            "tablestore": TablestoreService(self.cloud),
            "smq": SmqService(self.cloud),
            "dysmsapi": DysmsapiService(self.cloud, self.inbox),
            "directmail": DirectmailService(self.cloud, self.inbox),
        }
        self._background = Background()
        self._servers = {
            name: self._background.serve(service, self.cloud)
            for name, service in self._services.items()
        }
        self._accounts: list[Account] = []

    def endpoint(self, name: str) -> str:
        """`http://127.0.0.1:PORT`."""
        return self._servers[name].endpoint

    def session(self, role: str = ROLE, **more: Any) -> Identity:
        """A session as Function Compute gives one."""
        arn = role if role.startswith("acs:") else role_arn(role)
        return self.cloud.identities.issue_session(
            role=arn, session_name="s", duration_s=900, **more
        )

    def grant(self, *statements: object, role: str = ROLE) -> Identity:
        """A session of a role that may do just that."""
        self.cloud.access.put_role(role, {f"{role}-policy": policy(*statements)})
        return self.session(role)

    def ram(self, signer: Identity | None = None) -> RamClient:
        """The RAM client."""
        return RamClient(self._config("ram", signer))

    def sms(self, signer: Identity) -> SmsClient:
        """The Dysmsapi client."""
        return SmsClient(self._config("dysmsapi", signer))

    def mail(self, signer: Identity) -> DmClient:
        """The DirectMail client."""
        return DmClient(self._config("directmail", signer))

    def queues(self, signer: Identity | None = None) -> Account:
        """The SMQ client."""
        signer = signer or self.cloud.identities.root
        account = Account(
            self.endpoint("smq"), signer.access_key_id, signer.access_key_secret, signer.token
        )
        self._accounts.append(account)
        return account

    def tables(self, signer: Identity | None = None, instance: str = "Sesame") -> ots.OTSClient:
        """The Tablestore client."""
        signer = signer or self.cloud.identities.root
        return ots.OTSClient(
            self.endpoint("tablestore"),
            signer.access_key_id,
            signer.access_key_secret,
            instance,
            sts_token=signer.token or None,
            retry_policy=ots.NoRetryPolicy(),
        )

    def assume(self, role: str, signer: Identity | None = None, **more: object) -> Identity:
        """The session that STS gives for a role, through the SDK's provider."""
        signer = signer or self.cloud.identities.root
        provider = RamRoleArnCredentialsProvider(
            access_key_id=signer.access_key_id,
            access_key_secret=signer.access_key_secret,
            security_token=signer.token or None,
            role_arn=role if role.startswith("acs:") else role_arn(role),
            role_session_name="sesame",
            sts_endpoint=self.endpoint("sts"),
            **more,
        )
        found = self.cloud.identities.find(provider.get_credentials().get_access_key_id())
        assert found is not None
        return found

    def stop(self) -> None:
        """Stop listening and close the files."""
        for account in self._accounts:
            account.mns_client.close_connection()
        for server in self._servers.values():
            self._background.run(server.stop())
        self._background.close()
        for service in self._services.values():
            service.close()
        self.inbox.close()

    def _config(self, service: str, signer: Identity | None) -> Config:
        identity = signer or self.cloud.identities.root
        return Config(
            credential=CredentialClient(provider=FixedProvider(identity)),
            endpoint=self.endpoint(service).removeprefix("http://"),
            protocol="http",
        )


def create_role(client: RamClient, name: str = ROLE, **more: object) -> models.CreateRoleResponse:
    """CreateRole with a good trust policy."""
    fields = {"assume_role_policy_document": json.dumps(ACCOUNT_TRUST), **more}
    return client.create_role(models.CreateRoleRequest(role_name=name, **fields))


def create_policy(client: RamClient, name: str, *statements: object) -> models.CreatePolicyResponse:
    """CreatePolicy."""
    document = json.dumps(policy(*statements))
    return client.create_policy(
        models.CreatePolicyRequest(policy_name=name, policy_document=document)
    )


@contextmanager
def refused(code: str, status: int) -> Iterator[None]:
    """The block is refused by a Tea SDK with this code and HTTP status."""
    try:
        yield
    except TeaException as error:
        assert (error.code, error.statusCode) == (code, status)  # noqa: PT017
    else:
        raise AssertionError(f"nothing was refused, where {code} was due")


Start = Callable[..., RamCloud]
