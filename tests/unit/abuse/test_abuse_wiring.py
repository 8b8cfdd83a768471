"""OTP_ABUSE as it is deployed: who loads the rules, and who only where one is enforced."""

from __future__ import annotations

import sys

import pytest

from shared import rollup_wiring, wiring
from shared.api.otp import VerifyOtpEndpoint
from shared.errors import SettingsInvalid
from shared.otp.verify import VerifyOtp
from shared.rollup.fold import FoldFigures

SECRET = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="
ENVIRONMENT = {
    "TABLESTORE_ENDPOINT": "http://127.0.0.1:9",
    "TABLESTORE_INSTANCE": "sesame",
    "API_KEYS": f"shop:{'0' * 64}",
    "OTP_KEYS": f"1:{SECRET}",
    "PSEUDONYM_KEY": SECRET,
    "RECORD_KEY": SECRET,
}
OFF = '"prefix_conversion": {"mode": "off"}, "country_conversion": {"mode": "off"}'
ENFORCED = '{"prefix_conversion": {"mode": "enforce"}}'
SPELT_OTHERWISE = '{"prefix_conversion": {"mode": "\\u0065nforce"}}'


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("setting", ["", '{"prefix_conversion": {"mode": "shadow"}}'])
def test_verify_never_loads_the_room_where_nothing_is_enforced(
    monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setenv("OTP_ABUSE", setting)
    for name in ("", ".guard", ".model", ".setting"):
        monkeypatch.setitem(sys.modules, f"shared.abuse{name}", None)

    wiring.verify_otp()


@pytest.mark.parametrize(
    ("setting", "counts"),
    [('{"burst": {"mode": "enforce"}}', False), (ENFORCED, True), (SPELT_OTHERWISE, True)],
)
def test_verify_counts_where_conversion_is_enforced(
    monkeypatch: pytest.MonkeyPatch, setting: str, counts: bool
) -> None:
    monkeypatch.setenv("OTP_ABUSE", setting)

    endpoint = wiring.verify_otp()

    assert isinstance(endpoint, VerifyOtpEndpoint)
    assert isinstance(endpoint._check, VerifyOtp)
    assert (endpoint._check._conversions is not None) is counts


@pytest.mark.parametrize(("setting", "is_watched"), [("", True), (f"{{{OFF}}}", False)])
def test_the_fold_watches_where_conversion_is_in_shadow(
    monkeypatch: pytest.MonkeyPatch, setting: str, is_watched: bool
) -> None:
    monkeypatch.setenv("OTP_ABUSE", setting)

    assert isinstance(rollup_wiring.fold_figures(), FoldFigures) is not is_watched


def test_the_fold_refuses_rules_that_it_cannot_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTP_ABUSE", '{"bursts": {}}')

    with pytest.raises(SettingsInvalid, match="bursts"):
        rollup_wiring.fold_figures()
