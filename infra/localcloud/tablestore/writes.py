"""Writing rows: PutRow, UpdateRow, DeleteRow, and the one way in which any row is changed.

Everything runs in one event loop and nothing here awaits, so a row's check and its change are one
step: that is the atomicity which conditional updates promise.
"""

from __future__ import annotations

from dataclasses import dataclass

from infra.localcloud.core.clock import CloudClock
from infra.localcloud.tablestore import ots_pb2
from infra.localcloud.tablestore.behaviour import Behaviour
from infra.localcloud.tablestore.capacity import Cost, key_size, units
from infra.localcloud.tablestore.changes import Change, parse_change
from infra.localcloud.tablestore.conditions import lookup_in
from infra.localcloud.tablestore.errors import OtsError, invalid
from infra.localcloud.tablestore.keys import encode_key
from infra.localcloud.tablestore.limits import check_table_name, check_write_size
from infra.localcloud.tablestore.plainbuffer import (
    Bound,
    Cell,
    Key,
    Op,
    decode_stored,
    encode_row,
)
from infra.localcloud.tablestore.reads import live_columns
from infra.localcloud.tablestore.replies import Reply
from infra.localcloud.tablestore.rows import Rows
from infra.localcloud.tablestore.store import StoredRow
from infra.localcloud.tablestore.table import Table
from infra.localcloud.tablestore.tables import Tables
from infra.localcloud.tablestore.transactions import Transaction, Transactions
from infra.localcloud.tablestore.versions import Columns, VersionClock, cells_of, keep_newest

WriteRequest = ots_pb2.PutRowRequest | ots_pb2.UpdateRowRequest | ots_pb2.DeleteRowRequest
_INT64 = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class Written:
    """A change carried out: what it cost, and the row it was asked to return (or no bytes)."""

    cost: Cost
    row: bytes = b""


class Writer:
    """Writes rows."""

    def __init__(
        self,
        tables: Tables,
        transactions: Transactions,
        clock: CloudClock,
        versions: VersionClock,
        behaviour: Behaviour,
    ) -> None:
        self._tables = tables
        self._transactions = transactions
        self._clock = clock
        self._versions = versions
        self._behaviour = behaviour

    def put_row(self, request: ots_pb2.PutRowRequest) -> Reply:
        """PutRow."""
        return self._write_one("PutRow", ots_pb2.PUT, request.row, request)

    def update_row(self, request: ots_pb2.UpdateRowRequest) -> Reply:
        """UpdateRow."""
        return self._write_one("UpdateRow", ots_pb2.UPDATE, request.row_change, request)

    def delete_row(self, request: ots_pb2.DeleteRowRequest) -> Reply:
        """DeleteRow."""
        return self._write_one("DeleteRow", ots_pb2.DELETE, request.primary_key, request)

    def _write_one(
        self, operation: str, kind: ots_pb2.OperationType, row: bytes, request: WriteRequest
    ) -> Reply:
        check_table_name(request.table_name)
        transaction = self._transactions.find(
            request.transaction_id, is_given=request.HasField("transaction_id")
        )
        change = parse_change(
            kind, row, request.condition, request.return_content, is_in_batch=False
        )
        check_write_size(operation, change.size_bytes)
        written = self.write(self._tables.find(request.table_name), change, transaction)
        answer = ots_pb2.WriteRowResponse(consumed=written.cost.as_message(), row=written.row)
        return Reply(answer, written.cost)

    def write(
        self, table: Table, change: Change, transaction: Transaction | None = None
    ) -> Written:
        """Carry out one row's change, or nothing of it. Raises OtsError."""
        table.check_key(change.key)
        rows = self._transactions.rows_to_write(transaction, table, change.key, change.size_bytes)
        return self.write_to(rows, table, change)

    def write_to(self, rows: Rows, table: Table, change: Change) -> Written:
        """Carry out a change whose key fits the table. Raises OtsError."""
        _check_fits_table(table, change)
        self._check_versions(table, change.cells)
        key = self._numbered(change.key) if change.is_numbered_by_service else change.key
        key_bytes = encode_key(key)
        before = self._load(rows, table, key_bytes)
        _check_condition(change, key, before)
        after = self._changed(change, before)
        self._save(rows, table, key, key_bytes, after)
        needs_read = change.has_condition or change.increments
        cost = Cost(read=units(key_size(key)) if needs_read else 0, write=units(change.size_bytes))
        return Written(cost, self._returned(change, key, after))

    def _check_versions(self, table: Table, cells: list[Cell]) -> None:
        now_ms = self._clock.now_ms()
        first_ms = now_ms - table.deviation_ms
        if table.ttl_ms is not None:
            first_ms = max(first_ms, now_ms - table.ttl_ms)
        for cell in cells:
            if cell.timestamp_ms is None or cell.op is Op.DELETE_ONE:
                continue
            if not first_ms <= cell.timestamp_ms < now_ms + table.deviation_ms:
                raise invalid(f"Invalid timestamp. Cell:'{cell.name}'.")

    def _numbered(self, key: Key) -> Key:
        return [
            (name, self._versions.next_sequence() if value is Bound.AUTO_INCREMENT else value)
            for name, value in key
        ]

    def _load(self, rows: Rows, table: Table, key_bytes: bytes) -> Columns | None:
        stored = rows.get(table, key_bytes)
        if stored is None:
            return None
        return live_columns(table, stored, decode_stored(stored.data), self._clock.now_ms())

    def _changed(self, change: Change, before: Columns | None) -> Columns | None:
        """The row's columns after the change; None if there is no row then."""
        if change.kind == ots_pb2.DELETE:
            return None
        columns = {} if change.kind == ots_pb2.PUT else _copy(before or {})
        version_ms = self._versions.now_ms()
        for cell in change.cells:
            _apply(columns, cell, version_ms)
        columns = {name: versions for name, versions in columns.items() if versions}
        if change.kind == ots_pb2.UPDATE and not columns and before is None:
            return None  # an update that only deletes makes no row
        return columns

    def _save(
        self, rows: Rows, table: Table, key: Key, key_bytes: bytes, after: Columns | None
    ) -> None:
        if after is None:
            rows.put(table, key_bytes, None)
            return
        cells = cells_of(keep_newest(after, table.max_versions))
        rows.put(table, key_bytes, StoredRow(encode_row(key, cells), self._versions.now_ms()))

    def _returned(self, change: Change, key: Key, after: Columns | None) -> bytes:
        if change.return_type == ots_pb2.RT_PK:
            return encode_row(key)
        if change.return_type != ots_pb2.RT_AFTER_MODIFY or not change.return_names or not after:
            return b""
        cells = []
        for name in sorted(change.return_names):
            newest_ms = max(after[name])
            cells.append(Cell(name, after[name][newest_ms], newest_ms))
        return encode_row(key if self._behaviour.returns_key_after_modify else (), cells)


