"""The environment of a function, read once and checked whole: every bad key is named at once."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Json,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from shared.errors import SettingsInvalid

_HASH = re.compile(r"[0-9a-f]{64}")
_KID = re.compile(r"[A-Za-z0-9_-]{1,32}")
_TENANT = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_APP = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_CODE = re.compile(r"[0-9]{6,10}")


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


SCOPES = (
    "otp:request",
    "otp:verify",
    "notify",
    "read",
    "admin",
    "figures",
    "support",
    "operate",
)
"""What a caller may do; `admin`: consents, and what is kept of a person. The last three are the
console's: the tenant's figures and money, look-ups by phone, and all tenants with dead letters.
"""
USUAL_SCOPES = frozenset(SCOPES) - {"operate"}
"""Of a key whose scopes are not limited: what sees other tenants is always named."""


def _keys(text: object) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Tenant, digest and scopes of each key. Raises ValueError, which quotes nothing."""
    for item in str(text).split(","):
        tenant, digest, scopes = (*item.strip().split(":", 2), *("", ""))[:3]
        if not _TENANT.fullmatch(tenant) or not _HASH.fullmatch(digest):
            raise ValueError(
                "not a list of tenant:<SHA-256 of the key in hex>, each with :scope+scope or not"
            )
        is_limited = item.strip().count(":") > 1
        yield tenant, digest, scopes_of(scopes.split("+") if is_limited else USUAL_SCOPES)


def scopes_of(names: Iterable[object]) -> frozenset[str]:
    """`names` as scopes. Raises ValueError for none, and for what is none."""
    given = list(names)
    if not given or any(name not in SCOPES for name in given):
        raise ValueError(f"scopes must be some of {', '.join(SCOPES)}")
    return frozenset(str(name) for name in given)


def _hashed_keys(text: object) -> dict[str, str]:
    tenants: dict[str, str] = {}
    for tenant, digest, _ in _keys(text):
        if digest in tenants:
            raise ValueError("a key stands twice")
        tenants[digest] = tenant
    return tenants


def _key_scopes(text: object) -> dict[str, frozenset[str]]:
    try:
        return {digest: scopes for _, digest, scopes in _keys(text) if scopes != USUAL_SCOPES}
    except ValueError:
        return {}  # the other reading of the same variable says what is wrong


def _object(text: object) -> dict[str, object]:
    try:
        data = json.loads(str(text)) if str(text).strip() else {}
    except (ValueError, RecursionError):
        raise ValueError("not JSON") from None
    if not isinstance(data, dict):
        raise ValueError("not a JSON object")
    return data


def _apps(text: object) -> dict[str, tuple[str, frozenset[str]]]:
    apps: dict[str, tuple[str, frozenset[str]]] = {}
    for app_id, app in _object(text).items():
        match app:
            case {"tenant": str(tenant), "scopes": list(scopes), **others} if not others:
                apps[app_id] = tenant, scopes_of(scopes)
            case _:
                raise ValueError('an app is not {"tenant": "...", "scopes": ["...", ...]}')
        if not _APP.fullmatch(app_id) or not _TENANT.fullmatch(tenant):
            raise ValueError("an app's id or its tenant is none")
    return apps


_Codes = dict[str, dict[str, str]]


def _sandbox(text: object) -> _Codes:
    tenants: _Codes = {}
    for tenant, codes in _object(text).items():
        if not _TENANT.fullmatch(tenant) or not isinstance(codes, dict):
            raise ValueError('not {"<tenant>": {"+<number>": "<code>"}}')
        for number, code in codes.items():
            if not _NUMBER.fullmatch(number) or not _CODE.fullmatch(str(code)):
                raise ValueError("a number is not in E.164, or a code is not 6 to 10 digits")
        tenants[tenant] = {number: str(code) for number, code in codes.items()}
    return tenants


class BaseSettings(BaseModel):
    """A part of the environment, by the names of its variables."""

    # Built when first used: each function reads some of the parts.
    model_config = ConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, defer_build=True
    )


