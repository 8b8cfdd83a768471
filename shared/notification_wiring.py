"""The composition root of notifications; wiring.py is that of codes.

The imports are inside the functions, so that each pays at its cold start only for what it uses;
what all of them use stands above.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from shared.clock import SystemClock
from shared.fc.handler import Endpoint
from shared.settings import (
    AccessSettings,
    CallbackSettings,
    ChannelSettings,
    NotificationSettings,
    PhoneSettings,
    QueueSettings,
    RecordSettings,
    SandboxSettings,
    SignSettings,
    StoreSettings,
)
from shared.wiring import deployed_settings

if TYPE_CHECKING:
    from shared.access.api_keys import ApiKeys
    from shared.aliyun.smq import SmqQueue
    from shared.aliyun.tablestore import TablestoreRows
    from shared.fc.batch_handler import BatchEndpoint, Task
    from shared.notifications.accept import AcceptNotification
    from shared.notifications.message_rows import MessageRows
    from shared.rollup.counting import NoticeCounts
    from shared.templates.book import TemplateBook
    from shared.webhooks.sender import WebhookSender

_ASKING = (StoreSettings, RecordSettings, AccessSettings, PhoneSettings)
_TAKING_IN = (
    StoreSettings,
    QueueSettings,
    RecordSettings,
    NotificationSettings,
    SandboxSettings,
    PhoneSettings,
)
_SENDING = (StoreSettings, QueueSettings, RecordSettings, NotificationSettings, ChannelSettings)


def send_notification() -> Endpoint:
    """POST /v1/notifications. Raises SettingsInvalid."""
    from shared.api.notifications import SendNotificationEndpoint
    from shared.phone_parser import parse_phone

    store, queues, records, notices, sandbox, phone, access = deployed_settings(
        *_TAKING_IN, AccessSettings
    )
    return SendNotificationEndpoint(
        api_keys=_api_keys(access),
        accept=_accept(store, queues, records, notices, sandbox),
        parse_phone=partial(parse_phone, default_region=phone.default_region),
    )


def track_message() -> Endpoint:
    """/v1/messages. Raises SettingsInvalid."""
    from shared.api.notifications import TrackMessageEndpoint
    from shared.notifications.view import ShowMessages
    from shared.phone_parser import parse_phone

    store, records, access, phone = deployed_settings(*_ASKING)
    rows = _rows(store)
    return TrackMessageEndpoint(
        api_keys=_api_keys(access),
        store=rows,
        messages=lambda store: ShowMessages(
            store=store, ranges=rows, rows=_message_rows(records), clock=SystemClock()
        ),
        parse_phone=partial(parse_phone, default_region=phone.default_region),
    )


def manage_consent() -> Endpoint:
    """/v1/consents. Raises SettingsInvalid."""
    from shared.api.consents import ManageConsentEndpoint
    from shared.consent.gate import Consents
    from shared.notifications.privacy import PersonalData
    from shared.phone_parser import parse_phone
    from shared.pseudonym import Pseudonyms
    from shared.sealed import Sealer

    store, records, access, phone, sign = deployed_settings(*_ASKING, SignSettings)
    rows, consents = _rows(store), Consents(Pseudonyms(records.pseudonym_key))
    return ManageConsentEndpoint(
        api_keys=_api_keys(access),
        store=rows,
        consents=consents,
        sign_name=sign.sign_name,
        personal_data=PersonalData(
            store=rows,
            ranges=rows,
            rows=_message_rows(records),
            consents=consents,
            sealer=Sealer(records.record_key),
            clock=SystemClock(),
        ),
        parse_phone=partial(parse_phone, default_region=phone.default_region),
        clock=SystemClock(),
    )


def receive_receipt() -> Endpoint:
    """The provider's pushes. Raises SettingsInvalid."""
    from shared.api.callbacks import ReceiveReceiptEndpoint
    from shared.consent.gate import Consents
    from shared.ids import random_bytes
    from shared.notifications.receipts import RecordReceipts
    from shared.otp.receipts import CodeReceipts
    from shared.pseudonym import Pseudonyms

    store, queues, records, callback = deployed_settings(
        StoreSettings, QueueSettings, RecordSettings, CallbackSettings
    )
    rows, consents = _rows(store), Consents(Pseudonyms(records.pseudonym_key))
    return ReceiveReceiptEndpoint(
        secrets=callback.secrets,
        record=RecordReceipts(
            store=rows,
            rows=_message_rows(records),
            followers=_queue(queues, "followups"),
            clock=SystemClock(),
            random=random_bytes,
            codes=CodeReceipts(Pseudonyms(records.pseudonym_key)),
            counts=_counts(),
        ),
        store=rows,
        close=lambda phone, sign_name, at_ms: consents.close(
            phone=phone, sign_name=sign_name, source="sms_reply", at_ms=at_ms
        ),
        clock=SystemClock(),
    )


