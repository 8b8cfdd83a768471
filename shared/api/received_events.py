"""Events of other systems, from queues, topics and the bus: they become notifications."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from pydantic import ValidationError

from shared.api.notification_body import NotificationEventBody, notification_of
from shared.api.queue_items import DeadLetters
from shared.errors import IdempotencyKeyReused, RequestInvalid, StoreUnavailable
from shared.fc.batch_events import BatchItem
from shared.fc.batch_handler import BatchResult
from shared.mapping.event_map import EventMap
from shared.mapping.rule import MappedNotification, MappingFailed
from shared.notifications.accept import Accepted
from shared.notifications.model import Notification
from shared.observability.trace import continued
from shared.phone import PhoneNumber


class ReceiveEventEndpoint:
    """Events from anywhere: the contract's own, and foreign ones by a mapping file."""

    def __init__(
        self,
        *,
        accept: Callable[[Notification], Accepted],
        parse_phone: Callable[[str], PhoneNumber],
        events: EventMap,
        dead: DeadLetters,
    ) -> None:
        self._accept = accept
        self._parse_phone = parse_phone
        self._events = events
        self._dead = dead

    def __call__(self, items: Sequence[BatchItem]) -> BatchResult:
        """Each item accepted or dead-lettered. Raises StoreUnavailable if the rest must come again:
        those that were accepted are known by their dedupe keys then.
        """
        bad: list[tuple[BatchItem, str]] = []
        for item in items:
            try:
                with continued(item.trace):
                    self._accept(self._notification(item))
            except StoreUnavailable:
                self._dead.put(bad)
                raise
            except (RequestInvalid, IdempotencyKeyReused) as error:
                fields = ", ".join(
                    f"{each.field}: {each.reason}" for each in getattr(error, "problems", ())
                )
                bad.append((item, f"{error.code} {fields}".strip()))
            except (MappingFailed, ValueError) as error:
                bad.append((item, str(error)))
        self._dead.put(bad)
        return BatchResult(settled=len(items), failed=len(bad))

    def _notification(self, item: BatchItem) -> Notification:
        if item.problem:
            raise ValueError(item.problem)
        try:
            data = json.loads(item.body)
        except (ValueError, RecursionError):
            raise ValueError("not_json") from None
        if not isinstance(data, dict):
            raise ValueError("not_an_object")
        if "specversion" in data:
            mapped = self._events.map_event(data)
            if mapped is not None:
                return self._mapped(mapped)
            data = data.get("data")
            if not isinstance(data, dict) or "template" not in data:
                raise ValueError("no_mapping")
        return self._ours(data, item)

    def _ours(self, data: Mapping[str, object], item: BatchItem) -> Notification:
        try:
            body = NotificationEventBody.model_validate(data)
        except ValidationError as error:
            fields = [
                ".".join(str(part) for part in each["loc"])[:100]
                for each in error.errors(include_input=False, include_url=False)[:10]
            ]
            raise ValueError(f"invalid_event {', '.join(fields)}") from None
        notification, _ = notification_of(
            body,
            tenant=body.tenant,
            parse_phone=self._parse_phone,
            # The transport delivers at least once, with the same id.
            dedupe_key=f"{item.source}:{item.item_id}",
        )
        return notification

    def _mapped(self, mapped: MappedNotification) -> Notification:
        body = NotificationEventBody.model_validate(
            {
                "version": 1,
                "tenant": mapped.tenant,
                "to": mapped.to,
                "template": mapped.template,
                "params": dict(mapped.params),
                "dedupe_key": mapped.dedupe_key[:255],
                **({"send_at": mapped.send_at} if mapped.send_at is not None else {}),
            }
        )
        notification, _ = notification_of(body, tenant=mapped.tenant, parse_phone=self._parse_phone)
        return notification
