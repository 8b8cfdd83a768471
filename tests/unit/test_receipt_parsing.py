"""Receipts and replies: strict about the shape, lenient about types, never lost to a neighbour."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import PayloadTooLarge, RequestInvalid
from shared.sms.meanings import failure_class, is_opt_out
from shared.sms.receipts import parse_replies, parse_reports

REPORT: dict[str, object] = {
    "phone_number": "13800138000",
    "send_time": "2027-01-15 16:00:00",
    "report_time": "2027-01-15 16:00:05",
    "success": True,
    "err_code": "DELIVERED",
    "err_msg": "用户接收成功",
    "sms_size": "1",
    "biz_id": "932702304080415357^0",
    "out_id": "ntf-1",
}
REPLY: dict[str, object] = {
    "phone_number": "13800138000",
    "content": "R",
    "send_time": "2027-01-15 16:00:00",
    "dest_code": "1234",
    "sequence_id": "42",
    "sign_name": "Sesame",
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(list(REPORT)), inner),
)


def reports(*entries: object) -> bytes:
    return json.dumps(entries).encode()


def test_a_documented_receipt_is_read_whole() -> None:
    push = parse_reports(reports(REPORT))

    (receipt,) = push.entries
    assert push.problem_count == 0
    assert (receipt.biz_id, receipt.phone, receipt.out_id) == (
        "932702304080415357^0",
        "+8613800138000",
        "ntf-1",
    )
    assert (receipt.success, receipt.err_code, receipt.segments) == (True, "DELIVERED", 1)
    assert receipt.reported_ms == 1_800_000_005_000  # 08:00:05 UTC


def test_a_single_object_is_a_push_of_one() -> None:
    assert len(parse_reports(json.dumps(REPORT).encode()).entries) == 1


@pytest.mark.parametrize(
    ("sent", "understood"),
    [(True, True), ("true", True), ("TRUE", True), (1, True), ("false", False), (0, False)],
)
def test_success_may_be_of_any_type(sent: object, understood: bool) -> None:
    (receipt,) = parse_reports(reports({**REPORT, "success": sent})).entries

    assert receipt.success is understood


def test_numbers_may_be_texts_and_texts_numbers() -> None:
    odd = {**REPORT, "phone_number": 13800138000, "sms_size": 2, "biz_id": 17}

    (receipt,) = parse_reports(reports(odd)).entries

    assert (receipt.phone, receipt.segments, receipt.biz_id) == ("+8613800138000", 2, "17")


@pytest.mark.parametrize("time", [None, "", "yesterday", 17, "2027-13-01 00:00:00"])
def test_an_odd_time_is_none(time: object) -> None:
    (receipt,) = parse_reports(reports({**REPORT, "report_time": time})).entries

    assert receipt.reported_ms == 0


def test_a_receipt_without_out_id_stands_by_its_biz_id() -> None:
    bare = {name: REPORT[name] for name in ("phone_number", "success", "biz_id")}

    (receipt,) = parse_reports(reports(bare)).entries

    assert (receipt.out_id, receipt.err_code, receipt.segments) == ("", "", 0)


@pytest.mark.parametrize(
    ("number", "phone", "other"),
    [
        ("13800138000", "+8613800138000", None),
        ("+8613800138000", "+8613800138000", None),
        ("8613800138000", "+8613800138000", None),
        ("008613800138000", "+8613800138000", None),
        ("85251234567", "+85251234567", None),
        ("12025550123", "+12025550123", None),
        ("14155552671", "+8614155552671", "+14155552671"),
        ("+14155552671", "+14155552671", None),
    ],
)
def test_numbers_become_e164_and_ambiguous_ones_say_so(
    number: str, phone: str, other: str | None
) -> None:
    (receipt,) = parse_reports(reports({**REPORT, "phone_number": number})).entries

    assert (receipt.phone, receipt.other_phone) == (phone, other)


@pytest.mark.parametrize(
    "change",
    [
        {"success": "perhaps"},
        {"success": None},
        {"phone_number": ""},
        {"phone_number": "1380013800x"},
        {"phone_number": "１３８００１３８０００"},
        {"biz_id": "", "out_id": None},
        {"biz_id": "x" * 256},
    ],
)
def test_a_bad_entry_is_counted_and_costs_the_good_ones_nothing(change: dict[str, object]) -> None:
    push = parse_reports(reports(REPORT, {**REPORT, **change}, "text", None, REPORT))

    assert (len(push.entries), push.problem_count) == (2, 3)


@pytest.mark.parametrize("body", [b"", b"{", b"17", b'"x"', b"null", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_array_is_refused(body: bytes) -> None:
    with pytest.raises(RequestInvalid):
        parse_reports(body)


def test_more_entries_than_allowed_are_refused() -> None:
    with pytest.raises(PayloadTooLarge):
        parse_reports(reports(REPORT, REPORT, REPORT), max_count=2)


@given(JSON)
def test_no_content_of_an_array_raises(content: object) -> None:
    push = parse_reports(reports(content, REPORT))

    assert len(push.entries) + push.problem_count == 2


def test_a_receipt_prints_no_number() -> None:
    assert "13800138000" not in repr(parse_reports(reports(REPORT)))
    assert "13800138000" not in repr(parse_replies(reports(REPLY)))


@pytest.mark.parametrize("sequence_id", ["42", 42])
def test_a_reply_is_read_with_either_type_of_sequence_id(sequence_id: object) -> None:
    (reply,) = parse_replies(reports({**REPLY, "sequence_id": sequence_id})).entries

    assert (reply.phone, reply.content, reply.sign_name) == ("+8613800138000", "R", "Sesame")
    assert (reply.sequence_id, reply.sent_ms) == ("42", 1_800_000_000_000)


def test_a_reply_without_content_is_a_problem() -> None:
    assert parse_replies(reports({**REPLY, "content": " "})).problem_count == 1


@pytest.mark.parametrize(
    ("code", "meant"),
    [
        ("INVALID_NUMBER", "number"),
        ("MK:0001", "number"),
        ("mk:0010", "off"),
        ("MOBILE_NOT_ON_SERVICE", "off"),
        ("USER_REJECT", "blocked"),
        ("CONTENT_KEYWORD", "content"),
        ("MK:9999", "carrier"),
        ("IB:0008", "carrier"),
        ("REQUEST_SUCCESS", "unknown"),
        ("", "unknown"),
    ],
)
def test_failures_are_classed_by_table_then_prefix(code: str, meant: str) -> None:
    assert failure_class(code) == meant


@pytest.mark.parametrize(
    "content",
    ["R", "r", "Ｒ", "T", " td ", "退订", "退 订！", "【退订】", "取消", "Stop.", "Opt-out"],
)
def test_an_opt_out_is_heard_in_any_dress(content: str) -> None:
    assert is_opt_out(content)


@pytest.mark.parametrize(
    "content", ["", "?", "Right", "不退订", "stop by at 5", "R1", "取消订单", "好"]
)
def test_what_says_more_than_an_opt_out_is_none(content: str) -> None:
    assert not is_opt_out(content)
