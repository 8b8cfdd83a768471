"""Reading rows: GetRow, and the rules of what a read sees that batches and ranges share.

A read first selects columns and versions, then asks the filter about what was selected: reference
columns must be among the columns to get (the vendor's page "Configure filter").
"""

from __future__ import annotations

from dataclasses import dataclass

from infra.localcloud.core.clock import CloudClock
from infra.localcloud.tablestore import ots_pb2
from infra.localcloud.tablestore.capacity import Cost, cells_size, key_size, units
from infra.localcloud.tablestore.conditions import Pagination, Test, lookup_in, parse_filter
from infra.localcloud.tablestore.errors import invalid
from infra.localcloud.tablestore.keys import encode_key, parse_read_key
from infra.localcloud.tablestore.limits import (
    MAX_INT32,
    check_columns_to_get,
    check_key_values,
    check_table_name,
    check_timestamp,
)
from infra.localcloud.tablestore.plainbuffer import (
    Cell,
    Key,
    PlainRow,
    decode_stored,
    encode_row,
)
from infra.localcloud.tablestore.replies import Reply
from infra.localcloud.tablestore.rows import Rows
from infra.localcloud.tablestore.store import StoredRow
from infra.localcloud.tablestore.table import Table
from infra.localcloud.tablestore.tables import Tables
from infra.localcloud.tablestore.transactions import Transactions
from infra.localcloud.tablestore.versions import (
    Columns,
    cells_of,
    columns_of,
    keep_between,
    keep_newest,
)

ReadRequest = ots_pb2.GetRowRequest | ots_pb2.GetRangeRequest | ots_pb2.TableInBatchGetRowRequest


@dataclass(frozen=True, slots=True)
class Selection:
    """Which columns and versions a read wants, and which rows it lets through."""

    columns: frozenset[str]
    start_column: str
    end_column: str
    start_ms: int | None
    end_ms: int
    max_versions: int
    test: Test | None
    window: Pagination | None
    takes_all: bool
    """Whether a live row is seen with all its columns, in their newest version or more."""

    def wants(self, column: str) -> bool:
        """Whether the read asked for this column."""
        if self.columns and column not in self.columns:
            return False
        return self.start_column <= column and (not self.end_column or column < self.end_column)


@dataclass(frozen=True, slots=True)
class Found:
    """What a read found: the cells to answer, or None for no row, and the bytes it read."""

    cells: list[Cell] | None
    size_bytes: int


def parse_selection(request: ReadRequest) -> Selection:
    """The selection of a read request. Raises OtsError."""
    check_columns_to_get(request.columns_to_get)
    start_ms, end_ms = _time_range(request)
    parsed = parse_filter(request.filter) if request.filter else None
    return Selection(
        columns=frozenset(request.columns_to_get),
        start_column=request.start_column,
        end_column=request.end_column,
        start_ms=start_ms,
        end_ms=end_ms,
        max_versions=request.max_versions if request.HasField("max_versions") else MAX_INT32,
        test=None if isinstance(parsed, Pagination) else parsed,
        window=parsed if isinstance(parsed, Pagination) else None,
        takes_all=not (
            request.columns_to_get
            or request.start_column
            or request.end_column
            or parsed is not None
            or start_ms is not None
        ),
    )


def _time_range(request: ReadRequest) -> tuple[int | None, int]:
    """The versions asked for, [start, end) in ms; a start of None means all."""
    has_versions = request.HasField("max_versions")
    if has_versions and request.max_versions <= 0:
        raise invalid(
            f"Invalid max versions: {request.max_versions}. Reason: Max versions must be positive."
        )
    if not request.HasField("time_range"):
        if not has_versions:
            # The Java SDK's ParameterLegalityTest has the longer text for batches alone.
            is_batch = isinstance(request, ots_pb2.TableInBatchGetRowRequest)
            end = " while querying row." if is_batch else "."
            raise invalid(f"No version condition is specified{end}")
        return None, 0
    times = request.time_range
    has_start, has_end = times.HasField("start_time"), times.HasField("end_time")
    if times.HasField("specific_time"):
        _check_specific_time(has_range=has_start or has_end, has_versions=has_versions)
        if times.specific_time < 0:
            raise invalid("Specific timestamp cannot be less than 0.")
        return times.specific_time, times.specific_time + 1
    if not (has_start and has_end):
        raise invalid("Start and end time must be given at the same time.")
    check_timestamp(times.start_time)
    if times.end_time < 0:
        check_timestamp(times.end_time)
    return times.start_time, times.end_time