class StoreSettings(BaseSettings):
    """Where the rows are."""

    endpoint: str = Field(alias="TABLESTORE_ENDPOINT", pattern=r"^https?://")
    instance: str = Field(alias="TABLESTORE_INSTANCE", min_length=3)


class OtpSettings(BaseSettings):
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


class AccessSettings(BaseSettings):
    """Who may call: tenants by the SHA-256 of their API keys, `tenant:<hex>,...`. Several keys of a
    tenant are all good; `tenant:<hex>:otp:request+otp:verify` is good for that and nothing else,
    and one without scopes for all but `operate`.

    key_scopes: of the keys with other scopes than usual. gateway_apps: tenant and scopes by the app
    id of the traditional gateway, `{"<id>": {"tenant": "shop", "scopes": ["otp:request"]}}`.
    """

    hashed_keys: Annotated[dict[str, str], BeforeValidator(_hashed_keys)] = Field(alias="API_KEYS")
    key_scopes: Annotated[dict[str, frozenset[str]], BeforeValidator(_key_scopes)] = Field(
        alias="API_KEYS", default_factory=dict
    )
    gateway_apps: Annotated[dict[str, tuple[str, frozenset[str]]], BeforeValidator(_apps)] = Field(
        alias="GATEWAY_APPS", default_factory=dict
    )


class SandboxSettings(BaseSettings):
    """Numbers to try things out with, by tenant, and their codes: `{"shop": {"+8613800000001":
    "123456"}}`. None where STAGE begins with `prod`, nor where it is not known.
    """

    stage: str = Field(alias="STAGE", default="")
    codes: Annotated[_Codes, BeforeValidator(_sandbox)] = Field(alias="OTP_SANDBOX", default={})

    @field_validator("codes")
    @classmethod
    def _never_in_production(cls, codes: _Codes, info: ValidationInfo) -> _Codes:
        stage = str(info.data.get("stage", "")).lower()
        if codes and (not stage or stage.startswith("prod")):
            raise ValueError("a stage that is, or may be, production has no sandbox")
        return codes


Destination = Annotated[str, Field(pattern=r"^(domestic|international)(:[a-z]{2,3})?$")]
TemplateCode = Annotated[str, Field(min_length=1)]


class ThrottleSettings(BaseSettings):
    """How much is sent, and to whom; JSON, empty for the defaults (shared/throttle/setting.py)."""

    limits: str = Field(alias="OTP_LIMITS", default="")
    rules: str = Field(alias="OTP_RULES", default="")


class AbuseSettings(BaseSettings):
    """What is done about SMS pumping; JSON, empty for the defaults (shared/abuse/setting.py).
    CAPTCHA_SECRET: for the siteverify address that OTP_ABUSE names.
    """

    rules: str = Field(alias="OTP_ABUSE", default="")
    captcha_secret: str = Field(alias="CAPTCHA_SECRET", default="", repr=False)


