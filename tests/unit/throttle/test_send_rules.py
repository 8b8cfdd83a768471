"""Lists of whom this service sends to, and the settings of limits and lists."""

from __future__ import annotations

import json

import pytest

from shared.errors import DestinationNotAllowed, Forbidden, SettingsInvalid
from shared.throttle.model import Flow, Window
from shared.throttle.rules import SendRules
from shared.throttle.setting import parse_limits, parse_rules
from tests.fakes.service import OTHER, PHONE, OtpService

ABROAD, SATELLITE = "+14155552671", "+881612345678"


def rules(**lists: object) -> SendRules:
    return parse_rules(json.dumps(lists))


@pytest.mark.parametrize(
    ("lists", "phone"),
    [
        ({"countries": ["CN", "HK"]}, ABROAD),
        ({"denied_countries": ["US"]}, ABROAD),
        ({"denied_numbers": [PHONE]}, PHONE),
        ({"denied_prefixes": ["+86138"]}, PHONE),
    ],
)
def test_a_destination_that_is_not_allowed_costs_nothing(
    lists: dict[str, object], phone: str
) -> None:
    otp = OtpService(rules=rules(**lists))

    with pytest.raises(DestinationNotAllowed):
        otp.request(phone)

    assert (otp.memory.trips, otp.sender.sent) == (0, [])
    otp.request(OTHER)


def test_a_number_that_is_allowed_by_name_passes_the_lists() -> None:
    otp = OtpService(rules=rules(countries=["HK"], denied_prefixes=["+86138"], numbers=[PHONE]))

    otp.request(PHONE)


def test_an_address_that_is_denied_may_not_ask() -> None:
    otp = OtpService(rules=rules(denied_addresses=["203.0.113.0/24", "2001:db8::/32"]))

    for client_ip in ("203.0.113.9", "::ffff:203.0.113.9", "2001:db8:1::1"):
        with pytest.raises(Forbidden):
            otp.request(client_ip=client_ip)
    otp.request(client_ip="198.51.100.1")


def test_numbers_of_no_country_are_denied_by_default() -> None:
    with pytest.raises(DestinationNotAllowed):
        OtpService().request(SATELLITE)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "OTP_LIMITS"),
        ('{"ips": []}', "OTP_LIMITS.ips"),
        ('{"ip": [{"limit": 0, "window_s": 60}]}', "OTP_LIMITS.ip.0.limit"),
        ('{"ip": [{"limit": 5, "window_s": 90000}]}', "OTP_LIMITS.ip.0.window_s"),
        ('{"ip": [{"limit": 5, "window_s": 60, "burst": 5}]}', "OTP_LIMITS.ip.0"),
        ('{"tenant": [{"limit": 6, "window_s": 60}]}', "OTP_LIMITS.tenant.0"),
        ('{"tenant": [{"limit": 60, "window_s": 60, "burst": 5}]}', "OTP_LIMITS.tenant.0.burst"),
        ('{"ip": [{"limit": 501, "window_s": 60}]}', "OTP_LIMITS.ip.0"),
        (
            '{"ip": [{"limit": 9, "window_s": 60, "burst": 2}, {"limit": 5, "window_s": 60}]}',
            "OTP_LIMITS.ip",
        ),
        ('{"tenants": {"Shop!": {}}}', "OTP_LIMITS.tenants.Shop!"),
        ('{"tenants": {"shop": {"country": []}}}', "OTP_LIMITS.tenants.shop.country"),
    ],
)
def test_wrong_limits_are_named(text: str, named: str) -> None:
    with pytest.raises(SettingsInvalid, match="OTP_LIMITS") as caught:
        parse_limits(text)

    assert named in str(caught.value)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('{"countries": ["cn"]}', "OTP_RULES.countries.0"),
        ('{"denied_numbers": ["13800138000"]}', "OTP_RULES.denied_numbers.0"),
        ('{"denied_addresses": ["203.0.113.0/40"]}', "OTP_RULES.denied_addresses.0"),
        ('{"denied": []}', "OTP_RULES.denied"),
    ],
)
def test_wrong_rules_are_named_and_never_quoted(text: str, named: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        parse_rules(text)

    assert named in str(caught.value)
    assert "13800138000" not in str(caught.value)


def test_limits_of_a_tenant_replace_what_they_name() -> None:
    common, tenants = parse_limits(
        json.dumps(
            {
                "phone": [{"limit": 3, "window_s": 3600}],
                "device": [],
                "tenants": {"shop": {"ip": [{"limit": 9, "window_s": 600, "burst": 3}]}},
            }
        )
    )

    assert common.phone_own == (Window("phone_own_hour", 3, 3600),)
    assert common.device == tenants["shop"].device == ()
    assert tenants["shop"].ip == (Flow("ip_600s", 9, 600, 3),)
    assert common.ip == (Window("ip_hour", 60, 3600),)
    assert tenants["shop"].phone_own == ()
