"""POST /v1/notifications, and what became of a message: /v1/messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Protocol

from pydantic import Field

from shared.access.api_keys import ApiKeys, Scope
from shared.access.revocation import KeyCheck
from shared.api.callers import caller_of
from shared.api.json_body import MAX_BODY_BYTES as SMALL_BODY_BYTES
from shared.api.json_body import Body, parse_body, refuse_what_never_fits
from shared.api.notification_body import (
    MAX_BODY_BYTES,
    NotificationBody,
    Rejected,
    notification_of,
)
from shared.api.text import Text
from shared.errors import MethodNotAllowed, NotFound
from shared.fc.events import HttpRequest
from shared.fc.responses import HttpResponse
from shared.idempotency.record import parse_key
from shared.notifications.accept import Accepted
from shared.notifications.model import Notification
from shared.notifications.view import ShowMessages
from shared.phone import PhoneNumber
from shared.rows import RowStore

_MESSAGES = "/v1/messages/"


class Accept(Protocol):
    """Takes notifications on."""

    def __call__(self, notification: Notification, *, check: KeyCheck | None) -> Accepted:
        """Raises Unauthenticated if `check` does."""


class SendNotificationEndpoint:
    """POST /v1/notifications."""

    def __init__(
        self,
        *,
        api_keys: ApiKeys,
        accept: Accept,
        parse_phone: Callable[[str], PhoneNumber],
    ) -> None:
        self._api_keys = api_keys
        self._accept = accept
        self._parse_phone = parse_phone

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """202 once it is durably on the queue. An Idempotency-Key is the dedupe key of a body that
        has none.
        """
        refuse_what_never_fits(request, method="POST", max_bytes=MAX_BODY_BYTES)
        caller = caller_of(self._api_keys, request, "notify")
        header = request.headers.get("idempotency-key")
        key = parse_key(header) if header is not None else None
        body = parse_body(request, NotificationBody)
        notification, rejected = notification_of(
            body,
            tenant=caller.tenant,
            parse_phone=self._parse_phone,
            dedupe_key=f"idempotency-key:{key}" if key else None,
        )
        accepted = self._accept(notification, check=caller.check)
        headers = {"Idempotency-Replayed": "true"} if accepted.is_replay else {}
        return HttpResponse(202, _answer(accepted, rejected, len(body.to)), headers)


def _answer(
    accepted: Accepted, rejected: Sequence[Rejected], asked_count: int
) -> Mapping[str, object]:
    status = "scheduled" if accepted.is_scheduled else "queued"
    first = {"message_id": accepted.messages[0].message_id, "status": status}
    if asked_count == 1:
        return first
    return {
        **first,
        "messages": [
            {"message_id": message.message_id, "to": message.masked}
            for message in accepted.messages
        ],
        "rejected": [each.as_json() for each in rejected],
    }


class MessageSearchBody(Body):
    """Whose messages. A number is in the body, since addresses end up in logs."""

    phone: Annotated[Text, Field(min_length=1, max_length=64)]
    limit: Annotated[int, Field(ge=1, le=100)] = 20


class TrackMessageEndpoint:
    """GET and DELETE /v1/messages/{message_id}, POST /v1/messages/search.

    messages: what finds messages in a store.
    """

    def __init__(
        self,
        *,
        api_keys: ApiKeys,
        store: RowStore,
        messages: Callable[[RowStore], ShowMessages],
        parse_phone: Callable[[str], PhoneNumber],
    ) -> None:
        self._api_keys = api_keys
        self._store = store
        self._messages = messages
        self._parse_phone = parse_phone

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """200 with a message's life so far, called off by DELETE, or with a phone's messages."""
        # Whoever may send may call it off.
        scope: Scope = "notify" if request.method == "DELETE" else "read"
        caller = caller_of(self._api_keys, request, scope)
        tenant, check = caller.tenant, caller.check
        name = request.path.removeprefix(_MESSAGES)
        if not request.path.startswith(_MESSAGES) or not name or "/" in name:
            raise NotFound
        if name == "search":
            refuse_what_never_fits(request, method="POST", max_bytes=SMALL_BODY_BYTES)
            body = parse_body(request, MessageSearchBody)
            phone = self._parse_phone(body.phone)
            if check is not None:  # a range takes no other row along
                check.ask(self._store)
            found = self._messages(self._store).of_phone(tenant, phone, body.limit)
            return HttpResponse(200, {"messages": found})
        messages = self._messages(self._store if check is None else check.along(self._store))
        if request.method == "DELETE":
            refuse_what_never_fits(request, method="DELETE", max_bytes=SMALL_BODY_BYTES)
            return HttpResponse(200, messages.cancel(tenant, name))
        if request.method not in ("GET", "HEAD"):
            raise MethodNotAllowed("GET, HEAD, DELETE")
        return HttpResponse(200, messages.one(tenant, name))
