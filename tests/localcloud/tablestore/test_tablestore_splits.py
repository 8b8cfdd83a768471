"""ComputeSplitPointsBySize: how a table would be divided."""

from __future__ import annotations

from tablestore_server import RunningTablestore, create_table, sdk

from infra.localcloud.tablestore import ots_pb2
from infra.localcloud.tablestore.plainbuffer import decode_row

SCHEMA = [("p", "STRING"), ("i", "INTEGER")]
MEGABYTE = 1024 * 1024


def compute(
    server: RunningTablestore, split_size: int, **options: int
) -> ots_pb2.ComputeSplitPointsBySizeResponse:
    request = ots_pb2.ComputeSplitPointsBySizeRequest(
        table_name="t", split_size=split_size, **options
    )
    answer = server.post("ComputeSplitPointsBySize", request.SerializeToString())
    assert answer.status == 200, answer.error
    return ots_pb2.ComputeSplitPointsBySizeResponse.FromString(answer.body)


def test_empty_table_is_one_split(server: RunningTablestore) -> None:
    create_table(server.client(), "t", SCHEMA)
    answer = compute(server, 1)
    assert list(answer.split_points) == []
    assert [(len(each.location), each.repeat) for each in answer.locations] == [(32, 1)]
    assert [(column.name, column.type) for column in answer.schema] == [
        ("p", ots_pb2.STRING),
        ("i", ots_pb2.INTEGER),
    ]
    assert (answer.consumed.capacity_unit.read, answer.consumed.capacity_unit.write) == (1, 0)


def test_big_table_is_divided_between_partition_keys(server: RunningTablestore) -> None:
    client = server.client()
    create_table(client, "t", SCHEMA)
    for p in ("a", "b", "c"):
        for i in range(2):
            row = sdk.Row([("p", p), ("i", i)], [("v", "x" * MEGABYTE)])
            client.put_row("t", row, None)
    answer = compute(server, 1, split_size_unit_in_byte=MEGABYTE)
    assert [decode_row(point).key for point in answer.split_points] == [[("p", "b")], [("p", "c")]]
    assert answer.locations[0].repeat == 3
    limited = compute(server, 1, split_size_unit_in_byte=MEGABYTE, split_point_limit=1)
    assert len(limited.split_points) == 1


def test_impossible_sizes_are_refused(server: RunningTablestore) -> None:
    create_table(server.client(), "t", SCHEMA)
    for fields, text in (
        ({"split_size": 0}, "The split_size should be greater than 0."),
        (
            {"split_size": 1000, "split_size_unit_in_byte": 0},
            "The split_size_unit_in_byte should be greater equal than: 1048576",
        ),
    ):
        request = ots_pb2.ComputeSplitPointsBySizeRequest(table_name="t", **fields)
        answer = server.post("ComputeSplitPointsBySize", request.SerializeToString())
        assert answer.error == ("OTSParameterInvalid", text)
