"""Accepting a notification for someone whose key is asked for, or who tries things out."""

from __future__ import annotations

from shared.access.revocation import KeyCheck
from shared.access.sandbox import Sandbox
from shared.ids import random_bytes
from shared.notifications.accept import Accepted, AcceptNotification
from shared.notifications.model import Notification, Recipient
from shared.phone_parser import parse_phone
from tests.fakes.notifications import PARAMS, PHONE, TENANT, NotificationService


def accept(
    service: NotificationService,
    *phones: str,
    check: KeyCheck | None = None,
    sandbox: Sandbox | None = None,
    dedupe_key: str | None = None,
    tenant: str = TENANT,
) -> Accepted:
    """A ship_update to `phones`, by default one."""
    use_case = AcceptNotification(
        store=service.store,
        queue=service.work,
        templates=service.book,
        pseudonyms=service.pseudonyms,
        sealer=service.sealer,
        clock=service.clock,
        random=random_bytes,
        is_sandboxed=(sandbox or Sandbox()).holds,
    )
    recipients = tuple(Recipient(parse_phone(phone)) for phone in phones or (PHONE,))
    return use_case(
        Notification(tenant, "ship_update", PARAMS, recipients, dedupe_key=dedupe_key),
        check=check,
    )
