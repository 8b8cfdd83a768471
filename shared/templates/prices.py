"""What a message costs, before it is sent, by the account's prices for its destination.

The figures that are shipped are examples, so that budgets have something to count with; an account
has its own, in a setting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from shared.errors import SettingsInvalid
from shared.phone import PhoneNumber
from shared.template import Template
from shared.templates.segments import count_segments, render, with_sign

Prices = Mapping[str, int]
"""Thousandths of CNY a segment: by country (`CN`), by country and cost class (`CN:promotion`),
and `default` for every other country.
"""

_EXAMPLES = Path(__file__).resolve().parent / "example_prices.json"
_Key = Annotated[str, Field(pattern=r"^(default|[A-Z]{2}(:[a-z_]+)?)$")]


@dataclass(frozen=True, slots=True)
class Cost:
    """What one message is billed as. milli: thousandths of CNY for all of its segments."""

    segments: int
    milli: int


@lru_cache(maxsize=1)
def example_prices() -> Prices:
    """The figures that are shipped: examples, no account's prices."""
    text = _EXAMPLES.read_text(encoding="utf-8")
    figures = TypeAdapter(dict[str, int | str]).validate_json(text)
    return {key: figure for key, figure in figures.items() if isinstance(figure, int)}


def read_prices(text: str) -> Prices:
    """The prices of a setting, JSON as example_prices.json without its note; empty: the examples.

    Raises SettingsInvalid.
    """
    if not text:
        return example_prices()
    shape = TypeAdapter(dict[_Key, Annotated[int, Field(ge=0, strict=True)]])
    try:
        prices = shape.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise SettingsInvalid(f"SMS_PRICES: {first['msg']}") from None
    if "default" not in prices:
        raise SettingsInvalid("SMS_PRICES: default is missing")
    return prices


def price_milli(
    template: Template, phone: PhoneNumber, segments: int, *, prices: Prices | None = None
) -> int:
    """What `segments` to `phone` cost, in thousandths of CNY. prices: None for the examples."""
    table = example_prices() if prices is None else prices
    return unit_price_milli(phone.country, template.cost_class, table) * segments


def unit_price_milli(country: str, cost_class: str, prices: Prices) -> int:
    """What one segment costs, in thousandths of CNY."""
    for key in (f"{country}:{cost_class}", country):
        if key in prices:
            return prices[key]
    return prices["default"]


def cost_of(
    template: Template,
    params: Mapping[str, str],
    phone: PhoneNumber,
    locale: str | None,
    *,
    prices: Prices | None = None,
) -> Cost:
    """What one SMS of this template to `phone` costs. `params` have passed check_params."""
    segments = count_segments(
        sms_text(template, params, phone, locale), is_mainland=phone.is_mainland
    )
    return Cost(segments, price_milli(template, phone, segments, prices=prices))


def sms_text(
    template: Template, params: Mapping[str, str], phone: PhoneNumber, locale: str | None
) -> str:
    """The SMS as the phone shows it: in the language of the provider's template that is taken,
    which is the recipient's only where there is one for it.
    """
    language = (locale or "").partition("-")[0].lower()
    has_own = not phone.is_mainland and f"international:{language}" in template.codes
    content = template.content(locale if has_own else None, is_mainland=phone.is_mainland)
    text = render(content.sms, params)
    return with_sign(text, sign_name=template.sign_name) if phone.is_mainland else text
