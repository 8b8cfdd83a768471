"""What the rules are tried with: a few of them, numbers of one block, and what became of a send."""

from __future__ import annotations

from collections.abc import Callable

from shared.abuse.model import (
    Burst,
    CountryConversion,
    Enumeration,
    PrefixConversion,
    RuleSet,
)
from shared.errors import SesameError
from tests.fakes.service import OtpService

Serve = Callable[..., OtpService]
Fields = dict[str, object]
Told = Callable[[str], list[Fields]]
QUIET = RuleSet(
    enumeration=Enumeration(mode="off"),
    burst=Burst(mode="off"),
    prefix_conversion=PrefixConversion(mode="off"),
    country_conversion=CountryConversion(mode="off"),
)


def only(**rules: object) -> RuleSet:
    """A set with just these rules."""
    return RuleSet(**{**{name: getattr(QUIET, name) for name in QUIET.__slots__}, **rules})  # type: ignore[arg-type]


def number(tail: int, block: str = "+861380013") -> str:
    return f"{block}{tail:04d}"


def outcome(otp: OtpService, phone: str, **facts: str) -> str:
    try:
        otp.request(phone, **facts)  # type: ignore[arg-type]
    except SesameError as error:
        return error.code
    return "sent"


def subjects(events: list[Fields]) -> set[tuple[object, ...]]:
    """The rule, the tenant and the place of decisions that were told."""
    return {(each["rule"], each["tenant"], each["prefix_id"] or each["country"]) for each in events}
