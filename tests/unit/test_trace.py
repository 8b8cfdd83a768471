"""Trace context as it is read, passed on and never believed."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.observability.trace import (
    PARENT,
    STATE,
    STATE_LIMIT,
    Trace,
    carried,
    carrier_in,
    continued,
    end_trace,
    read_trace,
    start_trace,
    trace_fields,
)

TRACE_ID, SPAN_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CAME = {PARENT: f"00-{TRACE_ID}-{SPAN_ID}-01", STATE: "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"}
OTHER = {PARENT: f"00-{'1' * 32}-{'2' * 16}-00"}
HEX = st.text("0123456789abcdef", min_size=32, max_size=32).filter(lambda text: text.strip("0"))


@pytest.fixture(autouse=True)
def no_trace_before_or_after() -> Iterator[None]:
    end_trace()
    yield
    end_trace()


def read(parent: str, state: str = "") -> Trace | None:
    return read_trace({PARENT: parent, STATE: state})


def test_a_traceparent_is_read_with_its_state() -> None:
    assert read_trace(CAME) == Trace(TRACE_ID, SPAN_ID, True, CAME[STATE])


@pytest.mark.parametrize(
    ("flags", "is_sampled"), [("00", False), ("01", True), ("02", False), ("ff", True)]
)
def test_of_the_flags_only_sampled_counts(flags: str, is_sampled: bool) -> None:
    trace = read(f"00-{TRACE_ID}-{SPAN_ID}-{flags}")

    assert trace is not None
    assert trace.is_sampled is is_sampled
    assert trace.carrier()[PARENT].endswith("-01" if is_sampled else "-00")


@pytest.mark.parametrize(
    "parent",
    [
        "",
        "00",
        f"00-{TRACE_ID}-{SPAN_ID}",
        f"00-{TRACE_ID}-{SPAN_ID}-1",
        f"00-{TRACE_ID}-{SPAN_ID}-01-",
        f"00-{TRACE_ID}-{SPAN_ID}-01-more",
        f"00-{TRACE_ID}-{SPAN_ID}-01 ",
        f" 00-{TRACE_ID}-{SPAN_ID}-01",
        f"00-{TRACE_ID}-{SPAN_ID}-01\n",
        f"00-{TRACE_ID.upper()}-{SPAN_ID}-01",
        f"00-{TRACE_ID}-{SPAN_ID.upper()}-01",
        f"00-{'0' * 32}-{SPAN_ID}-01",
        f"00-{TRACE_ID}-{'0' * 16}-01",
        f"00-{TRACE_ID[:-1]}-{SPAN_ID}-01",
        f"00-{TRACE_ID}-{SPAN_ID}-0g",
        f"0-{TRACE_ID}-{SPAN_ID}-01",
        f"ff-{TRACE_ID}-{SPAN_ID}-01",
        f"01-{TRACE_ID}-{SPAN_ID}-01more",
        f"00-{TRACE_ID}-{SPAN_ID}-01,00-{TRACE_ID}-{SPAN_ID}-01",
        f"00_{TRACE_ID}_{SPAN_ID}_01",
        f"00-{'١' * 32}-{SPAN_ID}-01",
    ],
)
def test_what_is_no_traceparent_is_ignored_with_its_state(parent: str) -> None:
    assert read(parent, "congo=t61") is None


@pytest.mark.parametrize("end", ["", "-", "-what-comes-later"])
def test_a_later_version_is_read_as_the_one_known(end: str) -> None:
    trace = read(f"cc-{TRACE_ID}-{SPAN_ID}-01{end}")

    assert trace == Trace(TRACE_ID, SPAN_ID, True)
    assert trace.carrier() == {PARENT: f"00-{TRACE_ID}-{SPAN_ID}-01"}


@pytest.mark.parametrize("value", [None, 5, ["00"], {"a": 1}])
def test_what_is_no_text_is_ignored(value: object) -> None:
    assert read_trace({PARENT: value}) is None
    trace = read_trace({**CAME, STATE: value})
    assert trace is not None
    assert trace.state == ""


@pytest.mark.parametrize(
    ("came", "goes"),
    [
        ("a=1", "a=1"),
        (" a=1 ,\tb=2 ", "a=1,b=2"),
        ("a=1,,b=2", "a=1,b=2"),
        ("tenant@vendor=x", "tenant@vendor=x"),
        ("0a@v=1", "0a@v=1"),
        ("a=1;2:3", "a=1;2:3"),
        ("", ""),
        ("a", ""),
        ("a=", ""),
        ("A=1", ""),
        ("a=1=2", ""),
        ("a=ü", ""),
        ("a=1\r\nSet-Cookie: b=2", ""),
        ("a=1\x00", ""),
        (",".join(f"k{number}=1" for number in range(33)), ""),
        (",".join(f"k{number}=1" for number in range(32)), None),
    ],
)
def test_a_tracestate_goes_on_whole_or_not_at_all(came: str, goes: str | None) -> None:
    trace = read(CAME[PARENT], came)

    assert trace is not None
    assert trace.state == (came if goes is None else goes)


def test_of_too_long_a_tracestate_the_long_members_go_first_then_the_last() -> None:
    long, short = f"long={'x' * 200}", [f"k{number:02d}={'y' * 96}" for number in range(6)]
    trace = read(CAME[PARENT], ",".join([short[0], long, *short[1:]]))

    assert trace is not None
    assert trace.state == ",".join(short[:5])
    assert len(trace.state) <= STATE_LIMIT


@given(st.text(max_size=1200))
def test_no_state_makes_more_of_itself(state: str) -> None:
    trace = read(CAME[PARENT], state)

    assert trace is not None
    assert len(trace.state) <= STATE_LIMIT
    assert trace.state.isascii()
    assert trace.state == "" or trace.state.isprintable()


@given(HEX, st.booleans())
def test_what_is_sent_is_read_as_the_same(trace_id: str, is_sampled: bool) -> None:
    trace = Trace(trace_id, SPAN_ID, is_sampled, "a=1")

    assert read_trace(trace.carrier()) == trace


def test_every_hop_is_a_span_of_its_own() -> None:
    start_trace([CAME])
    first = trace_fields()
    start_trace([carried()])
    second = trace_fields()

    assert first["trace_id"] == second["trace_id"] == TRACE_ID
    assert len({SPAN_ID, first["span_id"], second["span_id"]}) == 3
    assert carried()[STATE] == CAME[STATE]
    assert carried()[PARENT] == f"00-{TRACE_ID}-{second['span_id']}-01"


def test_a_hop_without_a_parent_begins_a_trace() -> None:
    start_trace([{}], random=lambda size: b"\x07" * size)

    assert carried() == {PARENT: f"00-{'07' * 16}-{'07' * 8}-01"}


def test_a_batch_of_several_traces_is_of_none_of_them() -> None:
    for parents in ([CAME, OTHER], [CAME, {}], [{}, CAME]):
        start_trace(parents)
        assert trace_fields()["trace_id"] not in (TRACE_ID, "1" * 32)


def test_a_batch_of_one_trace_is_of_that_one() -> None:
    start_trace([CAME, CAME])

    assert trace_fields()["trace_id"] == TRACE_ID


def test_an_item_of_another_trace_has_its_own_hop_for_a_while() -> None:
    start_trace([CAME])
    outside = trace_fields()
    with continued(OTHER):
        inside = trace_fields()
        assert carried()[PARENT].endswith("-00")

    assert inside["trace_id"] == "1" * 32
    assert inside["span_id"] != "2" * 16
    assert trace_fields() == outside


@pytest.mark.parametrize("carrier", [{}, {PARENT: "no"}, CAME])
def test_an_item_of_the_same_trace_or_of_none_changes_nothing(carrier: dict[str, str]) -> None:
    start_trace([CAME])
    outside = trace_fields()
    with continued(carrier):
        assert trace_fields() == outside


def test_outside_of_a_hop_there_is_nothing() -> None:
    assert carried() == {}
    assert trace_fields() == {}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b'["traceparent"]',
        b'{"params": {"traceparent": "00-1-2-01"}}',
        b'{"traceparent": 5}',
        b'{"traceparent": "\xff"}',
        b'{"traceparent":' + b"[" * 50_000,
    ],
)
def test_a_body_without_a_trace_carries_none(body: bytes) -> None:
    assert carrier_in(body) == {}


def test_a_body_carries_a_trace_as_a_cloud_event_does() -> None:
    event = {"specversion": "1.0", "id": "1", **CAME, "data": {}}

    assert carrier_in(json.dumps(event).encode()) == CAME