def _named_keys(text: object, *, altchars: bytes | None) -> dict[str, bytes]:
    keys: dict[str, bytes] = {}
    for item in filter(None, (part.strip() for part in str(text).split(","))):
        kid, _, key = item.partition(":")
        if not _KID.fullmatch(kid) or kid in keys:
            raise ValueError("not names of 1 to 32 of A-Z a-z 0-9 _ -, each once, with a key")
        padded = key + "=" * (-len(key) % 4)
        try:
            keys[kid] = base64.b64decode(padded, altchars=altchars, validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("a key is not base64") from None
        if len(keys[kid]) != 32:
            raise ValueError("a key is not 32 bytes")
    return keys


def _private_keys(text: object) -> dict[str, bytes]:
    return _named_keys(text, altchars=None)


def _public_keys(text: object) -> dict[str, str]:
    return {
        kid: base64.urlsafe_b64encode(key).rstrip(b"=").decode()
        for kid, key in _named_keys(text, altchars=b"-_").items()
    }


class TokenSettings(BaseSettings):
    """What tokens of verified phones are signed with; empty: none are made. OTP_TOKEN_KEYS:
    `<kid>:<32 bytes in base64>,...`, the first signs. OTP_TOKEN_ISSUER: their `iss`.
    """

    keys: Annotated[dict[str, bytes], BeforeValidator(_private_keys)] = Field(
        alias="OTP_TOKEN_KEYS", default={}
    )
    issuer: str = Field(
        alias="OTP_TOKEN_ISSUER",
        default="",
        pattern=r"^(https?://[^\s?#]+)?$",
        validate_default=True,
    )

    @field_validator("issuer")
    @classmethod
    def _is_named(cls, issuer: str, info: ValidationInfo) -> str:
        if info.data.get("keys") and not issuer:
            raise ValueError("OTP_TOKEN_ISSUER is empty, and OTP_TOKEN_KEYS is not")
        return issuer


class PublicTokenSettings(BaseSettings):
    """What backends check tokens with: `<kid>:<x in base64url>,...` of every key that signs, has
    just signed, or soon will.
    """

    keys: Annotated[dict[str, str], BeforeValidator(_public_keys)] = Field(
        alias="OTP_TOKEN_PUBLIC_KEYS", default={}
    )


class SmsSettings(BaseSettings):
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


class QueueSettings(BaseSettings):
    """Where the queues are; STAGE is part of their names."""

    endpoint: str = Field(alias="SMQ_ENDPOINT", pattern=r"^https?://")
    stage: str = Field(alias="STAGE", pattern=r"^[a-z0-9-]{1,20}$")


class RecordSettings(BaseSettings):
    """The secrets under the names of people, and under what is kept of them."""

    pseudonym_key: Annotated[bytes, BeforeValidator(_secret)] = Field(alias="PSEUDONYM_KEY")
    record_key: Annotated[bytes, BeforeValidator(_secret)] = Field(alias="RECORD_KEY")


class SignSettings(BaseSettings):
    """Whose promotions a consent is about."""

    sign_name: str = Field(alias="SMS_SIGN_NAME", min_length=1)


class NotificationSettings(BaseSettings):
    """templates: `{"ship_update": {"domestic": "SMS_1", "international": "SMS_2"}, ...}`.
    prices, budgets: JSON; empty for the examples, and for no limits.
    """

    sign_name: str = Field(alias="SMS_SIGN_NAME", min_length=1)
    templates: Json[dict[str, dict[Destination, TemplateCode]]] = Field(
        alias="NOTIFICATION_TEMPLATES"
    )
    prices: str = Field(alias="SMS_PRICES", default="")
    budgets: str = Field(alias="BUDGETS", default="")


class ChannelSettings(BaseSettings):
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


class SessionSettings(BaseSettings):
    """What sessions of the console are sealed with: 32 bytes or more in base64."""

    session_key: Annotated[bytes, BeforeValidator(_secret)] = Field(alias="CONSOLE_KEY")


class ConsoleSettings(BaseSettings):
    """What pages tell about. The secret is under the names of people: nothing that is sealed is
    shown. policies and budgets: as of OtpSettings and NotificationSettings.
    """

    pseudonym_key: Annotated[bytes, BeforeValidator(_secret)] = Field(alias="PSEUDONYM_KEY")
    policies: str = Field(alias="OTP_POLICIES", default="")
    budgets: str = Field(alias="BUDGETS", default="")


class FoldSettings(BaseSettings):
    """What is opened to know whose messages were counted, and what they cost; prices: as of
    NotificationSettings.
    """

    record_key: Annotated[bytes, BeforeValidator(_secret)] = Field(alias="RECORD_KEY")
    prices: str = Field(alias="SMS_PRICES", default="")


class CallbackSettings(BaseSettings):
    """What the provider's pushes are known by: `new,old`."""

    secrets: Annotated[tuple[str, ...], BeforeValidator(_callback_secrets)] = Field(
        alias="CALLBACK_SECRETS"
    )


class PhoneSettings(BaseSettings):
    """How numbers without a country are read."""

    default_region: str = Field(alias="PHONE_DEFAULT_REGION", default="CN", pattern=r"^[A-Z]{2}$")


def read_settings(environment: Mapping[str, str], *kinds: type[BaseSettings]) -> tuple[Any, ...]:
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
