"""Nothing secret passes the log's gate, whatever name it bears."""

from __future__ import annotations

import json
import logging
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.observability.logs import JsonLines, bind, log_event, log_surprise, set_up_logs
from shared.observability.redaction import redact
from shared.phone_parser import parse_phone

NUMBERS = ["+8613800138000", "13800138000", "+86 138-0013-8000", "+1 415 555 2671"]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("name", ["phone", "reason", "note", "error", "detail"])
def test_a_number_in_any_text_is_masked(name: str, number: str) -> None:
    shown = json.dumps(redact({name: f"sending to {number} failed"}))

    assert "".join(c for c in number if c.isdigit())[-9:] not in shown.replace("-", "")
    assert "0013" not in shown


def test_a_phone_number_shows_its_own_mask() -> None:
    assert redact({"phone": parse_phone("+8613800138000")}) == {"phone": "+86******8000"}


@pytest.mark.parametrize(
    "name", ["code", "otp", "Authorization", "security_token", "body", "params"]
)
def test_a_secret_name_hides_its_value(name: str) -> None:
    assert redact({name: "anything"}) == {name: "***"}


def test_provider_codes_and_ids_stay_readable() -> None:
    fields = {"provider_code": "isv.BUSINESS_LIMIT_CONTROL", "request_id": "1-6512bd43-1234-5678"}

    assert redact(fields) == fields


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("template_code", "SMS_1"),
        ("template_code", "SMS_100000001"),
        ("provider_code", "MK:0001"),
        ("provider_code", "DB:0144"),
    ],
)
def test_the_providers_own_codes_are_shown_under_their_own_names(name: str, value: str) -> None:
    assert redact({name: value}) == {name: value}
    assert redact({"outer": {name: value}}) == {"outer": {name: value}}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("template_code", "123456"),
        ("template_code", "13800138000"),
        ("template_code", "SMS_13800138000"),
        ("template_code", "SMS_8613800138000"),
        ("template_code", "SMS_100000001 123456"),
        ("template_code", "SMS_100000001\n123456"),
        ("template_code", "SMS-123456"),
        ("template_code", "MK:0001"),
        ("provider_code", "SMS_100000001"),
        ("provider_code", "123456"),
        ("provider_code", "MK:000123"),
        ("provider_code", "MK:0001 13800138000"),
        ("reason", "SMS_100000001"),
        ("reason", "MK:0001"),
        ("template", "SMS_100000001"),
    ],
)
def test_no_digits_pass_in_another_shape_or_under_another_name(name: str, value: str) -> None:
    shown = redact({name: value})[name]

    assert isinstance(shown, str)
    assert "***" in shown
    assert not any(digits in shown for digits in ("123456", "000123", "00138", "0000"))


@given(st.text("SMKDB_:0123456789 ", max_size=24))
def test_under_a_providers_name_only_a_providers_shape_passes(value: str) -> None:
    """Whatever is left unmasked of a longer run of digits stands in one of the two shapes."""
    for name, shape in (("template_code", r"SMS_\d{1,10}"), ("provider_code", r"[A-Z]{2}:\d{4}")):
        shown = str(redact({name: value})[name])
        assert shown == redact({"note": value})["note"] or re.fullmatch(shape, value)


@given(st.integers(0, 10**6 - 1), st.sampled_from(["reason", "note", "message"]))
def test_six_digits_alone_never_pass(code: int, name: str) -> None:
    text = f"{code:06d}"

    assert text not in json.dumps(redact({name: f"the code {text} is wrong"}))


def test_nested_values_pass_the_same_gate() -> None:
    shown = json.dumps(redact({"outer": {"code": "123456", "list": ["+8613800138000"]}}))

    assert "123456" not in shown
    assert "13800138000" not in shown


def test_a_librarys_text_never_passes(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    kept, level = root.handlers[:], root.level
    try:
        set_up_logs()
        logging.getLogger("urllib3").error("POST /?PhoneNumbers=13800138000&code=123456")
        log_event("otp_requested", phone="+8613800138000")
    finally:
        root.handlers[:] = kept
        root.setLevel(level)

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == {"level": "ERROR", "event": "library_logged", "logger": "urllib3"}
    assert lines[1]["phone"] == "***8000"


def test_a_surprise_shows_type_and_stack_without_its_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    try:
        raise RuntimeError("SendSms?PhoneNumbers=13800138000")
    except RuntimeError as error:
        with caplog.at_level(logging.ERROR, logger="sesame"):
            log_surprise("invocation_failed", error)

    bind(request_id="r-1")
    line = json.loads(JsonLines().format(caplog.records[0]))
    bind()
    assert line["error_type"] == "RuntimeError"
    assert line["request_id"] == "r-1"
    assert "PhoneNumbers" not in json.dumps(line)


@pytest.mark.parametrize(
    ("number", "mask"),
    [
        ("+8613800138000", "+86******8000"),
        ("+85251234567", "+852******4567"),
        ("+6907290", "+690******90"),
    ],
)
def test_a_mask_shows_no_more_than_half(number: str, mask: str) -> None:
    phone = parse_phone(number)

    assert phone.masked == str(phone) == mask
    assert number not in repr(phone)
