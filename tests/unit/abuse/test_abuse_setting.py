"""OTP_ABUSE: strict, and every bad key is named."""

from __future__ import annotations

import pytest

from shared.abuse.model import AbuseRules, CaptchaWanted, RuleSet, WorkWanted
from shared.abuse.setting import parse_abuse
from shared.errors import SettingsInvalid


def test_without_a_setting_what_looks_at_sends_is_in_shadow() -> None:
    rules = parse_abuse("")

    assert rules == AbuseRules()
    assert rules.common == RuleSet()
    assert {rule.name: rule.mode for rule in rules.common.rules} == {
        "enumeration": "shadow",
        "burst": "shadow",
        "prefix_conversion": "shadow",
        "country_conversion": "shadow",
        "guessed": "off",
    }
    assert rules.are_on
    assert not rules.count_guesses


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"prefix_conversion": {"mode": "enforce"}}', True),
        ('{"tenants": {"shop": {"country_conversion": {"mode": "enforce"}}}}', True),
        ('{"burst": {"mode": "enforce"}, "prefix_conversion": {"mode": "shadow"}}', False),
    ],
)
def test_guesses_count_where_conversion_is_enforced(text: str, expected: bool) -> None:
    assert parse_abuse(text).count_guesses is expected


def test_a_tenants_rule_begins_from_the_common_one() -> None:
    rules = parse_abuse(
        '{"burst": {"mode": "enforce", "limit": 90},'
        ' "tenants": {"shop": {"burst": {"limit": 200}}}}'
    )

    assert (rules.common.burst.mode, rules.common.burst.limit) == ("enforce", 90)
    assert (rules.tenants["shop"].burst.mode, rules.tenants["shop"].burst.limit) == ("enforce", 200)


def test_all_can_be_off() -> None:
    names = ("enumeration", "burst", "prefix_conversion", "country_conversion")
    text = ", ".join(f'"{name}": {{"mode": "off"}}' for name in names)

    assert not parse_abuse(f"{{{text}}}").are_on


def test_kinds_of_proof() -> None:
    assert parse_abuse('{"proof": {"kind": "work"}}').proof == WorkWanted(18, 120)
    assert parse_abuse(
        '{"proof": {"kind": "captcha", "url": "https://challenges.cloudflare.com/x"}}'
    ).proof == CaptchaWanted("https://challenges.cloudflare.com/x", "")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "OTP_ABUSE"),
        ('{"bursts": {}}', "OTP_ABUSE.bursts"),
        ('{"burst": {"mode": "on"}}', "OTP_ABUSE.burst.mode"),
        ('{"burst": {"limit": "60"}}', "OTP_ABUSE.burst.limit"),
        ('{"enumeration": {"width": 1}}', "OTP_ABUSE.enumeration.width"),
        ('{"prefix_conversion": {"min_percent": 0}}', "OTP_ABUSE.prefix_conversion.min_percent"),
        ('{"tenants": {"Shop!": {}}}', "OTP_ABUSE.tenants.Shop!"),
        ('{"tenants": {"shop": {"proof": {}}}}', "OTP_ABUSE.tenants.shop.proof"),
        ('{"proof": {"kind": "work", "bits": 40}}', "OTP_ABUSE.proof.work.bits"),
        ('{"proof": {"kind": "captcha", "url": "ftp://x"}}', "OTP_ABUSE.proof.captcha.url"),
        ('{"guessed": {"mode": "enforce"}}', "OTP_ABUSE.guessed: demands a proof"),
        (
            '{"tenants": {"shop": {"burst": {"mode": "enforce", "answer": "demand"}}}}',
            "OTP_ABUSE.tenants.shop.burst: demands a proof",
        ),
    ],
)
def test_a_slip_is_named(text: str, named: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        parse_abuse(text)

    assert named in str(caught.value)


def test_every_bad_key_is_named_at_once() -> None:
    with pytest.raises(SettingsInvalid) as caught:
        parse_abuse('{"burst": {"limit": 0}, "enumeration": {"close_s": 1}, "x": 1}')

    for named in ("burst.limit", "enumeration.close_s", "OTP_ABUSE.x"):
        assert named in str(caught.value)
