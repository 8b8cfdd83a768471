"""The SMS service over the control plane: how it is with phones, what becomes of messages, what is
pushed, the reviews of signs and templates, and the account's limits.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Literal

from aiohttp import web
from pydantic import Field

from infra.localcloud.control.deliveries import (
    DeliveryCall,
    PushCall,
    script_delivery,
    scripted_deliveries,
    switch_pushes,
)
from infra.localcloud.control.orders import Order
from infra.localcloud.control.phones import PhoneOrder, told_phones
from infra.localcloud.control.replies import answer, read_order
from infra.localcloud.control.watched import Watch
from infra.localcloud.core.problems import RequestRefused
from infra.localcloud.dysmsapi.account import AccountState
from infra.localcloud.dysmsapi.catalogue import Catalogue, CatalogueInvalid, Operator, Sign

ReviewState = Literal["reviewing", "approved", "rejected", "cancelled"]


class TemplateReview(Order):
    """Decide the review of a template; `reason` is what the reviewer says."""

    state: ReviewState
    reason: str = Field(default="", max_length=500)


class SignReview(Order):
    """Decide the review of a sign, or its registration with the carriers, -2 to 3 as GetSmsSign
    names it: with all of them, or with one.
    """

    state: ReviewState | None = None
    reason: str = Field(default="", max_length=500)
    registration: int | None = Field(default=None, ge=-2, le=3)
    operator: Operator | None = None


class AccountOrder(Order):
    """Set the account's state; what is left out stays. A limit of None is none."""

    state: Literal["in_service", "out_of_service", "frozen"] | None = None
    balance_segments: int | None = Field(default=None, ge=0, le=10**9)
    daily_limit: int | None = Field(default=None, ge=0, le=10**9)
    monthly_limit: int | None = Field(default=None, ge=0, le=10**9)


class SmsRoutes:
    """The routes; each is a 404 in a cloud without SMS."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def routes(self) -> list[web.RouteDef]:
        """What the control plane adds to its own."""
        return [
            web.get("/phones", self._read_phones),
            web.post("/phones", self._set_phone),
            web.delete("/phones", self._clear_phones),
            web.get("/deliveries", self._read_deliveries),
            web.post("/deliveries", self._script_delivery),
            web.delete("/deliveries", self._clear_deliveries),
            web.post("/pushes", self._switch_pushes),
            web.get("/signs", self._read_signs),
            web.post("/signs/{name}", self._review_sign),
            web.get("/templates", self._read_templates),
            web.post("/templates/{code}", self._review_template),
            web.get("/sms-account", self._read_account),
            web.post("/sms-account", self._set_account),
        ]

    async def _read_phones(self, request: web.Request) -> web.Response:
        return answer(told_phones(self._watch().sms.phones))

    async def _set_phone(self, request: web.Request) -> web.Response:
        sms = self._watch().sms
        order = await read_order(request, PhoneOrder)
        sms.phones.set(order.phone, order.state)
        return answer(order.model_dump())

    async def _clear_phones(self, request: web.Request) -> web.Response:
        self._watch().sms.phones.clear()
        return await self._read_phones(request)

    async def _read_deliveries(self, request: web.Request) -> web.Response:
        return answer(scripted_deliveries(self._watch().sms.deliveries))

    async def _script_delivery(self, request: web.Request) -> web.Response:
        sms = self._watch().sms
        call = await read_order(request, DeliveryCall)
        return answer(script_delivery(sms.deliveries, call))

    async def _clear_deliveries(self, request: web.Request) -> web.Response:
        self._watch().sms.deliveries.clear()
        return await self._read_deliveries(request)

    async def _switch_pushes(self, request: web.Request) -> web.Response:
        sms = self._watch().sms
        return answer(switch_pushes(sms.receipts, await read_order(request, PushCall)))

    async def _read_signs(self, request: web.Request) -> web.Response:
        catalogue = self._catalogue
        return answer({"signs": [_sign(catalogue, each) for each in catalogue.signs()]})

    async def _review_sign(self, request: web.Request) -> web.Response:
        catalogue, name = self._catalogue, request.match_info["name"]
        order = await read_order(request, SignReview)
        if order.state is None and order.registration is None:
            raise RequestRefused.for_field("state", "state or registration must be given")
        try:
            if order.state is not None:
                catalogue.set_sign_state(name, order.state, order.reason)
            if order.registration is not None:
                catalogue.set_sign_registration(name, order.registration, operator=order.operator)
        except CatalogueInvalid as error:
            raise RequestRefused(404, "There is no sign of that name") from error
        sign = catalogue.sign(name)
        assert sign is not None
        return answer(_sign(catalogue, sign))

    async def _read_templates(self, request: web.Request) -> web.Response:
        return answer({"templates": [asdict(each) for each in self._catalogue.templates()]})

    async def _review_template(self, request: web.Request) -> web.Response:
        catalogue, code = self._catalogue, request.match_info["code"]
        order = await read_order(request, TemplateReview)
        try:
            catalogue.set_template_state(code, order.state, order.reason)
        except CatalogueInvalid as error:
            raise RequestRefused(404, "There is no template of that code") from error
        template = catalogue.template(code)
        assert template is not None
        return answer(asdict(template))

    async def _read_account(self, request: web.Request) -> web.Response:
        return answer(asdict(self._watch().sms.account.state()))

    async def _set_account(self, request: web.Request) -> web.Response:
        account = self._watch().sms.account
        order = await read_order(request, AccountOrder)
        given = order.model_dump(exclude_unset=True)
        if given.get("state", "") is None:
            raise RequestRefused.for_field("state", "in_service, out_of_service or frozen")
        account.set(AccountState(**{**asdict(account.state()), **given}))
        return await self._read_account(request)

    @property
    def _catalogue(self) -> Catalogue:
        return self._watch().sms.catalogue


def _sign(catalogue: Catalogue, sign: Sign) -> dict[str, object]:
    return {**asdict(sign), "registrations": catalogue.registrations(sign)}
