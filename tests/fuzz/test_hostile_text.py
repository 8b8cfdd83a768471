"""Digits of other scripts, look-alikes, homographs, foreign ids and clocks that jump: what is the
same to a person is the same to us or refused, and nothing else opens anything.
"""

from __future__ import annotations

import base64
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.background_cloud import BackgroundCloud
from shared.errors import ChallengeInvalid, OtpInvalid, PhoneInvalid, SesameError, Throttled
from shared.otp.keyring import Keyring
from shared.phone_parser import parse_phone
from tests.fakes.service import PHONE, OtpService

DIGITS = [
    "0123456789",
    "０１２３４５６７８９",
    "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗",
    "⁰¹²³⁴⁵⁶⁷⁸⁹",
    "٠١٢٣٤٥٦٧٨٩",
    "०१२३४५६७८९",
]
FOLDED = 4
"""The first scripts are plain digits to NFKC; the others are digits of another language."""
LOOKALIKES = str.maketrans({"0": "O", "1": "l", "2": "Z", "3": "З", "5": "S", "6": "б", "8": "B"})
MARKS = ["", " ", "-", "\u200b", "\u202e", "\ufeff", "\u0301", "\x00", "\u3000"]
IGNORED = {"", " ", "-", "\u3000"}
many = settings(max_examples=150, deadline=None, derandomize=True, database=None)


@given(st.lists(st.integers(0, len(DIGITS) - 1), min_size=6, max_size=6), st.sampled_from(MARKS))
@many
def test_a_code_in_other_digits_opens_only_if_it_reads_the_same(
    scripts: list[int], mark: str
) -> None:
    otp = OtpService()
    issued = otp.request()
    typed = [DIGITS[s][int(c)] for s, c in zip(scripts, otp.sender.last_code, strict=True)]
    reads_same = max(scripts) < FOLDED and mark in IGNORED

    assert otp.refuses(issued.challenge_id, mark.join(typed)) is not reads_same


def test_a_code_in_lookalike_letters_opens_nothing() -> None:
    otp = OtpService()
    issued = otp.request()
    while otp.sender.last_code.translate(LOOKALIKES) == otp.sender.last_code:
        otp.clock.advance(86_400)
        issued = otp.request()

    assert otp.refuses(issued.challenge_id, otp.sender.last_code.translate(LOOKALIKES))


@given(
    st.lists(st.integers(0, len(DIGITS) - 1), min_size=13, max_size=13),
    st.sampled_from(MARKS),
    st.sampled_from(["+", "00", "＋", "0000"]),
)
@many
def test_a_number_in_other_digits_is_the_same_phone_or_none(
    scripts: list[int], mark: str, prefix: str
) -> None:
    written = [DIGITS[s][int(c)] for s, c in zip(scripts, PHONE[1:], strict=True)]
    try:
        phone = parse_phone(prefix + mark.join(written))
    except PhoneInvalid:
        return
    otp = OtpService()
    otp.request()
    assert phone.e164 == PHONE
    with pytest.raises(Throttled):
        otp.request(prefix + mark.join(written))


@given(st.text(max_size=64))
@many
def test_any_text_is_a_number_or_a_refusal(text: str) -> None:
    try:
        phone = parse_phone(text)
    except PhoneInvalid:
        return
    assert phone.e164.isascii()
    assert parse_phone(phone.e164) == phone


@given(st.text(max_size=32))
@many
def test_any_other_text_is_a_wrong_code(text: str) -> None:
    otp = OtpService()
    issued = otp.request()
    folded = "".join(unicodedata.normalize("NFKC", text).split()).replace("-", "")

    assert otp.refuses(issued.challenge_id, text) is (folded != otp.sender.last_code)


@pytest.mark.parametrize(
    "other", ["Аlice", "Alice ", "alice", "Ａlice", "Alice\u200b", "Al\u0456ce", ""]
)
def test_a_homograph_of_the_bound_payee_opens_nothing(other: str) -> None:
    otp = OtpService()
    issued = otp.request(purpose="payment", context={"payee": "Alice", "amount": "100"})

    with pytest.raises(OtpInvalid):
        otp.verify(issued.challenge_id, context={"payee": other, "amount": "100"})
    otp.verify(issued.challenge_id, context={"payee": "Alice", "amount": "100"})


