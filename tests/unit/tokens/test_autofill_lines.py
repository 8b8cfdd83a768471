"""The lines by which phones fill codes in, read as browsers read them."""

from __future__ import annotations

import re

import pytest

from infra.localcloud.dysmsapi.content import count_segments, render, template_flaw
from infra.sms_catalogue import Autofill, as_setting, templates

SITE = Autofill("otp.example.com", app_hash="FA+9qCX9VSu")


def origin_bound(message: str) -> tuple[str, str] | None:
    """Host and code, by the parsing steps of WICG sms-one-time-codes section 3.2."""
    line = re.sub(r"\r\n?", "\n", message).split("\n")[-1]
    found = re.match(r"@([^\t\n\f\r ]+) #([^\t\n\f\r ]+)", line)
    return (found[1], found[2]) if found else None


ABROAD = [
    each
    for each in templates("dev", autofill=SITE, languages=("zh",))
    if each.kind == "international" and not each.is_notification
]


@pytest.mark.parametrize("template", ABROAD, ids=lambda each: each.name)
def test_a_browser_reads_host_and_code_in_the_last_line(template: object) -> None:
    content = template.content  # type: ignore[attr-defined]
    message = render(content, {"code": "747723"})

    assert origin_bound(message) == ("otp.example.com", "747723")
    assert template_flaw("international", content) is None


@pytest.mark.parametrize("template", ABROAD, ids=lambda each: each.name)
def test_an_app_finds_its_hash_within_140_bytes(template: object) -> None:
    message = render(template.content, {"code": "747723"})  # type: ignore[attr-defined]

    assert "\nFA+9qCX9VSu\n" in message
    assert len(message.encode()) <= 140


def test_the_lines_cost_an_english_message_no_second_segment() -> None:
    english = [each for each in ABROAD if not each.language]

    assert len(english) == 6
    for each in english:
        assert count_segments("international", render(each.content, {"code": "747723"})) == 1


def test_mainland_templates_and_notifications_have_no_such_lines() -> None:
    """A mainland code template takes exactly one variable."""
    others = [
        each
        for each in templates("dev", autofill=SITE)
        if each.kind != "international" or each.is_notification
    ]

    assert others == [
        each for each in templates("dev") if each.kind != "international" or each.is_notification
    ]


def test_no_account_has_the_lines_that_did_not_ask_for_them() -> None:
    assert not [each for each in templates("dev") if "@" in each.content]


def test_a_language_is_a_destination_of_its_own() -> None:
    assert '"international:zh": "SMS_210000001"' in as_setting(templates("dev", languages=("zh",)))


@pytest.mark.parametrize(
    "domain",
    ["", "localhost", "https://a.example", "A.example", "a.example/x", "a..example", "-a.b"],
)
def test_a_domain_that_no_site_has_is_refused(domain: str) -> None:
    with pytest.raises(ValueError, match="domain"):
        Autofill(domain)


@pytest.mark.parametrize("app_hash", ["FA+9qCX9VS", "FA+9qCX9VSu=", "FA 9qCX9VSu"])
def test_an_app_hash_of_another_form_is_refused(app_hash: str) -> None:
    with pytest.raises(ValueError, match="11 characters"):
        Autofill("a.example", app_hash=app_hash)


def test_lines_that_make_a_message_too_long_are_refused() -> None:
    with pytest.raises(ValueError, match="140 bytes"):
        templates("dev", autofill=Autofill(f"{'a' * 63}.example", app_hash="FA+9qCX9VSu"))