def _check_specific_time(*, has_range: bool, has_versions: bool) -> None:
    # "tiemstamp" is the service's own spelling.
    if has_range and has_versions:
        raise invalid(
            "Specific timestamp, time range and max versions cannot be given at the same time."
        )
    if has_range:
        raise invalid("Specific tiemstamp and time range cannot be given at the same time.")
    if has_versions:
        raise invalid("Specific tiemstamp and max versions cannot be given at the same time.")


def live_columns(table: Table, stored: StoredRow, row: PlainRow, now_ms: int) -> Columns | None:
    """A stored row's columns without what has expired; None if the row has, all of it.

    A row that an update left without columns is still a row (the vendor's page "UpdateRow"); it
    lives by its last write. Inferred: a row whose cells have all expired does not exist any more.
    """
    oldest_ms = table.oldest_live_ms(now_ms)
    if not row.cells:
        return {} if stored.written_ms > oldest_ms else None
    columns = columns_of(row.cells)
    if table.ttl_ms is not None:
        columns = keep_between(columns, oldest_ms + 1, 2**63)
    return columns or None


def is_seen_as_stored(table: Table, row: PlainRow, selection: Selection, now_ms: int) -> bool:
    """Whether the read sees exactly the cells that are stored, so that their bytes will do."""
    if not (selection.takes_all and row.cells and table.max_versions == 1):
        return False
    oldest_ms = table.oldest_live_ms(now_ms)
    name = ""
    for cell in row.cells:
        # A column twice: it had more versions before the table's maximum was lowered.
        if cell.name == name or cell.timestamp_ms is None or cell.timestamp_ms <= oldest_ms:
            return False
        name = cell.name
    return True


def select(table: Table, key: Key, columns: Columns, selection: Selection) -> Found:
    """What the read sees of a live row."""
    chosen = {name: versions for name, versions in columns.items() if selection.wants(name)}
    chosen = keep_newest(chosen, table.max_versions)
    if selection.start_ms is not None:
        chosen = keep_between(chosen, selection.start_ms, selection.end_ms)
    chosen = keep_newest(chosen, selection.max_versions)
    cells = cells_of(chosen)
    size_bytes = key_size(key) + cells_size(cells)
    if not cells and (columns or selection.columns):
        return Found(None, size_bytes)
    if selection.test is not None and not selection.test.holds(lookup_in(key, chosen)):
        return Found(None, size_bytes)
    if selection.window is not None:
        cells = _window(cells, selection.window)
    return Found(cells, size_bytes)


def _window(cells: list[Cell], window: Pagination) -> list[Cell]:
    names = list(dict.fromkeys(cell.name for cell in cells))
    inside = set(names[window.offset : window.offset + window.limit])
    return [cell for cell in cells if cell.name in inside]


class Reader:
    """Reads single rows."""

    def __init__(self, tables: Tables, transactions: Transactions, clock: CloudClock) -> None:
        self._tables = tables
        self._transactions = transactions
        self._clock = clock

    def get_row(self, request: ots_pb2.GetRowRequest) -> Reply:
        """GetRow."""
        check_table_name(request.table_name)
        transaction = self._transactions.find(
            request.transaction_id, is_given=request.HasField("transaction_id")
        )
        key = parse_read_key(request.primary_key)
        check_key_values(key)
        selection = parse_selection(request)
        table = self._tables.find(request.table_name)
        table.check_key(key)
        rows = self._transactions.rows_to_read(transaction, table, key)
        row, cost = self.read(rows, table, key, selection)
        return Reply(ots_pb2.GetRowResponse(consumed=cost.as_message(), row=row), cost)

    def get_one(self, table_name: str, key: Key, selection: Selection) -> tuple[bytes, Cost]:
        """One row of a batch, encoded, empty if there is none, and the cost. Raises OtsError."""
        table = self._tables.find(table_name)
        table.check_key(key)
        return self.read(self._transactions.rows_to_read(None, table), table, key, selection)

    def read(self, rows: Rows, table: Table, key: Key, selection: Selection) -> tuple[bytes, Cost]:
        """One row encoded, empty if there is none, and the cost."""
        stored = rows.get(table, encode_key(key))
        if stored is None:
            return b"", Cost(read=1)
        plain, now_ms = decode_stored(stored.data), self._clock.now_ms()
        if is_seen_as_stored(table, plain, selection, now_ms):
            size_bytes = key_size(key) + cells_size(plain.cells)
            return stored.data, Cost(read=units(size_bytes))
        columns = live_columns(table, stored, plain, now_ms)
        if columns is None:
            return b"", Cost(read=1)
        found = select(table, key, columns, selection)
        row = b"" if found.cells is None else encode_row(key, found.cells)
        return row, Cost(read=units(found.size_bytes))
