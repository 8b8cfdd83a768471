"""News of a message for the tenant that waits for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.notifications.follow import WEBHOOK_WAITS_S, FollowItem, FollowMessages
from shared.notifications.message_rows import MessageRef
from shared.send_outcome import RefusalKind, SendAccepted, SendOutcome, SendRefused
from tests.fakes.notifications import TENANT, NotificationService


@dataclass
class Endpoints:
    """Implements StatusSender: answers from a script, then takes everything."""

    script: list[SendOutcome] = field(default_factory=list)
    posts: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)

    def post(self, tenant: str, *, event_id: str, body: Mapping[str, object]) -> SendOutcome:
        self.posts.append((event_id, body))
        return self.script.pop(0) if self.script else SendAccepted(event_id)


def follower(service: NotificationService, endpoints: Endpoints) -> FollowMessages:
    return FollowMessages(
        store=service.store,
        work=service.work,
        followers=service.followers,
        rows=service.rows,
        templates=service.book,
        sealer=service.sealer,
        webhooks=endpoints,
        followed_tenants=frozenset({TENANT}),
        clock=service.clock,
    )


def news(service: NotificationService) -> FollowItem:
    ref = MessageRef.parse(service.accept_one())
    assert ref is not None
    return FollowItem(ref)


def test_news_are_posted_once_with_the_status(service: NotificationService) -> None:
    endpoints = Endpoints()

    follower(service, endpoints)([news(service)])

    ((event_id, body),) = endpoints.posts
    assert event_id.endswith("_queued")
    assert body["type"] == "message.queued"
    assert service.followers.items == []


def test_an_endpoint_that_is_down_hears_it_again_later(service: NotificationService) -> None:
    endpoints = Endpoints([SendRefused(RefusalKind.BUSY, "http_503")] * 2)
    follow = follower(service, endpoints)

    follow([news(service)])
    assert service.followers.take() == []
    service.clock.advance(30)  # a refusal that names no wait
    follow([FollowItem.parse(body) for body in service.followers.take()])
    service.clock.advance(WEBHOOK_WAITS_S[1])
    follow([FollowItem.parse(body) for body in service.followers.take()])

    assert len(endpoints.posts) == 3
    assert len({event_id for event_id, _ in endpoints.posts}) == 1


def test_an_endpoint_that_is_gone_is_left_alone(service: NotificationService) -> None:
    endpoints = Endpoints([SendRefused(RefusalKind.UNAVAILABLE, "gone")])
    follow = follower(service, endpoints)

    follow([news(service)])
    follow([news(service), news(service)])

    assert len(endpoints.posts) == 1
    assert service.followers.items == []


def test_a_refusal_is_not_repeated_but_the_next_news_is_told(service: NotificationService) -> None:
    endpoints = Endpoints([SendRefused(RefusalKind.UNAVAILABLE, "http_400")])
    follow = follower(service, endpoints)

    follow([news(service)])
    follow([news(service)])

    assert len(endpoints.posts) == 2
    assert service.followers.items == []
