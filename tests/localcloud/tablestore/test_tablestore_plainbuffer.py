"""The PlainBuffer codec: round trips, the SDK's own codec as a check, and hostile bytes."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tablestore_server import RunningTablestore, create_table, put, read

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.tablestore import ots_pb2
from infra.localcloud.tablestore.errors import OtsError
from infra.localcloud.tablestore.keys import encode_key
from infra.localcloud.tablestore.plainbuffer import (
    Bound,
    Cell,
    Op,
    PlainRow,
    decode_row,
    decode_rows,
    decode_variant,
    encode_row,
    encode_variant,
)

INT64 = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
KEY_VALUES = st.one_of(INT64, TEXT, st.binary(max_size=20), st.sampled_from(Bound))
VALUES = st.one_of(INT64, TEXT, st.binary(max_size=20), st.booleans(), st.floats(allow_nan=False))
KEYS = st.lists(st.tuples(TEXT, KEY_VALUES), max_size=4)
CELLS = st.lists(
    st.builds(
        Cell,
        name=TEXT,
        value=st.none() | VALUES,
        timestamp_ms=st.none() | INT64,
        op=st.none() | st.sampled_from(Op),
    ),
    max_size=6,
)


@given(key=KEYS, cells=CELLS, is_deleted=st.booleans())
def test_row_survives_a_round_trip(
    key: list[tuple[str, Any]], cells: list[Cell], is_deleted: bool
) -> None:
    data = encode_row(key, cells, is_deleted=is_deleted)
    assert decode_row(data) == PlainRow(key, cells, is_deleted)


@given(value=VALUES | st.sampled_from(Bound))
def test_variant_survives_a_round_trip_with_its_type(value: Any) -> None:
    decoded = decode_variant(encode_variant(value))
    assert decoded == value
    assert type(decoded) is type(value)


@given(key=KEYS, cells=CELLS, data=st.data())
def test_changed_byte_never_passes_unseen(
    key: list[tuple[str, Any]], cells: list[Cell], data: st.DataObject
) -> None:
    """The checksums catch any one changed byte, or the row no longer parses."""
    encoded = bytearray(encode_row(key, cells))
    at = data.draw(st.integers(0, len(encoded) - 1))
    encoded[at] ^= data.draw(st.integers(1, 255))
    decoded = decoded_or_refused(bytes(encoded))
    if decoded is not None:
        assert encode_row(decoded.key, decoded.cells, is_deleted=decoded.is_deleted) == encoded


def decoded_or_refused(data: bytes) -> PlainRow | None:
    """The row, or None where the codec refuses it as the service would."""
    try:
        return decode_row(data)
    except OtsError:
        return None


@given(data=st.binary(max_size=200))
def test_any_bytes_decode_or_are_refused(data: bytes) -> None:
    for decode in (decode_row, decode_rows, decode_variant):
        for prefix in (b"", b"\x75\x00\x00\x00\x01\x03\x04"):
            with contextlib.suppress(OtsError):
                decode(prefix + data)


def test_codec_agrees_with_the_sdk_s() -> None:
    from tablestore.plainbuffer.plain_buffer_builder import PlainBufferBuilder

    key = [("pk", "a"), ("no", -7)]
    built = PlainBufferBuilder.serialize_for_update_row(
        [("pk", "a"), ("no", -7)],
        {
            "PUT": [("s", "x", 5), ("d", 1.5), ("t", True), ("b", bytearray(b"\x00"))],
            "DELETE": [("one", None, 9)],
            "DELETE_ALL": ["all"],
            "INCREMENT": [("n", 3)],
        },
    )
    cells = [
        Cell("s", "x", 5),
        Cell("d", 1.5),
        Cell("t", True),
        Cell("b", b"\x00"),
        Cell("one", None, 9, Op.DELETE_ONE),
        Cell("all", op=Op.DELETE_ALL),
        Cell("n", 3, op=Op.INCREMENT),
    ]
    assert bytes(built) == encode_row(key, cells)


@given(st.lists(st.tuples(INT64, TEXT, st.binary(max_size=8)), min_size=2, max_size=8))
def test_encoded_keys_sort_as_their_values_do(keys: list[tuple[int, str, bytes]]) -> None:
    by_value = sorted(keys, key=lambda key: (key[0], key[1].encode(), key[2]))
    by_bytes = sorted(keys, key=lambda key: encode_key([("", part) for part in key]))
    assert by_bytes == by_value


@given(value=st.one_of(INT64, TEXT, st.binary(max_size=8)))
def test_bounds_enclose_every_value(value: Any) -> None:
    low, high = encode_key([("k", Bound.INF_MIN)]), encode_key([("k", Bound.INF_MAX)])
    assert low < encode_key([("k", value)]) < high


# ---- over the wire ----


def get_row(primary_key: bytes) -> bytes:
    """A GetRow body around an encoded key."""
    return ots_pb2.GetRowRequest(
        table_name="t", primary_key=primary_key, max_versions=1
    ).SerializeToString()


@pytest.mark.parametrize("at", [-1, -3])
def test_wrong_checksum_is_refused(server: RunningTablestore, at: int) -> None:
    """The last byte is the row's checksum, the third last the cell's."""
    create_table(server.client())
    encoded = bytearray(encode_row([("pk", "a")]))
    encoded[at] ^= 1
    answer = server.post("GetRow", get_row(bytes(encoded)))
    assert answer.status == 400
    assert answer.error[1].startswith("Cell data broken, checksum is mismatch, ")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"\xff", "Parse PBMessage from RawString failed."),
        (b"\x0a\x01t", "Parse PBMessage from RawString failed."),
        (get_row(b"").replace(b"\x01t", b"\x01\xff"), "Parse PBMessage from RawString failed."),
        (get_row(b""), "Input encoded PK broken, length is shorter than expect."),
        (get_row(bytes(4)), "Cell data broken, mismatch header, actual: 0, expect: 117."),
        (
            get_row(encode_row([("pk", "a")]) + b"\x00\x01"),
            "Cell data broken, has more data in cell, but they can't be parsed.",
        ),
        (
            get_row(encode_row([("pk", "a")])[:-2]),
            "Input encoded PK broken, length is shorter than expect.",
        ),
    ],
)
def test_malformed_body_is_refused(server: RunningTablestore, body: bytes, text: str) -> None:
    answer = server.post("GetRow", body)
    assert answer.status == 400
    assert answer.error == ("OTSParameterInvalid", text)


def test_zeros_behind_a_row_are_taken(server: RunningTablestore) -> None:
    """As the Node SDK leaves them behind the bounds of a range."""
    create_table(server.client())

    assert server.post("GetRow", get_row(encode_row([("pk", "a")]) + b"\x00\x00")).status == 200


def well_formed() -> dict[str, bytes]:
    """A body of each operation on rows that the server takes."""
    key = encode_row([("pk", "a")])
    change = encode_row([("pk", "a")], [Cell("n", 1, op=Op.INCREMENT), Cell("x", "y")])
    test = ots_pb2.SingleColumnValueFilter(
        comparator=ots_pb2.CT_LESS_THAN,
        column_name="n",
        column_value=encode_variant(10**6),
        filter_if_missing=False,
        latest_version_only=True,
    )
    part = ots_pb2.Filter(type=ots_pb2.FT_SINGLE_COLUMN_VALUE, filter=test.SerializeToString())
    both = ots_pb2.CompositeColumnValueFilter(combinator=ots_pb2.LO_AND, sub_filters=[part, part])
    condition = ots_pb2.Condition(
        row_existence=ots_pb2.IGNORE,
        column_condition=ots_pb2.Filter(
            type=ots_pb2.FT_COMPOSITE_COLUMN_VALUE, filter=both.SerializeToString()
        ).SerializeToString(),
    )
    update = ots_pb2.UpdateRowRequest(table_name="t", row_change=change, condition=condition)
    row = ots_pb2.RowInBatchWriteRowRequest(
        type=ots_pb2.UPDATE, row_change=change, condition=condition
    )
    table = ots_pb2.TableInBatchWriteRowRequest(table_name="t", rows=[row])
    bounds = [encode_row([("pk", bound)]) for bound in (Bound.INF_MIN, Bound.INF_MAX)]
    get_range = ots_pb2.GetRangeRequest(
        table_name="t",
        direction=ots_pb2.FORWARD,
        max_versions=1,
        inclusive_start_primary_key=bounds[0],
        exclusive_end_primary_key=bounds[1],
    )
    return {
        "GetRow": get_row(key),
        "UpdateRow": update.SerializeToString(),
        "BatchWriteRow": ots_pb2.BatchWriteRowRequest(tables=[table]).SerializeToString(),
        "GetRange": get_range.SerializeToString(),
    }


WELL_FORMED = well_formed()


@pytest.fixture(scope="module")
def fuzzed() -> Any:
    """One server for all the broken bodies."""
    running = RunningTablestore(Cloud())
    create_table(running.client())
    put(running.client(), "whole", x=1)
    yield running
    running.stop()


@pytest.mark.parametrize("operation", WELL_FORMED)
def test_well_formed_bodies_are_taken(fuzzed: RunningTablestore, operation: str) -> None:
    assert fuzzed.post(operation, WELL_FORMED[operation]).status == 200


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_broken_body_is_never_a_bug_of_the_server(
    fuzzed: RunningTablestore, data: st.DataObject
) -> None:
    operation = data.draw(st.sampled_from(sorted(WELL_FORMED)))
    body = bytearray(WELL_FORMED[operation])
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(body)))
    kept = bytes(body[:cut]) if data.draw(st.booleans()) else bytes(body)
    assert fuzzed.post(operation, kept).status in (200, 400, 403, 404)


@settings(max_examples=50, deadline=None)
@given(
    operation=st.sampled_from(["CreateTable", "UpdateTable", "BatchGetRow", "PutRow"]),
    body=st.binary(max_size=60),
)
def test_random_body_is_never_a_bug_of_the_server(
    fuzzed: RunningTablestore, operation: str, body: bytes
) -> None:
    assert fuzzed.post(operation, body).status in (200, 400, 403, 404, 409)


def test_hostile_bodies_leave_the_data_alone(fuzzed: RunningTablestore) -> None:
    assert read(fuzzed.client(), "whole") == {"x": 1}
