"""A Dysmsapi on loopback in a thread of its own, and the unmodified SDK pointed at it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alibabacloud_credentials.client import Client as CredentialClient
from alibabacloud_credentials_api import ICredentials, ICredentialsProvider
from alibabacloud_dysmsapi20170525.client import Client
from alibabacloud_tea_openapi.utils_models import Config

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.identities import Identity
from infra.localcloud.dysmsapi.push import Callbacks
from infra.localcloud.dysmsapi.service import DysmsapiService
from infra.localcloud.inbox.book import Inbox
from tests.background import Background

SIGN = "芝麻开门"
CODE, NOTICE, ABROAD = "SMS_100001", "SMS_100002", "SMS_100003"
PROMOTION = "SMS_100004"
CODE_CONTENT = "您的验证码为${code}，请勿告知他人。"
NOTICE_CONTENT = "${name}，您的包裹${note}已到。"
ABROAD_CONTENT = "Your code is ${code}."


class RunningDysmsapi:
    """The service, its cloud and its inbox, served until `stop`."""

    def __init__(self, data: Path | None = None) -> None:
        self.cloud = Cloud(data)
        self.inbox = Inbox(self.cloud)
        self.service = DysmsapiService(self.cloud, self.inbox, throttling_retry_after_ms=1500)
        catalogue = self.service.catalogue
        catalogue.ensure_sign(SIGN)
        catalogue.ensure_template(CODE, name="登录", kind="code", content=CODE_CONTENT)
        catalogue.ensure_template(NOTICE, name="到件", kind="notice", content=NOTICE_CONTENT)
        catalogue.ensure_template(
            ABROAD, name="abroad", kind="international", content=ABROAD_CONTENT
        )
        self._background = Background()
        self._server = self._background.serve(self.service, self.cloud)
        self.address = self._server.endpoint.removeprefix("http://")

    def add_promotion(self) -> None:
        """Have the template PROMOTION, without variables."""
        self.service.catalogue.ensure_template(
            PROMOTION, name="促销", kind="promotion", content="全场八折，拒收请回复R"
        )

    def start_pushing(self, callbacks: Callbacks) -> None:
        """Push in the service's loop."""
        self._background.run(self._in_loop(lambda: self.service.start_pushing(callbacks)))

    def halt_pushing(self) -> None:
        """Stop pushing, as a cloud does that ends."""
        self._background.run(self.service.stop_pushing())

    def reply(self, phone: str, content: str) -> None:
        """Let a phone answer, in the service's loop."""
        self._background.run(self._in_loop(lambda: self.inbox.add_reply(phone, content)))

    def client(self, identity: Identity | None = None, **config: object) -> Client:
        """The SDK's client, signing as the root key or as `identity`."""
        signer = identity or self.cloud.identities.root
        return Client(
            Config(
                credential=CredentialClient(provider=FixedProvider(signer)),
                endpoint=self.address,
                protocol="http",
                **config,
            )
        )

    def stop(self) -> None:
        self._background.run(self.service.stop_pushing())
        self._background.run(self._server.stop())
        self._background.close()
        self.service.close()
        self.inbox.close()

    async def _in_loop(self, work: Callable[[], object]) -> None:
        work()


class FixedCredentials(ICredentials):
    """The triple of one identity."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    def get_access_key_id(self) -> str:
        return self._identity.access_key_id

    def get_access_key_secret(self) -> str:
        return self._identity.access_key_secret

    def get_security_token(self) -> str:
        return self._identity.token

    def get_provider_name(self) -> str:
        return "fixed"


class FixedProvider(ICredentialsProvider):
    """Gives one identity's credentials, asked anew for every request."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    def get_credentials(self) -> ICredentials:
        return FixedCredentials(self._identity)

    async def get_credentials_async(self) -> ICredentials:
        return self.get_credentials()

    def get_provider_name(self) -> str:
        return "fixed"
