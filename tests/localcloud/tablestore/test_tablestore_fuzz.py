"""Bad input: the service's own error or a closed connection, never a crash and never a row."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tablestore_server import RunningTablestore, create_table, put, read

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.tablestore import ots_pb2
from infra.localcloud.tablestore.decoding import _Reader
from infra.localcloud.tablestore.errors import OtsError
from infra.localcloud.tablestore.plainbuffer import Cell, Op, PlainRow, encode_row, encode_variant
from infra.localcloud.tablestore.quick_decoding import read_quickly

KEY = [("pk", "a")]
BOUNDED = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[RunningTablestore]:
    """One server for all the examples, with a row whose neighbours must stay away."""
    running = RunningTablestore(Cloud())
    create_table(running.client())
    put(running.client(), "kept", n=1)
    yield running
    assert read(running.client(), "kept") == {"n": 1}
    running.stop()


def _bodies() -> dict[str, bytes]:
    """A good body of every operation that has one."""
    condition = ots_pb2.Condition(
        row_existence=ots_pb2.IGNORE,
        column_condition=ots_pb2.Filter(
            type=ots_pb2.FT_SINGLE_COLUMN_VALUE,
            filter=ots_pb2.SingleColumnValueFilter(
                comparator=ots_pb2.CT_EQUAL,
                column_name="n",
                column_value=encode_variant(1),
                filter_if_missing=True,
                latest_version_only=True,
            ).SerializeToString(),
        ).SerializeToString(),
    )
    change = encode_row(KEY, [Cell("n", 1, None, Op.INCREMENT), Cell("s", "x", 7)])
    messages = {
        "GetRow": ots_pb2.GetRowRequest(
            table_name="t", primary_key=encode_row(KEY), max_versions=1
        ),
        "PutRow": ots_pb2.PutRowRequest(
            table_name="t", row=encode_row(KEY, [Cell("n", 1)]), condition=condition
        ),
        "UpdateRow": ots_pb2.UpdateRowRequest(
            table_name="t", row_change=change, condition=condition
        ),
        "GetRange": ots_pb2.GetRangeRequest(
            table_name="t",
            direction=ots_pb2.FORWARD,
            max_versions=1,
            inclusive_start_primary_key=encode_row([("pk", "a")]),
            exclusive_end_primary_key=encode_row([("pk", "b")]),
        ),
        "BatchWriteRow": ots_pb2.BatchWriteRowRequest(
            is_atomic=True,
            tables=[
                ots_pb2.TableInBatchWriteRowRequest(
                    table_name="t",
                    rows=[
                        ots_pb2.RowInBatchWriteRowRequest(
                            type=ots_pb2.UPDATE, row_change=change, condition=condition
                        )
                    ],
                )
            ],
        ),
        "StartLocalTransaction": ots_pb2.StartLocalTransactionRequest(
            table_name="t", key=encode_row(KEY)
        ),
        "CreateIndex": ots_pb2.CreateIndexRequest(
            main_table_name="t",
            index_meta=ots_pb2.IndexMeta(
                name="i",
                primary_key=["n"],
                index_update_mode=ots_pb2.IUM_ASYNC_INDEX,
                index_type=ots_pb2.IT_GLOBAL_INDEX,
            ),
        ),
    }
    return {name: message.SerializeToString() for name, message in messages.items()}


GOOD = _bodies()


@st.composite
def spoiled(draw: st.DrawFn) -> tuple[str, bytes]:
    """An operation with a body that is cut off, or has some bytes changed, put in or taken out."""
    name = draw(st.sampled_from(sorted(GOOD)))
    body = bytearray(GOOD[name])
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(body) - 1)))
        how = draw(st.sampled_from(["change", "put in", "take out", "cut"]))
        if how == "cut":
            del body[at:]
        elif how == "take out":
            del body[at : at + draw(st.integers(1, 6))]
        else:
            end = at + (how == "change")
            body[at:end] = draw(st.binary(min_size=1, max_size=4))
    return name, bytes(body)


@BOUNDED
@given(request=spoiled())
def test_spoiled_request_is_answered_by_the_protocol(
    fuzzed: RunningTablestore, request: tuple[str, bytes]
) -> None:
    operation, body = request
    answer = fuzzed.post(operation, body)
    assert answer.status in (200, 400, 403, 404, 409)
    if answer.status != 200:
        assert answer.error[0].startswith("OTS")


@BOUNDED
@given(operation=st.sampled_from(sorted(GOOD)), body=st.binary(max_size=200))
def test_random_request_is_answered_by_the_protocol(
    fuzzed: RunningTablestore, operation: str, body: bytes
) -> None:
    assert fuzzed.post(operation, body).status in (200, 400, 404)


@BOUNDED
@given(at=st.integers(0, 200), byte=st.integers(1, 255))
def test_row_with_a_wrong_byte_is_never_written(
    fuzzed: RunningTablestore, at: int, byte: int
) -> None:
    row = bytearray(encode_row([("pk", "wrong")], [Cell("n", 1), Cell("s", "text")]))
    row[at % len(row)] ^= byte
    request = ots_pb2.PutRowRequest(
        table_name="t", row=bytes(row), condition=ots_pb2.Condition(row_existence=ots_pb2.IGNORE)
    )
    assert fuzzed.post("PutRow", request.SerializeToString()).status == 400
    assert read(fuzzed.client(), "wrong") is None


@BOUNDED
@given(head=st.binary(max_size=300))
def test_http_garbage_ends_the_connection_alone(fuzzed: RunningTablestore, head: bytes) -> None:
    at = urlsplit(fuzzed.endpoint)
    with (
        socket.create_connection((at.hostname, at.port), timeout=5) as connection,
        suppress(OSError),  # it may be closed while we still talk
    ):
        connection.sendall(head + b"\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
    assert fuzzed.post("GetRow", GOOD["GetRow"]).status == 200


def test_body_that_ends_early_writes_nothing(fuzzed: RunningTablestore) -> None:
    at = urlsplit(fuzzed.endpoint)
    with socket.create_connection((at.hostname, at.port), timeout=5) as connection:
        connection.sendall(b"POST /PutRow HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n")
        connection.sendall(GOOD["PutRow"])
    assert read(fuzzed.client(), "a") in (None, {"n": 1}, {"n": 2, "s": "x"})
    assert fuzzed.post("ListTable").status == 200


def test_giant_body_is_too_large(fuzzed: RunningTablestore) -> None:
    answer = fuzzed.post("PutRow", b"x" * (5 * 1024 * 1024 + 1))
    assert (answer.status, answer.error[0]) == (413, "OTSRequestBodyTooLarge")


def test_stalled_connection_does_not_hold_up_others(fuzzed: RunningTablestore) -> None:
    at = urlsplit(fuzzed.endpoint)
    stalled = [socket.create_connection((at.hostname, at.port), timeout=5) for _ in range(50)]
    try:
        for connection in stalled:
            connection.sendall(b"POST /GetRow HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        assert fuzzed.post("GetRow", GOOD["GetRow"]).status == 200
    finally:
        for connection in stalled:
            connection.close()


@given(
    cells=st.lists(
        st.tuples(
            st.text(max_size=5),
            st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text() | st.binary(),
            st.none() | st.integers(0, 2**62),
            st.none() | st.sampled_from(Op),
        ),
        max_size=4,
    ),
    changes=st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), max_size=2),
)
def test_quick_reader_takes_what_the_careful_one_takes(
    cells: list[tuple[str, object, int | None, Op | None]], changes: list[tuple[int, int]]
) -> None:
    data = bytearray(encode_row(KEY, [Cell(*cell) for cell in cells]))  # type: ignore[arg-type]
    for at, byte in changes:
        data[at % len(data)] = byte
    quick = read_quickly(bytes(data), verifies=True)
    assert quick is None or quick == _carefully(bytes(data))
    if not changes:
        assert quick is not None


def _carefully(data: bytes) -> PlainRow | None:
    reader = _Reader(data)
    try:
        reader.header()
        row = reader.row()
        reader.expect_end()
    except OtsError:
        return None
    return row
