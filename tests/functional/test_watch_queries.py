"""Every metric, asked of the log service over lines that the service's own journeys wrote."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pytest
from alibabacloud_sls20201230 import models

from infra.watch.files import columns_of, load
from infra.watch.queries import QUERIES
from shared.abuse.guard import AbuseGuard
from shared.api.queue_items import DeadLetters, WorkEndpoint
from shared.budget.ledger import Budget
from shared.budget.setting import parse_budgets
from shared.budget.watch import WatchBudgets
from shared.errors import OtpInvalid, Quota, SesameError, SettingsInvalid, Throttled
from shared.fc.batch_handler import BatchFunction, TimerFunction
from shared.fc.events import HttpRequest
from shared.fc.handler import HttpFunction
from shared.fc.responses import HttpResponse
from shared.notifications.follow import FollowItem, FollowMessages
from shared.notifications.message_rows import MessageRef, out_id_of
from shared.notifications.model import WorkItem
from shared.notifications.receipts import DeliveryReport
from shared.observability.events import STORE_FAILED
from shared.observability.logs import JsonLines, log_event
from shared.phone_parser import parse_phone
from shared.pseudonym import Pseudonyms
from shared.rollup.fold import FoldFigures
from shared.send_outcome import RefusalKind, SendOutcome, SendRefused
from shared.sms.code_sender import CodeSender
from shared.sms.gateway import SmsMessage
from shared.sms.notice_channel import SmsChannel
from shared.throttle.limits import counted_address
from tests.fakes.hands import HandClock, ScriptedGateway
from tests.fakes.notifications import TENANT, NotificationService
from tests.fakes.service import OtpService
from tests.localcloud.sls.running import PROJECT, STORE, RunningSls, get, put

TEMPLATES = {"login": {"domestic": "SMS_100000001", "international": "SMS_200000001"}}
BUDGETS = '{"shop": {"day": {"messages": 5}}}'
MAINLAND, ABROAD = "+8613800138000", "+14155552671"
BALANCE = SendRefused(RefusalKind.ACCOUNT, "isv.AMOUNT_NOT_ENOUGH")
UNAPPROVED = SendRefused(RefusalKind.UNAVAILABLE, "isv.SMS_TEMPLATE_ILLEGAL")
BUSY = SendRefused(RefusalKind.BUSY, "Throttling.User")
Row = Mapping[str, str]


@dataclass
class Context:
    request_id: str = "1-65a77fbb-157f3f32-e1ee24b17e49"


class Gateway(ScriptedGateway):
    """A provider that takes batches too."""

    def send_batch(self, messages: Sequence[SmsMessage]) -> SendOutcome:
        return self.send(messages[0])


class Lines(logging.Handler):
    """Keeps what the functions print, with their function's name."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonLines())
        self.kept: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.kept.append(self.format(record))


def call(name: str, work: Callable[[], object]) -> None:
    """One invocation of an HTTP function that does `work`."""

    def endpoint(request: HttpRequest) -> HttpResponse:
        work()
        return HttpResponse(200, {})

    event = {
        "version": "v1",
        "headers": {},
        "requestContext": {"http": {"method": "POST", "path": "/v1/otp"}},
    }
    HttpFunction(name, lambda: endpoint).handler(json.dumps(event).encode(), Context())


def codes() -> None:
    """Three codes, one abroad and one refused; one is typed in, one wrongly, one is nobody's."""
    clock = HandClock()
    gateway = Gateway()
    sender = CodeSender(gateway, "Sesame", TEMPLATES, clock, sleep=clock.advance)
    otp = OtpService(sender=sender, clock=clock)  # type: ignore[arg-type]
    ids: list[str] = []

    def request(phone: str) -> None:
        ids.append(otp.request(phone).challenge_id)

    def guess(challenge_id: str, code: str) -> None:
        with pytest.raises(OtpInvalid):
            otp.verify(challenge_id, code)

    call("request_otp", lambda: request(MAINLAND))
    typed = gateway.sent[-1].params["code"]
    call("request_otp", lambda: request(ABROAD))
    gateway.outcomes = [UNAPPROVED]
    call("request_otp", lambda: request("+8613900139000"))
    call("verify_otp", lambda: guess(ids[0], "000000" if typed != "000000" else "111111"))
    call("verify_otp", lambda: guess("nobody's", "123456"))
    call("verify_otp", lambda: otp.verify(ids[0], typed))
    call("request_otp", lambda: request(MAINLAND))  # within the minute: throttled


def attack() -> None:
    """Successive numbers, one after the other: a rule in shadow speaks."""
    otp = OtpService(guard=AbuseGuard(Pseudonyms(b"p" * 32), counted_address))
    for tail in range(14):
        call("request_otp", partial(otp.request, f"+861380014{tail:04d}", purpose="signup"))