def receive_event() -> BatchEndpoint:
    """Events from elsewhere. Raises SettingsInvalid."""
    from shared.api.queue_items import DeadLetters
    from shared.api.received_events import ReceiveEventEndpoint
    from shared.mapping.event_map import EventMap
    from shared.mapping.rule import read_rules
    from shared.phone_parser import parse_phone

    store, queues, records, notices, sandbox, phone = deployed_settings(*_TAKING_IN)
    return ReceiveEventEndpoint(
        accept=_accept(store, queues, records, notices, sandbox),
        parse_phone=partial(parse_phone, default_region=phone.default_region),
        events=EventMap(read_rules()),
        dead=DeadLetters(_queue(queues, "dead"), f"sesame-events-{queues.stage}", SystemClock()),
    )


def dispatch_notification() -> BatchEndpoint:
    """The work queue. Raises SettingsInvalid."""
    from shared.api.queue_items import DeadLetters, WorkEndpoint
    from shared.budget.breaker import Breaker
    from shared.budget.ledger import Budget
    from shared.budget.setting import parse_budgets
    from shared.consent.gate import Consents
    from shared.consent.quiet_hours import wait_s
    from shared.ids import random_bytes
    from shared.notifications.dispatch import DispatchNotifications
    from shared.notifications.model import WorkItem
    from shared.outgoing import Channel
    from shared.pseudonym import Pseudonyms
    from shared.sms.dysmsapi import DysmsapiGateway
    from shared.sms.notice_channel import SmsChannel
    from shared.throttle.notices import NoticeLimits

    store, queues, records, notices, ways = deployed_settings(*_SENDING)
    clock, pseudonyms = SystemClock(), Pseudonyms(records.pseudonym_key)
    channels: dict[str, Channel] = {
        "sms": SmsChannel(
            DysmsapiGateway(endpoint=ways.sms_endpoint, region=ways.sms_region), clock
        )
    }
    if ways.email_account:
        # Cost: some 60 ms on top of the SMS SDK, with which it shares its core.
        from shared.email.channel import EmailChannel
        from shared.email.directmail import DirectMailGateway

        channels["email"] = EmailChannel(
            DirectMailGateway(
                account_name=ways.email_account,
                endpoint=ways.email_endpoint,
                region=ways.email_region,
            )
        )
    sender = _webhooks(ways.webhooks)
    if sender is not None:
        from shared.webhooks.channel import WebhookChannel

        channels["webhook"] = WebhookChannel(sender)
    return WorkEndpoint(
        parse=WorkItem.parse,
        work=DispatchNotifications(
            store=_rows(store),
            queue=_queue(queues, "notifications"),
            dead=_queue(queues, "dead"),
            followers=_queue(queues, "followups"),
            channels=channels,
            templates=_templates(notices),
            rows=_message_rows(records),
            limits=NoticeLimits(pseudonyms),
            consents=Consents(pseudonyms),
            budgets=Budget(parse_budgets(notices.budgets)),
            breaker=Breaker(),
            quiet_wait_s=wait_s,
            clock=clock,
            random=random_bytes,
            counts=_counts(),
            followed_tenants=_followed(ways.webhooks),
            reconcile_after_ms=ways.reconcile_after_s * 1000,
        ),
        dead=DeadLetters(_queue(queues, "dead"), f"sesame-notifications-{queues.stage}", clock),
    )


def follow_message() -> BatchEndpoint:
    """The follow-up queue. Raises SettingsInvalid."""
    from shared.api.queue_items import DeadLetters, WorkEndpoint
    from shared.notifications.follow import FollowItem, FollowMessages
    from shared.sealed import Sealer

    store, queues, records, notices, ways = deployed_settings(*_SENDING)
    return WorkEndpoint(
        parse=FollowItem.parse,
        work=FollowMessages(
            store=_rows(store),
            work=_queue(queues, "notifications"),
            followers=_queue(queues, "followups"),
            rows=_message_rows(records),
            templates=_templates(notices),
            sealer=Sealer(records.record_key),
            webhooks=_webhooks(ways.webhooks),
            followed_tenants=_followed(ways.webhooks),
            clock=SystemClock(),
        ),
        dead=DeadLetters(_queue(queues, "dead"), f"sesame-followups-{queues.stage}", SystemClock()),
    )


