"""A wrong environment fails at once, naming every bad key and no value."""

from __future__ import annotations

import pytest

from shared.errors import SettingsInvalid
from shared.settings import (
    AccessSettings,
    OtpSettings,
    SmsSettings,
    StoreSettings,
    read_settings,
)

KEY = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="
GOOD = {
    "TABLESTORE_ENDPOINT": "https://x.cn-hangzhou.ots.aliyuncs.com",
    "TABLESTORE_INSTANCE": "sesame",
    "OTP_KEYS": f"2:{KEY},1:{KEY}",
    "PSEUDONYM_KEY": KEY,
    "API_KEYS": "shop:" + "a" * 64,
    "SMS_SIGN_NAME": "Sesame",
    "OTP_TEMPLATES": '{"login": {"domestic": "SMS_1"}}',
}
KINDS = (StoreSettings, OtpSettings, AccessSettings, SmsSettings)


def test_good_settings_are_typed() -> None:
    store, otp, access, sms = read_settings(GOOD, *KINDS)

    assert store.instance == "sesame"
    assert list(otp.keys) == [2, 1]
    assert access.hashed_keys == {"a" * 64: "shop"}
    assert sms.templates["login"]["domestic"] == "SMS_1"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("OTP_TEMPLATES", '{"login": {"domestc": "SMS_1"}}'),
        ("OTP_TEMPLATES", '{"login": {"domestic": ""}}'),
        ("OTP_KEYS", f"1:{KEY},1:{KEY}"),
        ("API_KEYS", "shop"),
    ],
)
def test_a_slip_in_one_value_is_found(key: str, value: str) -> None:
    with pytest.raises(SettingsInvalid, match=key):
        read_settings({**GOOD, key: value}, *KINDS)


def test_every_bad_key_is_named_and_no_value() -> None:
    bad = {
        "TABLESTORE_ENDPOINT": "ftp://secret-host",
        "OTP_KEYS": "0:c2hvcnQ=",
        "PSEUDONYM_KEY": "c2VjcmV0",
        "API_KEYS": "shop:secret",
        "SMS_SIGN_NAME": "",
        "OTP_TEMPLATES": "{secret",
    }

    with pytest.raises(SettingsInvalid) as caught:
        read_settings(bad, *KINDS)

    for key in (*bad, "TABLESTORE_INSTANCE"):
        assert key in str(caught.value)
    for value in ("secret", "c2hvcnQ"):
        assert value not in str(caught.value)
