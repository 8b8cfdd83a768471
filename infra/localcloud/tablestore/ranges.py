"""GetRange: a slice of a table in key order or against it, page by page."""

from __future__ import annotations

from collections.abc import Iterator

from infra.localcloud.core.clock import CloudClock
from infra.localcloud.tablestore import ots_pb2
from infra.localcloud.tablestore.capacity import Cost, units
from infra.localcloud.tablestore.errors import invalid
from infra.localcloud.tablestore.keys import encode_key, parse_read_key
from infra.localcloud.tablestore.limits import (
    MAX_RANGE_BYTES,
    MAX_RANGE_ROWS,
    check_key_values,
    check_table_name,
)
from infra.localcloud.tablestore.plainbuffer import (
    HEADER_BYTES,
    Bound,
    Key,
    decode_stored,
    encode_body,
    encode_row,
)
from infra.localcloud.tablestore.reads import (
    Selection,
    live_columns,
    parse_selection,
    select,
)
from infra.localcloud.tablestore.replies import Reply
from infra.localcloud.tablestore.rows import Rows
from infra.localcloud.tablestore.table import Table
from infra.localcloud.tablestore.tables import Tables
from infra.localcloud.tablestore.transactions import Transactions
from infra.localcloud.tablestore.versions import Columns

_BOUNDS = (Bound.INF_MIN, Bound.INF_MAX)


class RangeReader:
    """Reads ranges."""

    def __init__(self, tables: Tables, transactions: Transactions, clock: CloudClock) -> None:
        self._tables = tables
        self._transactions = transactions
        self._clock = clock

    def get_range(self, request: ots_pb2.GetRangeRequest) -> Reply:
        """GetRange."""
        check_table_name(request.table_name)
        transaction = self._transactions.find(
            request.transaction_id, is_given=request.HasField("transaction_id")
        )
        if request.HasField("limit") and request.limit <= 0:
            raise invalid("The limit must be greater than 0.")
        ends = [
            parse_read_key(data)
            for data in (request.inclusive_start_primary_key, request.exclusive_end_primary_key)
        ]
        for key in ends:
            check_key_values(key, _BOUNDS)
        selection = parse_selection(request)
        table = self._tables.find(request.table_name)
        for key in ends:
            table.check_key(key, _BOUNDS)
        start, end = (encode_key(key) for key in ends)
        backward = request.direction == ots_pb2.BACKWARD
        _check_order(start, end, backward=backward)
        limit = min(request.limit or MAX_RANGE_ROWS, MAX_RANGE_ROWS)
        rows = self._transactions.rows_to_read(transaction, table, *ends)
        return _page(self._live_rows(rows, table, start, end, backward), table, selection, limit)

    def _live_rows(
        self, rows: Rows, table: Table, start: bytes, end: bytes, backward: bool
    ) -> Iterator[tuple[Key, Columns]]:
        now_ms = self._clock.now_ms()
        for _, stored in rows.scan(table, start, end, backward=backward):
            row = decode_stored(stored.data)
            columns = live_columns(table, stored, row, now_ms)
            if columns is not None:
                yield row.key, columns


def _check_order(start: bytes, end: bytes, *, backward: bool) -> None:
    # The texts are those of the SDKs' tests; the page "Error codes" ends them in a full stop.
    if not backward and start >= end:
        raise invalid("Begin key must less than end key in FORWARD")
    if backward and start <= end:
        raise invalid("Begin key must more than end key in BACKWARD")


def _page(
    rows: Iterator[tuple[Key, Columns]], table: Table, selection: Selection, limit: int
) -> Reply:
    """Rows until the page is full: `limit` found, or as many read as one call may read."""
    bodies: list[bytes] = []
    size_bytes = 0
    next_key: Key | None = None
    for read_count, (key, columns) in enumerate(rows):
        if len(bodies) == limit or read_count == MAX_RANGE_ROWS or size_bytes >= MAX_RANGE_BYTES:
            next_key = key
            break
        found = select(table, key, columns, selection)
        size_bytes += found.size_bytes
        if found.cells is not None:
            bodies.append(encode_body(key, found.cells))
    cost = Cost(read=units(size_bytes))
    answer = ots_pb2.GetRangeResponse(
        consumed=cost.as_message(), rows=HEADER_BYTES + b"".join(bodies) if bodies else b""
    )
    if next_key is not None:
        answer.next_start_primary_key = encode_row(next_key)
    return Reply(answer, cost)