@pytest.mark.parametrize("version", range(256))
def test_a_key_version_that_does_not_exist_opens_nothing(version: int) -> None:
    otp = OtpService()
    issued = otp.request()
    raw = base64.urlsafe_b64decode(issued.challenge_id + "=" * (-len(issued.challenge_id) % 4))
    forged = base64.urlsafe_b64encode(bytes([version]) + raw[1:]).rstrip(b"=").decode()
    otp.clock.advance(61)

    if forged != issued.challenge_id:
        assert otp.refuses(forged)
        with pytest.raises(ChallengeInvalid):
            otp.request(challenge_id=forged)
    otp.verify(issued.challenge_id)


def test_a_challenge_of_a_key_that_was_taken_away_opens_nothing() -> None:
    otp = OtpService(keyring=Keyring(2, {2: b"2" * 32, 1: b"1" * 32}))
    issued = otp.request()
    otp.keyring = Keyring(1, {1: b"1" * 32})

    assert otp.refuses(issued.challenge_id)
    with pytest.raises(Throttled):
        otp.request()


@given(st.integers(0, 10**6), st.integers(0, 7))
@many
def test_a_challenge_id_with_one_bit_changed_opens_nothing(place: int, bit: int) -> None:
    otp = OtpService()
    issued = otp.request()
    raw = bytearray(issued.challenge_id.encode())
    raw[place % len(raw)] ^= 1 << bit

    assert otp.refuses(raw.decode("latin-1"))


@given(st.lists(st.sampled_from([-3600, 3600, 0, 61, -61]), min_size=1, max_size=6))
@many
def test_a_clock_that_jumps_gives_errors_of_the_contract(jumps: list[int]) -> None:
    otp = OtpService()
    issued = otp.request()
    ends: set[str] = set()
    opened = 0
    for jump in jumps:
        otp.clock.advance(jump)
        for challenge_id in (None, issued.challenge_id):
            try:
                otp.request(challenge_id=challenge_id)
            except SesameError as error:
                ends.add(error.code)
        opened += not otp.refuses(issued.challenge_id)

    assert ends <= {"throttled", "challenge_invalid"}
    assert opened <= 1


@pytest.mark.parametrize("jump_s", [3600, -3600])
def test_a_clock_that_jumps_an_hour_is_a_4xx_at_the_gateway(
    cloud: BackgroundCloud, jump_s: int
) -> None:
    phone = f"+86136000{jump_s + 10_000:05d}"
    first = cloud.post("/v1/otp", {"phone": phone, "purpose": "login"}).json()
    code = cloud.code_on(phone)
    cloud.advance(jump_s)
    try:
        verified = cloud.post(
            "/v1/otp/verify", {"challenge_id": first["challenge_id"], "code": code}
        )
        resent = cloud.post(
            "/v1/otp",
            {"phone": phone, "purpose": "login", "challenge_id": first["challenge_id"]},
        )
    finally:
        cloud.advance(-jump_s)
    assert (verified.status_code, verified.json()["code"]) == (422, "otp_invalid")
    assert resent.status_code in (422, 429)
    assert len(cloud.messages(phone)) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"context": {"payee": "x" * 129}}, 400),
        ({"context": {"x" * 129: "payee"}}, 400),
        ({"context": {"payee": "п" * 128 + "x"}}, 400),
        ({"context": {str(number): "x" for number in range(9)}}, 400),
        ({"context": {"amount": 1e999}}, 400),
        ({"phone": "+86138O0138000"}, 400),
        ({"phone": "+86 138 0013 80OO"}, 400),
        ({"phone": "+8613800138000\u202e"}, 400),
        ({"phone": "tel:+8613800138000;phone-context=evil"}, 400),
        ({"challenge_id": "foreign"}, 422),
    ],
)
def test_hostile_fields_are_refused_and_nothing_is_sent(
    cloud: BackgroundCloud, body: dict[str, object], status: int
) -> None:
    phone = "+8613600136000"
    answer = cloud.post("/v1/otp", {"phone": phone, "purpose": "payment", **body})

    assert answer.status_code == status, answer.text
    assert cloud.messages(phone) == []
    assert cloud.messages("+8613800138000") == []


def test_another_tenants_challenge_is_unknown_to_this_one(cloud: BackgroundCloud) -> None:
    phone = "+8613600136001"
    first = cloud.post("/v1/otp", {"phone": phone, "purpose": "login"}).json()
    guess = {"challenge_id": first["challenge_id"], "code": cloud.code_on(phone)}

    foreign = cloud.post("/v1/otp/verify", guess, tenant="second")

    assert (foreign.status_code, foreign.json()["code"]) == (422, "otp_invalid")
    assert cloud.post("/v1/otp/verify", guess).status_code == 200