def notifications() -> None:
    """Two messages go out, one is dead, one finds the account empty, a budget ends; receipts."""
    gateway, clock = Gateway(), HandClock()
    channel = SmsChannel(gateway, clock, sleep=clock.advance)
    service = NotificationService(clock=clock, sms=channel, budgets=BUDGETS)  # type: ignore[arg-type]
    first = ""
    for number, script in enumerate(([], [], [UNAPPROVED], [BALANCE])):
        gateway.outcomes = list(script)
        phone = f"+861380013{number:04d}"
        accepted: list[str] = []

        def take(to: str = phone, ids: list[str] = accepted) -> None:
            ids.append(service.accept_one(to))

        call("send_notification", take)
        first = first or accepted[0]
        clock.advance(2)
        call("dispatch_notification", service.dispatch)
    clock.advance(600)
    for number in range(4, 10):
        service.accept(f"+861380013{number:04d}")
        call("dispatch_notification", service.dispatch)
    gateway.outcomes = [BUSY] * 3
    item = WorkItem.parse(json.dumps({**json.loads(dead_body(service)), "attempt": 7}).encode())
    service.budgets = ""
    call("dispatch_notification", lambda: service.dispatch([item.body().encode()]))
    call("sweep_messages", service.sweep)
    watch = WatchBudgets(budget=Budget(parse_budgets(BUDGETS)), store=service.store, clock=clock)
    TimerFunction("sweep_messages", lambda: lambda: (watch(), None)[1]).handler(b"{}", Context())
    fold = FoldFigures(
        store=service.store,
        clock=clock,
        open_phone=lambda row: None,
        price_milli=lambda country: 45,
    )
    TimerFunction("fold_figures", lambda: fold).handler(b"{}", Context())
    reports(service)
    news(service, first)


def dead_body(service: NotificationService) -> str:
    service.accept("+8613700137000")
    (body,) = service.work.take()
    return body.decode()


def reports(service: NotificationService) -> None:
    pushed = []
    for phone, code in (
        ("+8613600136001", "DELIVERED"),
        ("+8613600136002", "DELIVERED"),
        ("+8613600136003", "DELIVERED"),
        ("+8613600136004", "MK:0001"),
        (ABROAD, "DELIVERED"),
    ):
        ref = MessageRef.parse(service.accept_one(phone))
        assert ref is not None
        service.dispatch()
        out_id = out_id_of(ref.notification_id, is_followed=False)
        pushed += [
            DeliveryReport("biz-1", parse_phone(phone), out_id, code == "DELIVERED", code, 0)
        ]
    call("receive_receipt", lambda: service.receive(pushed))


class Down:
    """A tenant's endpoint that does not answer."""

    def post(self, tenant: str, *, event_id: str, body: Mapping[str, object]) -> SendOutcome:
        return SendRefused(RefusalKind.BUSY, "http_503")


def news(service: NotificationService, message_id: str) -> None:
    ref = MessageRef.parse(message_id)
    assert ref is not None
    follow = FollowMessages(
        store=service.store,
        work=service.work,
        followers=service.followers,
        rows=service.rows,
        templates=service.book,
        sealer=service.sealer,
        webhooks=Down(),
        followed_tenants=frozenset({TENANT}),
        clock=service.clock,
    )
    dead = DeadLetters(service.dead, "sesame-followups-dev", service.clock)
    endpoint = WorkEndpoint(parse=FollowItem.parse, work=follow, dead=dead)
    good = {"kind": "follow", "version": 1, "message_id": message_id}
    for body in (good, {"kind": "coffee"}):
        BatchFunction("follow_message", lambda: endpoint).handler(
            json.dumps([body]).encode(), Context()
        )


def mishaps() -> None:
    """What only an outage or an operator's mistake brings."""

    def fails(error: SesameError) -> Callable[[], object]:
        def work() -> object:
            raise error

        return work

    call("request_otp", fails(Throttled(Quota("ip", 60, 3600, 0, 30))))
    call("request_otp", fails(SettingsInvalid("OTP_KEYS: missing")))
    call(
        "verify_otp", lambda: log_event(STORE_FAILED, level=logging.ERROR, error_code="OTSTimeout")
    )


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """What the journeys print. The root's handlers are those of the test's own again afterwards."""
    root, ours, kept = logging.getLogger(), logging.getLogger("sesame"), Lines()
    handlers, level, own_level = root.handlers[:], root.level, ours.level
    ours.addHandler(kept)
    ours.setLevel(logging.INFO)
    try:
        for journey in (codes, attack, notifications, mishaps):
            journey()
    finally:
        ours.removeHandler(kept)
        ours.setLevel(own_level)
        root.handlers[:] = handlers
        root.setLevel(level)
    return kept.kept


@pytest.fixture(scope="module")
def rows(lines: list[str]) -> Iterator[Callable[[str], list[Row]]]:
    """Asks a metric by its name."""
    files = load(stage="dev", project=PROJECT, logstore=STORE)
    running = RunningSls()
    client = running.with_store(files.index)
    for dashboard in files.dashboards.values():
        body = models.Dashboard().from_map(dashboard)
        client.create_dashboard(PROJECT, models.CreateDashboardRequest(body=body))
    for alert in files.alerts.values():
        client.create_alert(PROJECT, models.CreateAlertRequest().from_map(alert))
    put(client, *((0, {"functionName": "f", "message": line}) for line in lines))
    metrics = {
        "functionName": "sesame-request-otp-dev",
        "requestId": "1-65a77fbb-157f3f32-e1ee24b17e49",
        "hasFunctionError": "true",
        "isColdStart": "false",
        "durationMs": "30000.00",
        "memoryUsageMB": "80.25",
    }
    put(client, (0, metrics), (0, {**metrics, "hasFunctionError": "false"}))

    def ask(name: str) -> list[Row]:
        found: list[Row] = get(client, QUERIES[name].text).data
        return found

    yield ask
    running.stop()


