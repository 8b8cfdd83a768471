"""A DirectMail on loopback, and one mail through the unmodified SDK."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from alibabacloud_credentials.client import Client as CredentialClient
from alibabacloud_dm20151123 import models
from alibabacloud_dm20151123.client import Client
from alibabacloud_tea_openapi.utils_models import Config

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.identities import Identity
from infra.localcloud.directmail.service import DirectmailService
from infra.localcloud.inbox.book import Inbox
from tests.background import Background
from tests.localcloud.dysmsapi.running import FixedProvider
from tests.sdk_sessions import close_kept_sessions


@pytest.fixture(autouse=True)
def _no_kept_sessions() -> Iterator[None]:
    yield
    close_kept_sessions()


class RunningDirectmail:
    """The service, its cloud and its inbox, served until `stop`."""

    def __init__(self) -> None:
        self.cloud = Cloud()
        self.inbox = Inbox(self.cloud)
        self._background = Background()
        service = DirectmailService(self.cloud, self.inbox)
        self._server = self._background.serve(service, self.cloud)

    def client(self, identity: Identity) -> Client:
        return Client(
            Config(
                credential=CredentialClient(provider=FixedProvider(identity)),
                endpoint=self._server.endpoint.removeprefix("http://"),
                protocol="http",
            )
        )

    def stop(self) -> None:
        self._background.run(self._server.stop())
        self._background.close()
        self.inbox.close()


@pytest.fixture
def directmail() -> Iterator[RunningDirectmail]:
    running = RunningDirectmail()
    yield running
    running.stop()


@pytest.fixture
def send(directmail: RunningDirectmail) -> Callable[..., models.SingleSendMailResponseBody]:
    """Send one mail; keywords replace the fields of a good request, `identity` who signs."""

    def call(
        identity: Identity = directmail.cloud.identities.root, **fields: object
    ) -> models.SingleSendMailResponseBody:
        good = {
            "account_name": "codes@sesame.example",
            "address_type": 1,
            "reply_to_address": False,
            "to_address": "ali@forty.example",
            "subject": "芝麻 & Sesame",
            "text_body": "Your code is 123456.",
        }
        request = models.SingleSendMailRequest(**{**good, **fields})
        return directmail.client(identity).single_send_mail(request).body

    return call
