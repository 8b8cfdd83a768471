"""Tables made in several partitions: where these meet, as DescribeTable tells it.

Limits and texts are those of the vendor's Java tests SplitPointTest and TestCreateTableExFunciton.
Here every table is one partition all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from infra.localcloud.tablestore import ots_pb2
from infra.localcloud.tablestore.errors import invalid
from infra.localcloud.tablestore.plainbuffer import Bound, Value, decode_variant, encode_row
from infra.localcloud.tablestore.table import KEY_TYPES

MAX_PARTITIONS: Final = 10
MAX_POINT_BYTES: Final = 64
_EXTREMES: Final = (-(2**63), 2**63 - 1)
_EMPTY_TEXTS: Final = {"": "string", b"": "binary"}


def shard_splits(
    meta: ots_pb2.TableMeta, partitions: Sequence[ots_pb2.PartitionRange]
) -> list[bytes]:
    """The partition keys at which a new table's partitions meet, each as a row with that column
    alone. Raises OtsError for ranges that cannot be.
    """
    if len(partitions) > MAX_PARTITIONS:
        raise invalid(f"The count of partitions cannot be greater than {MAX_PARTITIONS}")
    column = meta.primary_key[0]
    ends = [decode_variant(partition.end) for partition in partitions]
    for point in ends[:-1]:
        _check_point(point, KEY_TYPES[column.type])
    begins = [decode_variant(partition.begin) for partition in partitions]
    if partitions and [*begins, Bound.INF_MAX] != [Bound.INF_MIN, *ends]:
        # Inferred: the text for partitions that do not join.
        raise invalid("The partition ranges are not continuous.")
    return [encode_row([(column.name, _known(point))]) for point in ends[:-1]]


def _check_point(point: Value | Bound, type_: type) -> None:
    if type(point) is not type_:
        raise invalid("The value type of partition does not match with primary key.")
    if isinstance(point, int):
        if point in _EXTREMES:
            raise invalid("The value of partition range can not be INT64_MIN or INT64_MAX.")
        return
    assert isinstance(point, (str, bytes))
    if not point:
        raise invalid(f"The value of partition range can not be empty {_EMPTY_TEXTS[point]}.")
    size_bytes = len(point.encode()) if isinstance(point, str) else len(point)
    if size_bytes > MAX_POINT_BYTES:
        raise invalid(
            f"The value of partition range exceeds the MaxLength:{MAX_POINT_BYTES} "
            f"with CurrentLength:{size_bytes}."
        )


def _known(point: Value | Bound) -> int | str | bytes:
    assert isinstance(point, (int, str, bytes))
    return point