def test_no_line_shows_a_number_or_a_code(lines: list[str]) -> None:
    text = "\n".join(lines)

    assert not [phone for phone in (MAINLAND, ABROAD, "13700137000") if phone[1:] in text]
    assert '"template_code": "SMS_100000001"' in text


def test_numbers_are_of_the_type_that_the_index_names(lines: list[str]) -> None:
    """SLS finds no fraction under `long`, and no text under either (page "Index data types")."""
    index = load(stage="dev", project=PROJECT, logstore=STORE).index
    keys = index["keys"]["message"]["json_keys"]
    kinds = {"long": int, "double": (int, float)}
    wrong = {
        (name, value)
        for line in lines
        for name, value in json.loads(line).items()
        if value is not None and name in keys and keys[name]["type"] in kinds
        if isinstance(value, bool) or not isinstance(value, kinds[keys[name]["type"]])
    }

    assert wrong == set()


def test_a_message_keeps_its_callers_trace_over_the_queue(lines: list[str]) -> None:
    """What was accepted, and how it ended in another function, are found under one id."""
    written = [json.loads(line) for line in lines]
    accepted = next(line for line in written if line["event"] == "notification_accepted")
    same = [line for line in written if line.get("trace_id") == accepted["trace_id"]]

    assert {line["function"] for line in same} == {"send_notification", "dispatch_notification"}
    assert "message_settled" in {line["event"] for line in same}


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_every_metric_finds_its_lines(name: str, rows: Callable[[str], list[Row]]) -> None:
    found = rows(name)

    assert found
    assert all(columns_of(QUERIES[name]) == row.keys() for row in found)
    assert any("null" not in row.values() for row in found), found


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("sends_per_minute", {"template": "otp_login", "sends": "2"}),
        ("failure_by_country", {"country": "US", "attempts": "2", "failures": "0"}),
        (
            "failure_by_template",
            {"template": "otp_login", "template_code": "SMS_100000001", "failures": "1"},
        ),
        ("provider_codes", {"provider_code": "isv.AMOUNT_NOT_ENOUGH", "attempts": "1"}),
        ("unapproved", {"template": "ship_update", "template_code": "SMS_1", "refusals": "1"}),
        ("breaker", {"provider_code": "isv.AMOUNT_NOT_ENOUGH", "openings": "1"}),
        ("otp_volume", {"requests": "17", "sent": "16"}),
        ("otp_by_country", {"country": "US", "requests": "1"}),
        ("otp_abroad", {"country": "US", "tenant": "shop", "requests": "1"}),
        (
            "conversion",
            {
                "tenant": "shop",
                "purpose": "login",
                "sent": "2",
                "verified": "1",
                "conversion_percent": "50.0",
            },
        ),
        ("unknown_challenges", {"guesses": "3", "unknown": "1", "unknown_percent": "33.3"}),
        ("throttled_total", {"policy": "ip", "refusals": "1"}),
        ("settled", {"outcome": "failed", "reason": "budget_exhausted"}),
        (
            "deliverability",
            {
                "destination": "domestic",
                "receipts": "4",
                "delivered": "3",
                "delivered_percent": "75.0",
            },
        ),
        ("undelivered_codes", {"provider_code": "MK:0001", "receipts": "1"}),
        ("dead_letters", {"event": "message_settled", "reason": "exhausted:Throttling.User"}),
        ("dead_letters", {"event": "item_refused", "reason": "not a follow-up of version 1"}),
        ("webhooks", {"tenant": "shop", "reason": "http_503", "tries": "1"}),
        ("sweeps", {"sweeps": "1"}),
        ("folds", {"folds": "1"}),
        ("budget_used", {"tenant": "shop", "used_percent": "100", "spent": "5", "budget": "5"}),
        ("budget_stops", {"tenant": "shop"}),
        ("abuse", {"rule": "enumeration", "mode": "shadow", "country": "CN"}),
        ("cold_starts", {"name": "sweep_messages", "cold_percent": "100.0"}),
        ("errors", {"event": "store_failed", "name": "verify_otp", "lines": "1"}),
        ("store_trouble", {"event": "store_failed", "error_code": "OTSTimeout", "failures": "1"}),
        ("settings_refused", {"name": "request_otp", "refusals": "1"}),
        (
            "function_failures",
            {"name": "sesame-request-otp-dev", "failures": "1", "longest_ms": "30000.0"},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_metric_tells_what_happened(
    name: str, row: Row, rows: Callable[[str], list[Row]]
) -> None:
    found = rows(name)

    assert [each for each in found if row.items() <= each.items()], found