def _check_fits_table(table: Table, change: Change) -> None:
    if change.kind == ots_pb2.UPDATE and not table.allows_update:
        # Inferred: the text for an update where allow_update is false.
        raise invalid(f"UpdateRow is not allowed on table: '{table.name}'.")
    if (
        table.has_auto_increment
        and not change.is_numbered_by_service
        and change.kind != ots_pb2.DELETE
        and change.existence != ots_pb2.EXPECT_EXIST
    ):
        expect = ots_pb2.RowExistenceExpectation.Name(change.existence)
        raise invalid(
            f"Invalid expect: {expect} when modify a specific row for table with pk auto increment."
        )


def _check_condition(change: Change, key: Key, before: Columns | None) -> None:
    is_expected = {
        ots_pb2.IGNORE: True,
        ots_pb2.EXPECT_EXIST: before is not None,
        ots_pb2.EXPECT_NOT_EXIST: before is None,
    }
    if not is_expected[change.existence]:
        raise OtsError("OTSConditionCheckFail")
    if change.test is not None and not change.test.holds(lookup_in(key, before or {})):
        raise OtsError("OTSConditionCheckFail")


def _copy(columns: Columns) -> Columns:
    return {name: dict(versions) for name, versions in columns.items()}


def _apply(columns: Columns, cell: Cell, version_ms: int) -> None:
    """Carry out one cell's operation; a cell without one is a put."""
    if cell.op is Op.DELETE_ALL:
        columns.pop(cell.name, None)
        return
    versions = columns.setdefault(cell.name, {})
    if cell.op is Op.DELETE_ONE:
        assert cell.timestamp_ms is not None
        versions.pop(cell.timestamp_ms, None)
    elif cell.op is Op.INCREMENT:
        versions[version_ms] = _incremented(cell, versions[max(versions)] if versions else 0)
    else:
        assert cell.value is not None
        versions[version_ms if cell.timestamp_ms is None else cell.timestamp_ms] = cell.value


def _incremented(cell: Cell, current: object) -> int:
    # The rules are the vendor's ("Atomic counters"); the texts are inferred.
    assert isinstance(cell.value, int)
    if type(current) is not int:
        raise invalid(f"Column '{cell.name}' cannot be incremented: it is not an INTEGER.")
    total = current + cell.value
    if total not in _INT64:
        raise invalid(f"Column '{cell.name}' cannot be incremented: INTEGER overflow.")
    return total
