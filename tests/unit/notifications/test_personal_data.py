"""What is kept of a person: shown, forgotten, and what they agreed to."""

from __future__ import annotations

import dataclasses
import json

import pytest

from shared.access.api_keys import ApiKeys, hash_key
from shared.api.consents import ManageConsentEndpoint
from shared.errors import IdempotencyInProgress, NotFound, RequestInvalid, Unauthenticated
from shared.fc.events import HttpRequest
from shared.fc.responses import HttpResponse
from shared.notifications.privacy import PersonalData
from shared.phone_parser import parse_phone
from tests.fakes.notifications import OTHER, PHONE, SHIP, TENANT, NotificationService, WorkerDied

KEY = "k" * 32
OFFER = dataclasses.replace(SHIP, name="offer", kind="promotion", consent="opt_in")


@pytest.fixture
def service() -> NotificationService:
    return NotificationService(templates={SHIP.name: SHIP, OFFER.name: OFFER})


def data_of(service: NotificationService) -> PersonalData:
    return PersonalData(
        store=service.store,
        ranges=service.store,
        rows=service.rows,
        consents=service.consents,
        sealer=service.sealer,
        clock=service.clock,
    )


def post(service: NotificationService, action: str, body: object, key: str = KEY) -> HttpResponse:
    endpoint = ManageConsentEndpoint(
        api_keys=ApiKeys({hash_key(KEY): TENANT}),
        store=service.store,
        consents=service.consents,
        sign_name=SHIP.sign_name,
        personal_data=data_of(service),
        parse_phone=parse_phone,
        clock=service.clock,
    )
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    return endpoint(
        HttpRequest("POST", f"/v1/consents/{action}", headers, json.dumps(body).encode(), "")
    )


def offer_status(service: NotificationService) -> str:
    message_id = service.accept(template="offer").messages[0].message_id
    service.dispatch()
    return service.status(message_id)


def test_a_promotion_needs_a_grant_and_a_withdrawal_ends_it(service: NotificationService) -> None:
    assert offer_status(service) == "suppressed"

    post(service, "grant", {"phone": PHONE, "source": "signup_form"})
    assert offer_status(service) == "sent"

    service.clock.advance(1)
    post(service, "withdraw", {"phone": PHONE, "source": "settings_page"})
    assert offer_status(service) == "suppressed"


def test_an_older_word_does_not_override_a_newer_one(service: NotificationService) -> None:
    now_s = service.clock.now_ms() // 1000
    post(service, "withdraw", {"phone": PHONE, "source": "a", "said_at": now_s - 10})

    late = post(service, "grant", {"phone": PHONE, "source": "b", "said_at": now_s - 20})

    assert late.body == {"recorded": False}
    assert offer_status(service) == "suppressed"


def test_an_export_tells_all_of_one_person_to_their_tenant(service: NotificationService) -> None:
    service.accept(email="a@example.com")
    service.accept(OTHER)
    post(service, "grant", {"phone": PHONE, "source": "signup_form"})

    told = post(service, "export", {"phone": PHONE}).body

    text = json.dumps(told)
    assert "a@example.com" in text
    assert PHONE in text
    assert "signup_form" in text
    assert OTHER not in text
    assert data_of(service).export("other", parse_phone(PHONE))["messages"] == []


def test_an_erasure_forgets_all_but_a_no(service: NotificationService) -> None:
    sent = service.accept().messages[0].message_id
    service.dispatch()
    waiting = service.accept(send_in_s=3600).messages[0].message_id
    post(service, "withdraw", {"phone": PHONE, "source": "settings_page"})

    assert post(service, "erase", {"phone": PHONE}).body == {"messages": 2}

    for message_id in (sent, waiting):
        with pytest.raises(NotFound):
            service.show(message_id)
    service.clock.advance(3601)
    service.dispatch()
    service.sweep()
    assert len(service.sms.sent) == 1, "what was erased went out"
    assert "settings_page" not in repr(service.store.rows)
    assert offer_status(service) == "suppressed"


def test_an_erasure_waits_for_a_message_on_its_way(service: NotificationService) -> None:
    service.accept()
    service.sms.dies_after = 1
    with pytest.raises(WorkerDied):
        service.dispatch()

    with pytest.raises(IdempotencyInProgress):
        post(service, "erase", {"phone": PHONE})


@pytest.mark.parametrize(
    ("action", "body", "error"),
    [
        ("grant", {"phone": PHONE}, RequestInvalid),
        ("grant", {"phone": PHONE, "source": "Not A Source!"}, RequestInvalid),
        ("prefer", {"phone": PHONE, "channel": "pigeon"}, RequestInvalid),
        ("erase", {"phone": "nobody"}, RequestInvalid),
        ("steal", {"phone": PHONE}, NotFound),
    ],
)
def test_bad_input_is_refused(
    service: NotificationService, action: str, body: object, error: type[Exception]
) -> None:
    with pytest.raises(error):
        post(service, action, body)
    assert service.store.rows == {}


def test_a_stranger_learns_nothing(service: NotificationService) -> None:
    with pytest.raises(Unauthenticated):
        post(service, "export", {"phone": PHONE}, key="x" * 32)


def test_a_preferred_channel_is_taken_where_a_template_offers_it() -> None:
    both = dataclasses.replace(SHIP, channels=("sms", "email"))
    service = NotificationService(templates={SHIP.name: both})
    post(service, "prefer", {"phone": PHONE, "channel": "email"})

    service.accept(email="a@example.com")
    for _ in range(2):
        service.dispatch()

    assert service.sms.sent == []
    assert len(service.email.sent) == 1


def test_a_wish_that_cannot_be_met_keeps_no_one_from_being_told() -> None:
    both = dataclasses.replace(SHIP, channels=("sms", "email"))
    service = NotificationService(templates={SHIP.name: both})
    post(service, "prefer", {"phone": PHONE, "channel": "email"})

    message_id = service.accept().messages[0].message_id
    service.dispatch()

    assert service.status(message_id) == "sent"
    assert len(service.sms.sent) == 1


def test_a_channel_that_is_not_set_up_is_a_recorded_failure() -> None:
    both = dataclasses.replace(SHIP, channels=("sms", "webhook"))
    service = NotificationService(templates={SHIP.name: both})

    message_id = service.accept(channels=("webhook",)).messages[0].message_id
    service.dispatch()

    assert service.show(message_id)["reason"] == "no_channel"
