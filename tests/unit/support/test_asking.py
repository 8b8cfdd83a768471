"""What somebody types is read or refused, and no number gets from it into the log."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import RequestInvalid
from shared.observability.redaction import redact_text
from shared.otp.challenge_id import ChallengeRef, seal
from shared.phone_parser import parse_phone
from shared.support.asking import Asker, nonce_of, read_asked, scrubbed
from tests.fakes.service import OtpService

PHONE = "+8613800138000"


@pytest.mark.parametrize(
    "typed", [PHONE, " 13800138000 ", "+86 138-0013-8000", "＋８６１３８００１３８０００"]
)
def test_a_number_is_read_however_it_is_written(typed: str) -> None:
    asked = read_asked(typed, parse_phone)

    assert asked.kind == "phone"
    assert asked.phone is not None
    assert asked.phone.e164 == PHONE


def test_ids_are_told_apart(otp: OtpService) -> None:
    challenge_id = otp.request().challenge_id
    message_id = f"msg_{'a1' * 24}"
    request_ids = ("1-67ab12cd-15a9c2fb-7a9c1234abcd", "f47ac10b-58cc-4372-a567-0e02b2c3d479")

    assert read_asked(challenge_id, parse_phone).kind == "challenge"
    assert read_asked(message_id, parse_phone).kind == "message"
    assert [read_asked(each, parse_phone).kind for each in request_ids] == ["request"] * 2
    # Digits and dashes alone, as luck may have it: too many of them for a phone.
    assert read_asked("1-11112222-33334444-555566667777", parse_phone).kind == "request"


def test_a_challenges_id_gives_its_random_bits_without_a_key(otp: OtpService) -> None:
    challenge_id = otp.request().challenge_id

    nonce = nonce_of(challenge_id)

    assert any(key.item == f"challenge_{nonce}" for key in otp.memory.rows)


def test_the_longest_and_the_shortest_challenge_id_are_none_of_the_other_kinds(
    otp: OtpService,
) -> None:
    for purpose in ("a", "p" * 32):
        ref = otp.core.new_entry()  # any text will do for the nonce
        made = _sealed(otp, purpose, ref)
        assert read_asked(made, parse_phone).kind == "challenge"


def _sealed(otp: OtpService, purpose: str, entry: str) -> str:
    ref = ChallengeRef(entry.encode()[:16], parse_phone(PHONE), purpose, 1, 6, 1)
    return seal(otp.keyring, "shop", ref)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "missing"),
        ("   ", "missing"),
        ("12345", "not_a_phone"),
        ("+86 138 0013", "not_a_phone"),
        ("<script>alert(1)</script>", "unreadable"),
        ("msg_' OR 1=1", "unreadable"),
        ("x" * 5000, "unreadable"),
        ("?????????", "unreadable"),
    ],
)
def test_what_cannot_be_read_is_refused_without_quoting_it(typed: str, reason: str) -> None:
    with pytest.raises(RequestInvalid) as raised:
        read_asked(typed, parse_phone)

    (problem,) = raised.value.problems
    assert (problem.field, problem.reason) == ("what", reason)
    assert raised.value.__cause__ is None
    assert "138" not in str(raised.value)


@pytest.mark.parametrize(
    "written",
    [
        "13800138000",
        "+86 138 0013 8000",
        "138-0013-8000",
        "138.0013.8000",
        "138/0013/8000",
        "138，0013，8000",
        "1 3 8 0 0 1 3 8 0 0 0",
        "１３８００１３８０００",
        "138\u200b0013\u200b8000",
        "tel:13800138000x",
        "(+86)13800138000",
        "一三八零零一三八零零零",
        "一三八 〇〇一三 八〇〇〇",
    ],
)
def test_a_reason_brings_no_number_into_the_log(written: str) -> None:
    shown = redact_text(scrubbed(f"ticket T48213 of Li: {written} has no code", 200))

    assert shown.startswith("ticket T48213 of Li: ")
    assert shown.endswith(" has no code")
    assert not re.search(r"\d{3}|[零〇一三八]{3}", shown.removeprefix("ticket T48213"))


@given(st.text(max_size=300))
def test_scrubbing_leaves_one_short_line_with_no_number_in_it(text: str) -> None:
    shown = scrubbed(text, 64)

    assert len(shown) <= 64
    assert not re.search(r"\d{6}", shown)
    assert shown.isprintable()


def test_a_number_at_the_edge_of_what_is_kept_is_hidden_whole() -> None:
    assert scrubbed("x" * 195 + "13800138000", 200) == "x" * 195 + "***"


@pytest.mark.parametrize(
    ("who", "why", "fields"),
    [
        ("", "a ticket", ["who"]),
        ("Li", "", ["why"]),
        ("L", "x", ["who", "why"]),
        ("Li", "  .. ", ["why"]),
        ("Li", "123456", ["why"]),
        ("Li", "1380 0138 000", ["why"]),
    ],
)
def test_who_and_why_must_be_said(who: str, why: str, fields: list[str]) -> None:
    with pytest.raises(RequestInvalid) as raised:
        Asker.named(tenant="shop", sees=bool, key_name="k", who=who, why=why)

    assert [problem.field for problem in raised.value.problems] == fields


@pytest.mark.parametrize("why", ["投诉", "call", "T-4821 no code"])
def test_a_few_letters_are_reason_enough(why: str) -> None:
    assert Asker.named(tenant="shop", sees=bool, key_name="k", who="李", why=why).why == why
