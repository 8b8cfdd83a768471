"""POST /v1/consents/...: what a person agreed to, wants, and may ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Literal, Protocol

from pydantic import Field

from shared.access.api_keys import ApiKeys
from shared.api.callers import caller_of
from shared.api.json_body import Body, parse_body, refuse_what_never_fits
from shared.api.text import Text
from shared.clock import Clock
from shared.errors import NotFound
from shared.fc.events import HttpRequest
from shared.fc.responses import HttpResponse
from shared.notifications.privacy import PersonalData
from shared.observability.events import CONSENT_RECORDED
from shared.observability.logs import log_event
from shared.phone import PhoneNumber
from shared.rows import RowChange, RowStore
from shared.template import ChannelName

_PREFIX = "/v1/consents/"
_Phone = Annotated[Text, Field(min_length=1, max_length=64)]


class ConsentBody(Body):
    """A person's yes or no to promotions. source: where they said it, such as `signup_form`.
    said_at: UTC epoch seconds; now if it is left out.
    """

    phone: _Phone
    source: Annotated[str, Field(pattern=r"^[a-z0-9_.:-]{1,64}$")]
    said_at: Annotated[int, Field(ge=0, lt=2**40)] | None = None


class PreferenceBody(Body):
    """The way by which a person wants to be told, where a template offers it."""

    phone: _Phone
    channel: Literal["sms", "email", "webhook"]


class PersonBody(Body):
    """Whose data."""

    phone: _Phone


class Consents(Protocol):
    """What people agreed to."""

    def grant(
        self, *, phone: PhoneNumber, sign_name: str | None, source: str, at_ms: int
    ) -> RowChange:
        """Promotions of a sign are welcome."""

    def close(
        self, *, phone: PhoneNumber, sign_name: str | None, source: str, at_ms: int
    ) -> RowChange:
        """No more of them; None: of any sign."""

    def prefer(self, *, phone: PhoneNumber, channel: ChannelName, at_ms: int) -> RowChange:
        """Where there is a choice, that one."""


class ManageConsentEndpoint:
    """POST /v1/consents/grant, withdraw, prefer, export and erase."""

    def __init__(
        self,
        *,
        api_keys: ApiKeys,
        store: RowStore,
        consents: Consents,
        sign_name: str,
        personal_data: PersonalData,
        parse_phone: Callable[[str], PhoneNumber],
        clock: Clock,
    ) -> None:
        self._api_keys = api_keys
        self._store = store
        self._consents = consents
        self._sign_name = sign_name
        self._personal_data = personal_data
        self._parse_phone = parse_phone
        self._clock = clock

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """200 with what is so now."""
        action = request.path.removeprefix(_PREFIX)
        handle = {
            "grant": self._grant,
            "withdraw": self._withdraw,
            "prefer": self._prefer,
            "export": self._export,
            "erase": self._erase,
        }.get(action if request.path.startswith(_PREFIX) else "")
        if handle is None:
            raise NotFound
        refuse_what_never_fits(request, method="POST")
        caller = caller_of(self._api_keys, request, "admin")
        if caller.check is not None:  # before anything: a recorded word cannot be taken back
            caller.check.ask(self._store)
        return HttpResponse(200, handle(caller.tenant, request))

    def _grant(self, tenant: str, request: HttpRequest) -> Mapping[str, object]:
        body = parse_body(request, ConsentBody)
        phone = self._parse_phone(body.phone)
        change = self._consents.grant(
            phone=phone,
            sign_name=self._sign_name,
            source=f"{tenant}:{body.source}",
            at_ms=self._at_ms(body),
        )
        return self._said("granted", phone, [change])

    def _withdraw(self, tenant: str, request: HttpRequest) -> Mapping[str, object]:
        body = parse_body(request, ConsentBody)
        phone = self._parse_phone(body.phone)
        change = self._consents.close(
            phone=phone,
            sign_name=self._sign_name,
            source=f"{tenant}:{body.source}",
            at_ms=self._at_ms(body),
        )
        return self._said("withdrawn", phone, [change])

    def _prefer(self, tenant: str, request: HttpRequest) -> Mapping[str, object]:
        body = parse_body(request, PreferenceBody)
        phone = self._parse_phone(body.phone)
        change = self._consents.prefer(
            phone=phone, channel=body.channel, at_ms=self._clock.now_ms()
        )
        return self._said(f"prefers_{body.channel}", phone, [change])

    def _said(
        self, what: str, phone: PhoneNumber, changes: list[RowChange]
    ) -> Mapping[str, object]:
        (is_news,) = self._store.apply(changes)
        log_event(CONSENT_RECORDED, phone=phone, outcome=what, is_news=is_news)
        # A later word is known: then that one holds, and this one is part of the past.
        return {"recorded": is_news}

    def _export(self, tenant: str, request: HttpRequest) -> Mapping[str, object]:
        body = parse_body(request, PersonBody)
        return self._personal_data.export(tenant, self._parse_phone(body.phone))

    def _erase(self, tenant: str, request: HttpRequest) -> Mapping[str, object]:
        body = parse_body(request, PersonBody)
        return {"messages": self._personal_data.erase(tenant, self._parse_phone(body.phone))}

    def _at_ms(self, body: ConsentBody) -> int:
        now_ms = self._clock.now_ms()
        return now_ms if body.said_at is None else min(body.said_at * 1000, now_ms)
