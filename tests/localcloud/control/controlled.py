"""A small cloud under control, as the tests of the control plane see it."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.inbox.book import Inbox, InboxMessage


@dataclass
class Controlled:
    """The cloud under control."""

    cloud: Cloud
    inbox: Inbox
    http: httpx.Client
    resets: list[float] = field(default_factory=list)
    reset_error: Exception | None = None
    invocations: list[object] = field(default_factory=list)

    def deliver(self, phone: str, text: str) -> None:
        self.inbox.deliver(
            InboxMessage(
                phone=phone,
                sign_name="Sesame",
                text=text,
                template_code="SMS_1",
                params={"code": "123456"},
                out_id="out",
                biz_id="biz",
                sent_at=self.cloud.clock.now_s(),
            )
        )
