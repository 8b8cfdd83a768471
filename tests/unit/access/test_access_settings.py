"""Keys, apps and test numbers as a deployment states them; what is wrong is named, not quoted."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import SettingsInvalid
from shared.settings import (
    SCOPES,
    USUAL_SCOPES,
    AccessSettings,
    SandboxSettings,
    read_settings,
)
from shared.wiring import request_otp

A, B = "a" * 64, "b" * 64
APP = {"24577123": {"tenant": "shop", "scopes": ["otp:request"]}}
NUMBERS = {"shop": {"+8613800000001": "123456"}}


def access(keys: str, apps: object = "") -> AccessSettings:
    text = apps if isinstance(apps, str) else json.dumps(apps)
    (settings,) = read_settings({"API_KEYS": keys, "GATEWAY_APPS": text}, AccessSettings)
    assert isinstance(settings, AccessSettings)
    return settings


def test_keys_with_scopes_and_without_stand_side_by_side() -> None:
    settings = access(f"shop:{A}, shop:{B}:otp:request+otp:verify")

    assert settings.hashed_keys == {A: "shop", B: "shop"}
    assert settings.key_scopes == {B: {"otp:request", "otp:verify"}}


@given(st.sets(st.sampled_from(SCOPES), min_size=1))
def test_scopes_are_read_as_they_are_written(scopes: set[str]) -> None:
    settings = access(f"shop:{A}:{'+'.join(scopes)}")

    assert settings.key_scopes.get(A, USUAL_SCOPES) == scopes


@pytest.mark.parametrize(
    "keys",
    [
        "",
        "shop",
        f"Shop:{A}",
        f"shop:{A.upper()}",
        f"shop:{A}:",
        f"shop:{A}:otp",
        f"shop:{A}:otp:request+",
        f"shop:{A}:otp:request otp:verify",
        f"shop:{A}:READ",
        f"shop:{A},shop:{A}",
        f"shop:{A},other:{A}:read",
        f"shop:{A},",
    ],
)
def test_a_bad_key_is_named_once_and_not_quoted(keys: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        access(keys)

    assert str(caught.value).count("API_KEYS") == 1
    assert A not in str(caught.value)


def test_an_app_has_a_tenant_and_scopes() -> None:
    assert access(f"shop:{A}", APP).gateway_apps == {
        "24577123": ("shop", frozenset({"otp:request"}))
    }
    assert access(f"shop:{A}", "").gateway_apps == {}


@pytest.mark.parametrize(
    "apps",
    [
        "{",
        "[]",
        "null",
        {"24577123": "shop"},
        {"24577123": {"tenant": "shop"}},
        {"24577123": {"tenant": "shop", "scopes": []}},
        {"24577123": {"tenant": "shop", "scopes": ["all"]}},
        {"24577123": {"tenant": "shop", "scopes": [["read"]]}},
        {"24577123": {"tenant": "shop", "scopes": "read"}},
        {"24577123": {"tenant": "Shop", "scopes": ["read"]}},
        {"24577123": {"tenant": "shop", "scopes": ["read"], "key": "secret"}},
        {"2457 7123": {"tenant": "shop", "scopes": ["read"]}},
    ],
)
def test_a_bad_app_is_named_and_not_quoted(apps: object) -> None:
    with pytest.raises(SettingsInvalid, match="GATEWAY_APPS") as caught:
        access(f"shop:{A}", apps)

    assert "7123" not in str(caught.value)
    assert "secret" not in str(caught.value)


def sandbox(text: str, stage: str | None = "dev") -> dict[str, dict[str, str]]:
    environment = {"OTP_SANDBOX": text, **({} if stage is None else {"STAGE": stage})}
    (settings,) = read_settings(environment, SandboxSettings)
    assert isinstance(settings, SandboxSettings)
    return settings.codes


def test_a_sandbox_holds_numbers_and_their_codes() -> None:
    assert sandbox(json.dumps(NUMBERS)) == NUMBERS
    assert sandbox("") == {}


@pytest.mark.parametrize("stage", ["prod", "PROD", "production", "prod-eu", "", None])
def test_production_starts_with_no_sandbox(stage: str | None) -> None:
    with pytest.raises(SettingsInvalid, match="OTP_SANDBOX"):
        sandbox(json.dumps(NUMBERS), stage)

    assert sandbox("", stage) == {}
    assert sandbox("{}", stage) == {}


@pytest.mark.parametrize(
    "numbers",
    [
        {"shop": {"13800000001": "123456"}},
        {"shop": {"+8613800000001": "12345"}},
        {"shop": {"+8613800000001": "12345x"}},
        {"shop": {"+8613800000001": None}},
        {"shop": ["+8613800000001"]},
        {"Shop": {"+8613800000001": "123456"}},
    ],
)
def test_a_bad_number_is_named_and_not_quoted(numbers: object) -> None:
    with pytest.raises(SettingsInvalid, match="OTP_SANDBOX") as caught:
        sandbox(json.dumps(numbers))

    assert "138" not in str(caught.value)
    assert "1234" not in str(caught.value)


def test_the_function_that_sends_codes_does_not_start_so(monkeypatch: pytest.MonkeyPatch) -> None:
    key = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="
    environment = {
        "TABLESTORE_ENDPOINT": "http://127.0.0.1:9",
        "TABLESTORE_INSTANCE": "sesame",
        "OTP_KEYS": f"1:{key}",
        "PSEUDONYM_KEY": key,
        "API_KEYS": f"shop:{A}",
        "SMS_SIGN_NAME": "Sesame",
        "OTP_TEMPLATES": '{"login": {"domestic": "SMS_1"}}',
        "OTP_SANDBOX": json.dumps(NUMBERS),
        "STAGE": "dev",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    request_otp()

    monkeypatch.setenv("STAGE", "prod")

    with pytest.raises(SettingsInvalid, match="OTP_SANDBOX"):
        request_otp()
