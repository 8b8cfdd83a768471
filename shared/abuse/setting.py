"""The rules as a deployment states them; empty: all in shadow, and no proofs.

OTP_ABUSE: {"enumeration": {"mode": "enforce", "answer": "demand"},
            "prefix_conversion": {"mode": "enforce", "min_sent": 30, "min_percent": 5},
            "country_conversion": {"mode": "off"},
            "guessed": {"mode": "enforce"},
            "proof": {"kind": "work", "bits": 18},
            "tenants": {"shop": {"burst": {"mode": "enforce", "limit": 200}}}}

A tenant's rule begins from the common one; what it does not name stays.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.abuse.model import (
    AbuseRules,
    Answer,
    CaptchaWanted,
    Mode,
    Rule,
    RuleSet,
    Scope,
    WorkWanted,
)
from shared.errors import SettingsInvalid

SETTING = "OTP_ABUSE"
_Tenant = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
_WindowS = Annotated[int, Field(ge=60, le=86_400)]


class _Model(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, defer_build=True
    )


class _Rule(_Model):
    mode: Mode | None = None
    answer: Answer | None = None
    close_s: Annotated[int, Field(ge=60, le=21_600)] | None = None


class _Burst(_Rule):
    limit: Annotated[int, Field(ge=2, le=500)] | None = None
    window_s: _WindowS | None = None


class _Enumeration(_Burst):
    address_limit: Annotated[int, Field(ge=2, le=500)] | None = None
    width: Annotated[int, Field(ge=2, le=10_000)] | None = None


class _Conversion(_Rule):
    min_sent: Annotated[int, Field(ge=5, le=10_000)] | None = None
    min_percent: Annotated[int, Field(ge=1, le=90)] | None = None
    window_s: Annotated[int, Field(ge=600, le=86_400)] | None = None
    of: Scope | None = None


class _Guessed(_Model):
    mode: Mode | None = None


class _Rules(_Model):
    enumeration: _Enumeration = _Enumeration()
    burst: _Burst = _Burst()
    prefix_conversion: _Conversion = _Conversion()
    country_conversion: _Conversion = _Conversion()
    guessed: _Guessed = _Guessed()


class _Work(_Model):
    kind: Literal["work"]
    bits: int = Field(default=18, ge=8, le=26)
    ttl_s: int = Field(default=120, ge=30, le=600)


class _Captcha(_Model):
    kind: Literal["captcha"]
    url: str = Field(pattern=r"^https://[^\s@#]+$|^http://(127\.0\.0\.1|localhost)(:[0-9]+)?/")
    site_key: str = Field(default="", max_length=200)


class _Abuse(_Rules):
    proof: Annotated[_Work | _Captcha, Field(discriminator="kind")] | None = None
    tenants: dict[_Tenant, _Rules] = {}


def parse_abuse(text: str) -> AbuseRules:
    """The rules. Raises SettingsInvalid naming every bad key."""
    try:
        stated = _Abuse.model_validate_json(text) if text.strip() else _Abuse()
    except ValidationError as error:
        raise SettingsInvalid(
            "; ".join(
                ".".join([SETTING, *(str(part) for part in problem["loc"])]) + f": {problem['msg']}"
                for problem in error.errors(include_input=False, include_url=False)
            )
        ) from None
    common = _set_of(stated, RuleSet())
    rules = AbuseRules(
        common=common,
        tenants={name: _set_of(own, common) for name, own in stated.tenants.items()},
        proof=_proof_of(stated.proof),
    )
    _refuse_demands_without_a_proof(rules)
    return rules


def _refuse_demands_without_a_proof(rules: AbuseRules) -> None:
    sets = {"": rules.common, **{f"tenants.{name}.": own for name, own in rules.tenants.items()}}
    if rules.proof is None:
        demanding = [
            f"{SETTING}.{place}{rule.name}: demands a proof, and no `proof` says which"
            for place, own in sets.items()
            for rule in own.rules
            if rule.is_enforced and rule.answer == "demand"
        ]
        if demanding:
            raise SettingsInvalid("; ".join(demanding))


def _proof_of(stated: _Work | _Captcha | None) -> WorkWanted | CaptchaWanted | None:
    if isinstance(stated, _Work):
        return WorkWanted(stated.bits, stated.ttl_s)
    return CaptchaWanted(stated.url, stated.site_key) if stated else None


def _set_of(stated: _Rules, base: RuleSet) -> RuleSet:
    return RuleSet(
        enumeration=_merged(base.enumeration, stated.enumeration),
        burst=_merged(base.burst, stated.burst),
        prefix_conversion=_merged(base.prefix_conversion, stated.prefix_conversion),
        country_conversion=_merged(base.country_conversion, stated.country_conversion),
        guessed=_merged(base.guessed, stated.guessed),
    )


RuleT = TypeVar("RuleT", bound=Rule)


def _merged(base: RuleT, stated: BaseModel) -> RuleT:
    return replace(base, **stated.model_dump(exclude_none=True))