def sweep_messages() -> Task:
    """The timer. Raises SettingsInvalid."""
    from shared.budget.ledger import Budget
    from shared.budget.setting import parse_budgets
    from shared.budget.watch import WatchBudgets
    from shared.ids import random_bytes
    from shared.notifications.sweep import SweepMessages
    from shared.sealed import Sealer
    from shared.sms.dysmsapi import DysmsapiGateway
    from shared.sms.sent_records import DysmsapiRecords

    store, queues, records, notices, ways = deployed_settings(*_SENDING)
    rows = _rows(store)
    sweep = SweepMessages(
        store=rows,
        ranges=rows,
        queue=_queue(queues, "notifications"),
        dead=_queue(queues, "dead"),
        records=DysmsapiRecords(
            DysmsapiGateway(endpoint=ways.sms_endpoint, region=ways.sms_region)
        ),
        rows=_message_rows(records),
        templates=_templates(notices),
        sealer=Sealer(records.record_key),
        clock=SystemClock(),
        random=random_bytes,
        counts=_counts(),
    )

    watch = WatchBudgets(
        budget=Budget(parse_budgets(notices.budgets)), store=rows, clock=SystemClock()
    )

    def task() -> None:
        sweep()
        watch()

    return task


def _accept(
    store: StoreSettings,
    queues: QueueSettings,
    records: RecordSettings,
    notices: NotificationSettings,
    sandbox: SandboxSettings,
) -> AcceptNotification:
    from shared.access.sandbox import Sandbox
    from shared.ids import random_bytes
    from shared.notifications.accept import AcceptNotification
    from shared.pseudonym import Pseudonyms
    from shared.sealed import Sealer

    return AcceptNotification(
        store=_rows(store),
        queue=_queue(queues, "notifications"),
        templates=_templates(notices),
        pseudonyms=Pseudonyms(records.pseudonym_key),
        sealer=Sealer(records.record_key),
        clock=SystemClock(),
        random=random_bytes,
        is_sandboxed=Sandbox(sandbox.codes).holds,
    )


def _api_keys(access: AccessSettings) -> ApiKeys:
    from shared.access.api_keys import ApiKeys
    from shared.access.revocation import Revocations

    return ApiKeys(
        access.hashed_keys, access.key_scopes, access.gateway_apps, Revocations(SystemClock())
    )


def _rows(store: StoreSettings) -> TablestoreRows:
    from shared.aliyun.tablestore import TablestoreRows

    return TablestoreRows(endpoint=store.endpoint, instance=store.instance)


def _counts() -> NoticeCounts:
    from shared.ids import random_bytes
    from shared.rollup.counters import Counters
    from shared.rollup.counting import NoticeCounts

    return NoticeCounts(Counters(random_bytes))


def _queue(queues: QueueSettings, name: str) -> SmqQueue:
    from shared.aliyun.smq import SmqQueue

    return SmqQueue(queues.endpoint, f"sesame-{name}-{queues.stage}", clock=SystemClock())


def _message_rows(records: RecordSettings) -> MessageRows:
    from shared.notifications.message_rows import MessageRows
    from shared.pseudonym import Pseudonyms

    return MessageRows(Pseudonyms(records.pseudonym_key))


def _templates(notices: NotificationSettings) -> TemplateBook:
    from shared.templates.book import TemplateBook
    from shared.templates.catalogue import load_catalogue
    from shared.templates.prices import read_prices

    return TemplateBook(
        load_catalogue(notices.templates, sign_name=notices.sign_name),
        read_prices(notices.prices) if notices.prices else None,
    )


def _followed(webhooks: str) -> frozenset[str]:
    from shared.webhooks.endpoints import read_endpoints

    return frozenset(read_endpoints(webhooks)) if webhooks else frozenset()


def _webhooks(webhooks: str) -> WebhookSender | None:
    from shared.webhooks.endpoints import read_endpoints
    from shared.webhooks.sender import WebhookSender

    return WebhookSender(read_endpoints(webhooks), SystemClock()) if webhooks else None
