"""Limits and rules as a deployment states them.

OTP_LIMITS: {"phone": [{"limit": 3, "window_s": 3600}],
             "ip": [{"limit": 20, "window_s": 600, "burst": 5}],
             "tenants": {"shop": {"tenant": [{"limit": 5000, "window_s": 3600}]}}}

A scope that is named replaces its default; `phone` comes on top of it, since the provider's own
limits must never be the first to say no. With `burst` a limit is an even flow (GCRA).

OTP_RULES: {"countries": ["CN", "HK"], "denied_prefixes": ["+86170"],
            "denied_addresses": ["203.0.113.0/24"]}
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Annotated, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from shared.errors import SettingsInvalid
from shared.throttle.buckets import share_of
from shared.throttle.limits import LimitSet
from shared.throttle.model import Flow, Window
from shared.throttle.rules import NO_COUNTRY, Network, SendRules

LONGEST_WINDOW_S = 86_400
"""The table forgets a row's cells after two days."""
MOST_ENTRIES = 500
"""A rolling window keeps an entry for each send in one row, and a store's update can take away no
more than 1,024 of them at once. For more than that there is `burst`.
"""
_NAMES = {60: "minute", 3600: "hour", 86_400: "day"}


def _network(value: object) -> Network:
    try:
        return ipaddress.ip_network(str(value))
    except ValueError:
        raise ValueError("not an address or a network such as 203.0.113.0/24") from None


_Tenant = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
_Country = Annotated[str, Field(pattern=r"^([A-Z]{2}|001)$")]
_Number = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{5,14}$")]
_Prefix = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{0,13}$")]
_Network = Annotated[Network, BeforeValidator(_network)]


class _Model(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True
    )


class _Window(_Model):
    limit: int = Field(ge=1, le=10**9)
    window_s: int = Field(ge=1, le=LONGEST_WINDOW_S)

    def value(self, scope: str) -> Window:
        return Window(_name(scope, self.window_s), self.limit, self.window_s)


class _Rolling(_Window):
    limit: int = Field(ge=1, le=MOST_ENTRIES)


class _Shared(_Window):
    @model_validator(mode="after")
    def _has_a_share(self) -> _Shared:
        if share_of(self.value("x")) < 1:
            raise ValueError("limit must be 7 or more, as each seventh of the window has its share")
        return self


class _Rule(_Window):
    burst: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _fits(self) -> _Rule:
        if self.burst is not None and self.burst >= self.limit:
            raise ValueError("burst must be under limit")
        if self.burst is None and self.limit > MOST_ENTRIES:
            raise ValueError(f"limit must be at most {MOST_ENTRIES} without burst")
        return self

    def rule(self, scope: str) -> Window | Flow:
        if self.burst is None:
            return self.value(scope)
        return Flow(_name(scope, self.window_s), self.limit, self.window_s, self.burst)


def _no_span_twice(rules: list[WindowT]) -> list[WindowT]:
    if len({rule.window_s for rule in rules}) < len(rules):
        raise ValueError("a window_s stands twice: the columns of a row are named by it")
    return rules


WindowT = TypeVar("WindowT", bound=_Window)
_Windows = Annotated[list[_Rolling], Field(max_length=4), AfterValidator(_no_span_twice)]
_SharedWindows = Annotated[list[_Shared], Field(max_length=4), AfterValidator(_no_span_twice)]
_Rules = Annotated[list[_Rule], Field(max_length=4), AfterValidator(_no_span_twice)]


class _OfTenant(_Model):
    phone: _Windows = []
    phone_purpose: _Rules | None = None
    ip: _Rules | None = None
    device: _Rules | None = None
    tenant: _SharedWindows | None = None


class _Limits(_OfTenant):
    country: _SharedWindows | None = None
    prefix: _SharedWindows | None = None
    service: _SharedWindows | None = None
    tenants: dict[_Tenant, _OfTenant] = {}


class _RulesOf(_Model):
    countries: list[_Country] = []
    denied_countries: list[_Country] = [NO_COUNTRY]
    numbers: list[_Number] = []
    denied_numbers: list[_Number] = []
    denied_prefixes: list[_Prefix] = []
    denied_addresses: list[_Network] = []


ModelT = TypeVar("ModelT", bound=_Model)


def parse_limits(text: str) -> tuple[LimitSet, Mapping[str, LimitSet]]:
    """The common limits, and those of tenants that have their own. Empty: the defaults.

    Raises SettingsInvalid naming every bad key.
    """
    stated = _parsed(_Limits, "OTP_LIMITS", text)
    common = _set_of(stated, LimitSet(), stated)
    return common, {tenant: _set_of(own, common, None) for tenant, own in stated.tenants.items()}


def parse_rules(text: str) -> SendRules:
    """The lists. Empty: everyone but numbers of no country. Raises SettingsInvalid."""
    stated = _parsed(_RulesOf, "OTP_RULES", text)
    return SendRules(
        countries=frozenset(stated.countries),
        denied_countries=frozenset(stated.denied_countries),
        numbers=frozenset(stated.numbers),
        denied_numbers=frozenset(stated.denied_numbers),
        denied_prefixes=tuple(stated.denied_prefixes),
        denied_addresses=tuple(stated.denied_addresses),
    )


def _parsed(model: type[ModelT], setting: str, text: str) -> ModelT:
    try:
        return model.model_validate_json(text) if text.strip() else model()
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False)
        raise SettingsInvalid(
            "; ".join(
                ".".join([setting, *(str(part) for part in problem["loc"])]) + f": {problem['msg']}"
                for problem in problems
            )
        ) from None


def _set_of(stated: _OfTenant, base: LimitSet, service: _Limits | None) -> LimitSet:
    return LimitSet(
        phone_own=tuple(each.value("phone_own") for each in stated.phone),
        phone_purpose=_rules("phone_purpose", stated.phone_purpose, base.phone_purpose),
        ip=_rules("ip", stated.ip, base.ip),
        device=_rules("device", stated.device, base.device),
        tenant=_windows("tenant", stated.tenant, base.tenant),
        country=_windows("country", service.country if service else None, base.country),
        prefix=_windows("prefix", service.prefix if service else None, base.prefix),
        service=_windows("service", service.service if service else None, base.service),
    )


def _rules(
    scope: str, stated: list[_Rule] | None, base: tuple[Window | Flow, ...]
) -> tuple[Window | Flow, ...]:
    return base if stated is None else tuple(each.rule(scope) for each in stated)


def _windows(
    scope: str, stated: list[_Shared] | None, base: tuple[Window, ...]
) -> tuple[Window, ...]:
    return base if stated is None else tuple(each.value(scope) for each in stated)


def _name(scope: str, window_s: int) -> str:
    return f"{scope}_{_NAMES.get(window_s, f'{window_s}s')}"
