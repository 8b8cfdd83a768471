"""The notification service put together over fakes, for tests of its rules."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shared.budget.breaker import Breaker
from shared.budget.ledger import Budget
from shared.budget.setting import parse_budgets
from shared.consent.gate import Consents
from shared.consent.quiet_hours import wait_s
from shared.ids import random_bytes
from shared.notifications.accept import Accepted, AcceptNotification
from shared.notifications.dispatch import DispatchNotifications
from shared.notifications.follow import FollowItem, FollowMessages
from shared.notifications.message_rows import MessageRef, MessageRows
from shared.notifications.model import Notification, Recipient, WorkItem
from shared.notifications.receipts import DeliveryReport, RecordReceipts
from shared.notifications.sweep import SweepMessages
from shared.notifications.view import ShowMessages
from shared.otp.receipts import CodeReceipts
from shared.outgoing import Outgoing
from shared.phone import PhoneNumber
from shared.phone_parser import parse_phone
from shared.pseudonym import Pseudonyms
from shared.queue import QueueItem
from shared.rollup.counters import Counters
from shared.rollup.counting import NoticeCounts
from shared.sealed import Sealer
from shared.send_outcome import SendAccepted, SendOutcome
from shared.sms.gateway import SentDetail
from shared.template import Content, Template, Variable
from shared.templates.book import TemplateBook
from shared.throttle.notices import NoticeLimits
from tests.fakes.hands import HandClock
from tests.fakes.memory_rows import MemoryRows

PHONE, OTHER = "+8613800138000", "+8613900139000"
TENANT = "shop"
TEXTS = {
    "zh": Content("订单${order_no}：${status}", "订单", "订单${order_no}：${status}"),
    "en": Content("Order ${order_no}: ${status}", "Order", "Order ${order_no}: ${status}"),
}
SHIP = Template(
    name="ship_update",
    kind="notice",
    owner="logistics",
    sign_name="芝麻开门",
    variables=(Variable("order_no"), Variable("status")),
    contents=TEXTS,
    codes={"domestic": "SMS_1", "international": "SMS_2"},
)
PARAMS = {"order_no": "A1", "status": "shipped"}


@dataclass
class MemoryQueue:
    """Implements Queue on a clock. `fails` makes that many puts come to nothing."""

    clock: HandClock
    items: list[tuple[int, str]] = field(default_factory=list)
    fails: int = 0

    def put(self, items: Sequence[QueueItem]) -> int:
        if self.fails:
            self.fails -= 1
            return 0
        now_ms = self.clock.now_ms()
        self.items += [(now_ms + item.delay_s * 1000, item.body) for item in items]
        return len(items)

    def take(self) -> list[bytes]:
        """What is due, taken off."""
        now_ms = self.clock.now_ms()
        due = [body for at_ms, body in self.items if at_ms <= now_ms]
        self.items = [(at_ms, body) for at_ms, body in self.items if at_ms > now_ms]
        return [body.encode() for body in due]


@dataclass
class ScriptedChannel:
    """Implements Channel: answers from a script, then accepts. `dies` ends the worker instead."""

    sent: list[Outgoing] = field(default_factory=list)
    outcomes: list[SendOutcome] = field(default_factory=list)
    dies_after: int | None = None

    def send(self, messages: Sequence[Outgoing]) -> list[SendOutcome]:
        ends: list[SendOutcome] = []
        for message in messages:
            outcome = self.outcomes.pop(0) if self.outcomes else SendAccepted("biz-1")
            if isinstance(outcome, SendAccepted):
                self.sent.append(message)
            ends.append(outcome)
        if self.dies_after is not None:
            self.dies_after = None
            raise WorkerDied
        return ends


class WorkerDied(Exception):
    """The process was killed."""


@dataclass
class ScriptedRecords:
    """The provider's records."""

    details: list[SentDetail] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def find(self, *, phone: PhoneNumber, at_ms: int, out_id: str) -> list[SentDetail]:
        self.asked.append(out_id)
        return [detail for detail in self.details if detail.out_id in ("*", out_id)]


