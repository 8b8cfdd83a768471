"""Notifications, messages and consents: what a key has to be good for, and that it still is."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from shared.access.api_keys import ApiKeys, Scope, hash_key
from shared.access.revocation import Revocations, revocation
from shared.api.consents import ManageConsentEndpoint
from shared.api.notifications import SendNotificationEndpoint, TrackMessageEndpoint
from shared.errors import Forbidden, Unauthenticated
from shared.fc.events import HttpRequest
from shared.fc.responses import HttpResponse
from shared.ids import random_bytes
from shared.notifications.accept import AcceptNotification
from shared.notifications.privacy import PersonalData
from shared.notifications.view import ShowMessages
from shared.phone_parser import parse_phone
from shared.settings import SCOPES
from tests.fakes.notifications import PARAMS, PHONE, SHIP, NotificationService
from tests.unit.access.endpoints import KEY

Route = Callable[["Routes"], HttpResponse]


class Routes:
    """Every route but those of codes, for one key of `shop`."""

    def __init__(self, *scopes: str) -> None:
        self.service = NotificationService()
        self.message_id = self.service.accept_one()
        limits = {hash_key(KEY): frozenset(scopes)} if scopes else {}
        self.keys = ApiKeys(
            {hash_key(KEY): "shop"}, limits, revocations=Revocations(self.service.clock)
        )

    def revoke(self) -> None:
        change = revocation(hash_key(KEY), self.service.clock.now_ms())
        self.service.store.apply([change])

    def send(self) -> HttpResponse:
        service = self.service
        accept = AcceptNotification(
            store=service.store,
            queue=service.work,
            templates=service.book,
            pseudonyms=service.pseudonyms,
            sealer=service.sealer,
            clock=service.clock,
            random=random_bytes,
        )
        endpoint = SendNotificationEndpoint(
            api_keys=self.keys, accept=accept, parse_phone=parse_phone
        )
        body = {"to": PHONE, "template": "ship_update", "params": PARAMS}
        return endpoint(asked("POST", "/v1/notifications", body))

    def message(self, method: str, name: str, body: object = None) -> HttpResponse:
        service = self.service
        endpoint = TrackMessageEndpoint(
            api_keys=self.keys,
            store=service.store,
            messages=lambda store: ShowMessages(
                store=store, ranges=service.store, rows=service.rows, clock=service.clock
            ),
            parse_phone=parse_phone,
        )
        return endpoint(asked(method, f"/v1/messages/{name}", body))

    def consent(self, action: str) -> HttpResponse:
        service = self.service
        endpoint = ManageConsentEndpoint(
            api_keys=self.keys,
            store=service.store,
            consents=service.consents,
            sign_name=SHIP.sign_name,
            personal_data=PersonalData(
                store=service.store,
                ranges=service.store,
                rows=service.rows,
                consents=service.consents,
                sealer=service.sealer,
                clock=service.clock,
            ),
            parse_phone=parse_phone,
            clock=service.clock,
        )
        source = {"source": "form"} if action == "grant" else {}
        return endpoint(asked("POST", f"/v1/consents/{action}", {"phone": PHONE, **source}))


def asked(method: str, path: str, body: object) -> HttpRequest:
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    return HttpRequest(method, path, headers, json.dumps(body).encode() if body else b"", "")


ROUTES: dict[str, tuple[Scope, Route]] = {
    "send": ("notify", lambda at: at.send()),
    "show": ("read", lambda at: at.message("GET", at.message_id)),
    "search": ("read", lambda at: at.message("POST", "search", {"phone": PHONE})),
    "cancel": ("notify", lambda at: at.message("DELETE", at.message_id)),
    "grant": ("admin", lambda at: at.consent("grant")),
    "export": ("admin", lambda at: at.consent("export")),
    "erase": ("admin", lambda at: at.consent("erase")),
}


@pytest.mark.parametrize("route", ROUTES)
def test_a_route_wants_its_scope_and_no_other(route: str) -> None:
    wanted, ask = ROUTES[route]

    assert ask(Routes(wanted)).status in (200, 202)
    with pytest.raises(Forbidden):
        ask(Routes(*(scope for scope in SCOPES if scope != wanted)))


@pytest.mark.parametrize("route", ROUTES)
def test_a_revoked_key_is_refused_at_every_route_and_changes_nothing(route: str) -> None:
    at = Routes()
    at.revoke()
    before = at.service.status(at.message_id)
    subjects = {key.subject for key in at.service.store.rows}

    with pytest.raises(Unauthenticated):
        ROUTES[route][1](at)

    assert at.service.status(at.message_id) == before
    if route != "send":
        assert {key.subject for key in at.service.store.rows} == subjects


@pytest.mark.parametrize(("route", "trips"), [("send", 1), ("show", 1), ("cancel", 3)])
def test_a_good_key_costs_a_route_no_trip(route: str, trips: int) -> None:
    at = Routes()
    before = at.service.store.trips

    ROUTES[route][1](at)

    assert at.service.store.trips - before == trips
