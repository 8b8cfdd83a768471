"""Tables made in several partitions: what DescribeTable tells of them, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tablestore_server import RawAnswer, RunningTablestore, sdk

from infra.localcloud.tablestore import ots_pb2
from infra.localcloud.tablestore.plainbuffer import Bound, Value, decode_row, encode_variant

Point = Value | Bound
TYPES = {int: ots_pb2.INTEGER, str: ots_pb2.STRING, bytes: ots_pb2.BINARY}


def create(
    server: RunningTablestore, key_type: ots_pb2.PrimaryKeyType, ranges: Sequence[Sequence[Point]]
) -> RawAnswer:
    """Make the table `t` in these partitions."""
    nothing = ots_pb2.CapacityUnit(read=0, write=0)
    request = ots_pb2.CreateTableRequest(
        table_meta=ots_pb2.TableMeta(
            table_name="t",
            primary_key=[
                ots_pb2.PrimaryKeySchema(name="pk", type=key_type),
                ots_pb2.PrimaryKeySchema(name="i", type=ots_pb2.INTEGER),
            ],
        ),
        reserved_throughput=ots_pb2.ReservedThroughput(capacity_unit=nothing),
        table_options=ots_pb2.TableOptions(time_to_live=-1, max_versions=1),
    )
    for begin, end in ranges:
        request.partitions.add(begin=encode_variant(begin), end=encode_variant(end))
    return server.post("CreateTable", request.SerializeToString())


def split(server: RunningTablestore, *points: int | str | bytes) -> RawAnswer:
    """Make the table `t`, split at the points."""
    bounds = (Bound.INF_MIN, *points, Bound.INF_MAX)
    ranges = [bounds[place : place + 2] for place in range(len(bounds) - 1)]
    return create(server, TYPES[type(points[0])], ranges)


def described(server: RunningTablestore) -> list[list[tuple[str, object]]]:
    body = ots_pb2.DescribeTableRequest(table_name="t").SerializeToString()
    answer = ots_pb2.DescribeTableResponse.FromString(server.post("DescribeTable", body).body)
    return [list(decode_row(each).key) for each in answer.shard_splits]


@pytest.mark.parametrize(
    "points", [("Chinese", "英国"), (b"\x01\x01", b"\x32"), ("z" * 64,), tuple(range(9))]
)
def test_points_are_described_as_rows_of_the_partition_key(
    server: RunningTablestore, points: tuple[int | str | bytes, ...]
) -> None:
    assert split(server, *points).status == 200
    assert described(server) == [[("pk", point)] for point in points]


def test_sdk_makes_a_table_in_partitions(server: RunningTablestore) -> None:
    server.client()._create_table_ex(  # the SDK has no public way
        sdk.TableMeta("t", [("pk", "INTEGER")]),
        sdk.TableOptions(),
        sdk.ReservedThroughput(sdk.CapacityUnit(0, 0)),
        secondary_indexes=[],
        split_points=[10, 20],
    )
    assert described(server) == [[("pk", 10)], [("pk", 20)]]


@pytest.mark.parametrize(
    ("points", "text"),
    [
        (tuple(range(10)), "The count of partitions cannot be greater than 10"),
        ((-(2**63), 5), "The value of partition range can not be INT64_MIN or INT64_MAX."),
        ((5, 2**63 - 1), "The value of partition range can not be INT64_MIN or INT64_MAX."),
        (("", "a"), "The value of partition range can not be empty string."),
        ((b"", b"a"), "The value of partition range can not be empty binary."),
        (
            ("中国" * 11,),
            "The value of partition range exceeds the MaxLength:64 with CurrentLength:66.",
        ),
    ],
)
def test_impossible_points_are_refused(
    server: RunningTablestore, points: tuple[int | str | bytes, ...], text: str
) -> None:
    answer = split(server, *points)
    assert (answer.status, *answer.error) == (400, "OTSParameterInvalid", text)
    assert server.client().list_table() == ()


@pytest.mark.parametrize(
    ("ranges", "text"),
    [
        (
            [(Bound.INF_MIN, 5), (5, Bound.INF_MAX)],
            "The value type of partition does not match with primary key.",
        ),
        (
            [(Bound.INF_MIN, "a"), ("b", Bound.INF_MAX)],
            "The partition ranges are not continuous.",
        ),
    ],
)
def test_ranges_that_no_sdk_sends_are_refused(
    server: RunningTablestore, ranges: list[tuple[Point, Point]], text: str
) -> None:
    answer = create(server, ots_pb2.STRING, ranges)
    assert answer.error == ("OTSParameterInvalid", text)
