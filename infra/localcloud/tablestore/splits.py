"""ComputeSplitPointsBySize: where a table can be divided into parts of about one size.

Texts and the one location are those of the vendor's Java test TestComputeSplitPointsBySize.
Inferred: splits end where a partition key ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from infra.localcloud.tablestore import ots_pb2
from infra.localcloud.tablestore.capacity import Cost
from infra.localcloud.tablestore.errors import invalid
from infra.localcloud.tablestore.indexes import GREATEST_KEY, LEAST_KEY
from infra.localcloud.tablestore.limits import check_table_name
from infra.localcloud.tablestore.plainbuffer import Key, decode_stored, encode_row
from infra.localcloud.tablestore.replies import Reply
from infra.localcloud.tablestore.rows import Rows
from infra.localcloud.tablestore.table import Table
from infra.localcloud.tablestore.tables import Tables

_DEFAULT_UNIT_BYTES: Final = 100 * 1024 * 1024
_MIN_UNIT_BYTES: Final = 1024 * 1024
_LOCATION: Final = "0" * 32
"""The service names its hosts by 32 characters; here there is one."""


class Splitter:
    """Computes split points."""

    def __init__(self, tables: Tables, rows: Rows) -> None:
        self._tables = tables
        self._rows = rows

    def compute(self, request: ots_pb2.ComputeSplitPointsBySizeRequest) -> Reply:
        """ComputeSplitPointsBySize. Inferred: splits cost one read, however many."""
        check_table_name(request.table_name)
        if request.split_size <= 0:
            raise invalid("The split_size should be greater than 0.")
        unit_bytes = _DEFAULT_UNIT_BYTES
        if request.HasField("split_size_unit_in_byte"):
            unit_bytes = request.split_size_unit_in_byte
            if unit_bytes < _MIN_UNIT_BYTES:
                raise invalid(
                    f"The split_size_unit_in_byte should be greater equal than: {_MIN_UNIT_BYTES}"
                )
        table = self._tables.find(request.table_name)
        points = list(self._points(table, request.split_size * unit_bytes))
        if request.HasField("split_point_limit") and request.split_point_limit > 0:
            points = points[: request.split_point_limit]
        cost = Cost(read=1)
        answer = ots_pb2.ComputeSplitPointsBySizeResponse(
            consumed=cost.as_message(),
            schema=[column.as_message() for column in table.key_columns],
            split_points=[encode_row(point) for point in points],
        )
        answer.locations.add(location=_LOCATION, repeat=len(points) + 1)
        return Reply(answer, cost)

    def _points(self, table: Table, split_bytes: int) -> Iterator[Key]:
        size_bytes = 0
        last: object = None
        for _, row in self._rows.scan(table, LEAST_KEY, GREATEST_KEY, backward=False):
            key = decode_stored(row.data).key
            if size_bytes >= split_bytes and key[0][1] != last:
                yield key[:1]
                size_bytes = 0
            last = key[0][1]
            size_bytes += len(row.data)
