"""An SMQ on loopback in a thread of its own, and the unmodified SDK pointed at it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path

import pytest
from mns.account import Account
from mns.queue import Queue, QueueMeta
from mns.topic import Topic, TopicMeta

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.identities import Identity
from infra.localcloud.smq.service import SmqService
from tests.background import Background, Result


class RunningSmq:
    """The service and its cloud, served until `stop`."""

    def __init__(self, data: Path | None = None) -> None:
        self.cloud = Cloud(data)
        self.service = SmqService(self.cloud, draw=lambda: 0.5)
        self._accounts: list[Account] = []
        self._background = Background()
        self._server = self._background.serve(self.service, self.cloud)
        self.endpoint = self._server.endpoint

    def account(self, identity: Identity | None = None) -> Account:
        """The SDK's account, signing as the root key or as `identity`."""
        signer = identity or self.cloud.identities.root
        account = Account(
            self.endpoint, signer.access_key_id, signer.access_key_secret, signer.token
        )
        self._accounts.append(account)
        return account

    def queue(self, name: str = "jobs", **attributes: int) -> Queue:
        """The SDK's queue, made if need be."""
        queue = self.account().get_queue(name)
        queue.create(QueueMeta(**attributes))
        return queue

    def topic(self, name: str = "news") -> Topic:
        """The SDK's topic, made if need be."""
        topic = self.account().get_topic(name)
        topic.create(TopicMeta())
        return topic

    def run(self, work: Coroutine[object, object, Result]) -> Result:
        """Do `work` in the service's loop."""
        return self._background.run(work)

    def stop(self) -> None:
        self._background.run(self.service.stop_pushing())
        for account in self._accounts:
            account.mns_client.close_connection()
        self._background.run(self._server.stop())
        self._background.close()
        self.service.close()


@pytest.fixture
def start() -> Iterator[Callable[..., RunningSmq]]:
    """Start an SMQ, with a data folder if it is to outlive a restart."""
    running: list[RunningSmq] = []

    def begin(data: Path | None = None) -> RunningSmq:
        running.append(RunningSmq(data))
        return running[-1]

    yield begin
    for one in running:
        one.stop()


@pytest.fixture
def smq(start: Callable[..., RunningSmq]) -> RunningSmq:
    """An SMQ that keeps nothing."""
    return start()
