"""The environment of a function, read once and checked whole: every bad key is named at once."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Json, ValidationError

from shared.errors import SettingsInvalid

_HASH = re.compile(r"[0-9a-f]{64}")
_TENANT = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


def _secret(text: object) -> bytes:
    try:
        secret = base64.b64decode(str(text), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("not base64") from None
    if len(secret) < 32:
        raise ValueError("shorter than 32 bytes")
    return secret


def _key_versions(text: object) -> dict[int, bytes]:
    versions: dict[int, bytes] = {}
    for item in str(text).split(","):
        version, _, secret = item.strip().partition(":")
        if not version.isdigit() or not 1 <= int(version) <= 255:
            raise ValueError("a version is not a number from 1 to 255")
        if int(version) in versions:
            raise ValueError("a version stands twice")
        versions[int(version)] = _secret(secret)
    return versions


def _hashed_keys(text: object) -> dict[str, str]:
    tenants: dict[str, str] = {}
    for item in str(text).split(","):
        tenant, _, digest = item.strip().partition(":")
        if not _TENANT.fullmatch(tenant) or not _HASH.fullmatch(digest):
            raise ValueError("not a list of tenant:<SHA-256 of the key in hex>")
        tenants[digest] = tenant
    return tenants


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class StoreSettings(_Settings):
    """Where the rows are."""

    endpoint: str = Field(alias="TABLESTORE_ENDPOINT", pattern=r"^https?://")
    instance: str = Field(alias="TABLESTORE_INSTANCE", min_length=3)


class OtpSettings(_Settings):
    """The secrets under codes, and under the names of people. OTP_KEYS: `2:<base64>,1:<base64>`,
    the first makes new codes, the others are still checked. OTP_POLICIES: JSON, what differs from
    shared/otp/policies.json. OTP_MAX_TAKEOVER_PROBABILITY: what all guesses at one phone's codes
    may add up to in a day.
    """

    keys: Annotated[dict[int, bytes], BeforeValidator(_key_versions)] = Field(alias="OTP_KEYS")
    pseudonym_key: Annotated[bytes, BeforeValidator(_secret)] = Field(alias="PSEUDONYM_KEY")
    policies: str = Field(alias="OTP_POLICIES", default="")
    max_takeover_probability: float = Field(
        alias="OTP_MAX_TAKEOVER_PROBABILITY", default=3e-5, ge=1e-6, le=1e-3
    )


class AccessSettings(_Settings):
    """Who may call: SHA-256 digests of API keys and their tenants, `tenant:<hex>,...`."""

    hashed_keys: Annotated[dict[str, str], BeforeValidator(_hashed_keys)] = Field(alias="API_KEYS")


Destination = Annotated[str, Field(pattern=r"^(domestic|international)(:[a-z]{2,3})?$")]
TemplateCode = Annotated[str, Field(min_length=1)]


class ThrottleSettings(_Settings):
    """How much is sent, and to whom; JSON, empty for the defaults (shared/throttle/setting.py)."""

    limits: str = Field(alias="OTP_LIMITS", default="")
    rules: str = Field(alias="OTP_RULES", default="")


class SmsSettings(_Settings):
    """How messages go out. SMS_ENDPOINT empty: the SDK's own for the region.

    templates: `{"login": {"domestic": "SMS_1", "international": "SMS_2"}, ...}`; a key such as
    `international:zh` is for one locale.
    """

    endpoint: str = Field(alias="SMS_ENDPOINT", default="")
    region: str = Field(alias="SMS_REGION", default="cn-hangzhou")
    sign_name: str = Field(alias="SMS_SIGN_NAME", min_length=1)
    templates: Json[dict[str, dict[Destination, TemplateCode]]] = Field(alias="OTP_TEMPLATES")


def _callback_secrets(text: object) -> tuple[str, ...]:
    secrets = tuple(part.strip() for part in str(text).split(","))
    if not all(re.fullmatch(r"[A-Za-z0-9_-]{32,128}", secret) for secret in secrets):
        raise ValueError("not secrets of 32 to 128 of A-Z a-z 0-9 _ -, separated by commas")
    return secrets


class QueueSettings(_Settings):
    """Where the queues are; STAGE is part of their names."""

    endpoint: str = Field(alias="SMQ_ENDPOINT", pattern=r"^https?://")
    stage: str = Field(alias="STAGE", pattern=r"^[a-z0-9-]{1,20}$")


class RecordSettings(_Settings):
    """The secrets under the names of people, and under what is kept of them."""

    pseudonym_key: Annotated[bytes, BeforeValidator(_secret)] = Field(alias="PSEUDONYM_KEY")
    record_key: Annotated[bytes, BeforeValidator(_secret)] = Field(alias="RECORD_KEY")


class SignSettings(_Settings):
    """Whose promotions a consent is about."""

    sign_name: str = Field(alias="SMS_SIGN_NAME", min_length=1)


class NotificationSettings(_Settings):
    """templates: `{"ship_update": {"domestic": "SMS_1", "international": "SMS_2"}, ...}`.
    prices, budgets: JSON; empty for the examples, and for no limits.
    """

    sign_name: str = Field(alias="SMS_SIGN_NAME", min_length=1)
    templates: Json[dict[str, dict[Destination, TemplateCode]]] = Field(
        alias="NOTIFICATION_TEMPLATES"
    )
    prices: str = Field(alias="SMS_PRICES", default="")
    budgets: str = Field(alias="BUDGETS", default="")


class ChannelSettings(_Settings):
    """How messages leave. Empty: that channel is not offered.

    webhooks: `{"tenant": {"url": "https://...", "secrets": ["whsec_..."]}}`.
    """

    sms_endpoint: str = Field(alias="SMS_ENDPOINT", default="")
    sms_region: str = Field(alias="SMS_REGION", default="cn-hangzhou")
    email_account: str = Field(alias="EMAIL_ACCOUNT", default="")
    email_endpoint: str = Field(alias="EMAIL_ENDPOINT", default="")
    email_region: str = Field(alias="EMAIL_REGION", default="cn-hangzhou")
    webhooks: str = Field(alias="WEBHOOKS", default="")
    reconcile_after_s: int = Field(alias="RECONCILE_AFTER_S", default=120, ge=1, le=3600)


class CallbackSettings(_Settings):
    """What the provider's pushes are known by: `new,old`."""

    secrets: Annotated[tuple[str, ...], BeforeValidator(_callback_secrets)] = Field(
        alias="CALLBACK_SECRETS"
    )


class PhoneSettings(_Settings):
    """How numbers without a country are read."""

    default_region: str = Field(alias="PHONE_DEFAULT_REGION", default="CN", pattern=r"^[A-Z]{2}$")


def read_settings(environment: Mapping[str, str], *kinds: type[_Settings]) -> tuple[Any, ...]:
    """One settings object for each kind. Raises SettingsInvalid naming every bad key of all."""
    # Any: a tuple of as many types as were asked for has no other name.
    read: list[object] = []
    problems: list[str] = []
    for kind in kinds:
        try:
            read.append(kind.model_validate(dict(environment)))
        except ValidationError as error:
            problems += [
                f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
                for problem in error.errors(include_input=False, include_url=False)
            ]
    if problems:
        raise SettingsInvalid("; ".join(problems))
    return tuple(read)