@dataclass
class NotificationService:
    """All use cases over one memory store, tenant `shop`."""

    store: MemoryRows = field(default_factory=MemoryRows)
    clock: HandClock = field(default_factory=HandClock)
    sms: ScriptedChannel = field(default_factory=ScriptedChannel)
    email: ScriptedChannel = field(default_factory=ScriptedChannel)
    records: ScriptedRecords = field(default_factory=ScriptedRecords)
    templates: Mapping[str, Template] = field(default_factory=lambda: {SHIP.name: SHIP})
    budgets: str = ""
    pseudonyms: Pseudonyms = field(default_factory=lambda: Pseudonyms(b"p" * 32))
    sealer: Sealer = field(default_factory=lambda: Sealer(b"r" * 32))
    counts: NoticeCounts = field(default_factory=lambda: NoticeCounts(Counters(random_bytes)))

    def __post_init__(self) -> None:
        self.work, self.dead = MemoryQueue(self.clock), MemoryQueue(self.clock)
        self.followers = MemoryQueue(self.clock)
        self.book = TemplateBook(self.templates)
        self.rows = MessageRows(self.pseudonyms)
        self.consents = Consents(self.pseudonyms)

    def accept(
        self,
        *phones: str,
        template: str = "ship_update",
        params: Mapping[str, str] = PARAMS,
        dedupe_key: str | None = None,
        send_in_s: int | None = None,
        channels: tuple[str, ...] | None = None,
        email: str | None = None,
    ) -> Accepted:
        use_case = AcceptNotification(
            store=self.store,
            queue=self.work,
            templates=self.book,
            pseudonyms=self.pseudonyms,
            sealer=self.sealer,
            clock=self.clock,
            random=random_bytes,
        )
        at_ms = None if send_in_s is None else self.clock.now_ms() + send_in_s * 1000
        return use_case(
            Notification(
                tenant=TENANT,
                template=template,
                params=params,
                recipients=tuple(
                    Recipient(parse_phone(phone), email=email) for phone in phones or (PHONE,)
                ),
                dedupe_key=dedupe_key,
                send_at_ms=at_ms,
                channels=channels,
            )
        )

    def accept_one(self, *phones: str, **options: object) -> str:
        """As accept, of one message: its id."""
        (message,) = self.accept(*phones, **options).messages  # type: ignore[arg-type]
        return message.message_id

    def dispatch(self, bodies: Sequence[bytes] | None = None) -> int:
        """Work on what is due; how many items that was."""
        due = self.work.take() if bodies is None else bodies
        worker = DispatchNotifications(
            store=self.store,
            queue=self.work,
            dead=self.dead,
            channels={"sms": self.sms, "email": self.email},
            templates=self.book,
            rows=self.rows,
            limits=NoticeLimits(self.pseudonyms),
            consents=self.consents,
            budgets=Budget(parse_budgets(self.budgets)),
            breaker=Breaker(),
            quiet_wait_s=wait_s,
            clock=self.clock,
            random=random_bytes,
            counts=self.counts,
            spread=lambda low, high: high,
        )
        worker([WorkItem.parse(body) for body in due])
        return len(due)

    def sweep(self) -> int:
        return SweepMessages(
            store=self.store,
            ranges=self.store,
            queue=self.work,
            dead=self.dead,
            records=self.records,
            rows=self.rows,
            templates=self.book,
            sealer=self.sealer,
            clock=self.clock,
            random=random_bytes,
            counts=self.counts,
        )()

    def report(
        self,
        *,
        phone: str = PHONE,
        biz_id: str = "biz-1",
        out_id: str | None = None,
        is_delivered: bool = True,
        err_code: str = "DELIVERED",
    ) -> int:
        return self.receive(
            [
                DeliveryReport(
                    biz_id=biz_id,
                    phone=parse_phone(phone),
                    out_id=self.sms.sent[-1].out_id if out_id is None else out_id,
                    is_delivered=is_delivered,
                    err_code=err_code,
                    reported_ms=self.clock.now_ms(),
                )
            ]
        )

    def receive(self, reports: Sequence[DeliveryReport]) -> int:
        record = RecordReceipts(
            store=self.store,
            rows=self.rows,
            followers=self.followers,
            clock=self.clock,
            random=random_bytes,
            codes=CodeReceipts(self.pseudonyms),
            counts=self.counts,
        )
        return record(reports)

    def follow(self) -> None:
        FollowMessages(
            store=self.store,
            work=self.work,
            followers=self.followers,
            rows=self.rows,
            templates=self.book,
            sealer=self.sealer,
            webhooks=None,
            followed_tenants=frozenset(),
            clock=self.clock,
        )([FollowItem.parse(body) for body in self.followers.take()])

    @property
    def messages(self) -> ShowMessages:
        return ShowMessages(store=self.store, ranges=self.store, rows=self.rows, clock=self.clock)

    def show(self, message_id: str) -> Mapping[str, object]:
        return self.messages.one(TENANT, message_id)

    def status(self, message_id: str) -> str:
        return str(self.show(message_id)["status"])

    def row(self, message_id: str) -> Mapping[str, object]:
        ref = MessageRef.parse(message_id)
        assert ref is not None
        return self.store.rows[ref.key]

    def letters(self) -> list[dict[str, object]]:
        return [json.loads(body) for body in self.dead.take()]
