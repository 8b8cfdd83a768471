"""What the control plane looks at: the parts of one cloud, as they are until its next restart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.problems import RequestRefused
from infra.localcloud.dysmsapi.service import DysmsapiService
from infra.localcloud.inbox.book import Inbox
from infra.localcloud.tablestore.behaviour import Behaviour


class Publisher(Protocol):
    """Calls functions: with what is published, and then says how many triggers that matches, and
    when their time has come.
    """

    def publish_event(self, event: Mapping[str, object]) -> int:
        """Put a CloudEvent on the default bus."""

    def publish_topic(
        self, topic: str, message: str, attributes: Mapping[str, str], *, tag: str = ""
    ) -> int:
        """Publish a message to a topic."""

    async def catch_up(self, *, limit_s: float) -> None:
        """Have timers call what is due, and wait until it has ended, but no longer than that."""


@dataclass(frozen=True, slots=True)
class Watched:
    """invocations: what the functions did, as JSON objects; a cloud without functions has none.
    publisher: where events and topic messages go; in a cloud without one they match nothing.
    deliveries: the SMS service whose fates are scripted. behaviour: Tablestore's switches.
    """

    cloud: Cloud
    inbox: Inbox
    invocations: Callable[[], Sequence[object]] = list
    publisher: Publisher | None = None
    deliveries: DysmsapiService | None = None
    behaviour: Behaviour | None = None

    @property
    def sms(self) -> DysmsapiService:
        """The SMS service. Raises RequestRefused in a cloud without one."""
        if self.deliveries is None:
            raise RequestRefused(404, "This cloud has no SMS service")
        return self.deliveries


Watch = Callable[[], Watched]
"""Tells what there is to look at now."""
