"""A row's change as the request gives it, checked as far as the request alone allows.

What is wrong here fails a whole BatchWriteRow; what only the table or the row can tell (see
writes.py) fails that row alone. So the vendor's SDK tests have it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from infra.localcloud.tablestore import ots_pb2
from infra.localcloud.tablestore.capacity import cells_size, key_size
from infra.localcloud.tablestore.conditions import Test, parse_condition
from infra.localcloud.tablestore.errors import invalid
from infra.localcloud.tablestore.limits import check_cells, check_key_values
from infra.localcloud.tablestore.plainbuffer import Bound, Cell, Key, Op, PlainRow, decode_row


@dataclass(frozen=True, slots=True)
class Change:
    """One row's put, update or delete, with its conditions and what it is to return."""

    kind: ots_pb2.OperationType
    key: Key
    cells: list[Cell]
    existence: ots_pb2.RowExistenceExpectation
    test: Test | None
    return_type: ots_pb2.ReturnType
    return_names: tuple[str, ...]

    @property
    def has_condition(self) -> bool:
        """Whether the row must be looked at before it is written."""
        return self.existence != ots_pb2.IGNORE or self.test is not None

    @property
    def increments(self) -> bool:
        """Whether a column is incremented."""
        return any(cell.op is Op.INCREMENT for cell in self.cells)

    @property
    def is_numbered_by_service(self) -> bool:
        """Whether the key leaves a column to the service to number."""
        return any(value is Bound.AUTO_INCREMENT for _, value in self.key)

    @property
    def size_bytes(self) -> int:
        """What the change counts for in limits and capacity units."""
        return key_size(self.key) + cells_size(self.cells)


def parse_change(
    kind: ots_pb2.OperationType,
    data: bytes,
    condition: ots_pb2.Condition,
    return_content: ots_pb2.ReturnContent,
    *,
    is_in_batch: bool,
) -> Change:
    """The change that a request asks for. Raises OtsError.

    A put may be without columns, an update may not; that is worded differently in a batch (the
    vendor's .NET SDK's AttributeTest).
    """
    row = decode_row(data)
    if row.is_deleted != (kind == ots_pb2.DELETE):
        raise invalid(_MARKER_TEXTS[kind == ots_pb2.DELETE])
    check_key_values(row.key, (Bound.AUTO_INCREMENT,))
    if kind == ots_pb2.UPDATE and not row.cells:
        raise invalid(_NO_CELLS_TEXTS[is_in_batch])
    _CELL_CHECKS[kind](row)
    check_cells(row.cells, row.key)
    change = Change(
        kind=kind,
        key=row.key,
        cells=row.cells,
        existence=condition.row_existence,
        test=parse_condition(condition.column_condition) if condition.column_condition else None,
        return_type=return_content.return_type,
        return_names=tuple(return_content.return_column_names),
    )
    _check_return(change)
    if change.is_numbered_by_service:
        _check_numbered(change)
    return change


_MARKER_TEXTS = {
    True: "Invalid request of delete row: missing RowDeleteMarker in request.",
    False: "Invalid request of put/update row: unexpected RowDeleteMarker in request.",
}

_NO_CELLS_TEXTS = {
    True: "Invalid update row request: missing cells in request.",
    False: "Attribute column is missing.",
}


def _check_put(row: PlainRow) -> None:
    for cell in row.cells:
        if cell.op is not None:
            raise invalid(f"OpType cannot be given for column name:'{cell.name}' in PutRow.")
        if cell.value is None:
            raise invalid("Invalid request of put row: find cells without values.")


def _check_update(row: PlainRow) -> None:
    for cell in row.cells:
        if cell.op in (Op.DELETE_ALL, Op.DELETE_ONE):
            _check_column_delete(cell)
        elif cell.value is None:
            raise invalid(f"Invalid cell: '{cell.name}'. Reason: missing value.")
    _check_increments(row.cells)


def _check_column_delete(cell: Cell) -> None:
    if cell.value is not None:
        raise invalid(
            "Column value cannot be given when type is DELETE_ONE_VERSION,DELETE_ALL_VERSION."
        )
    if cell.op is Op.DELETE_ONE and cell.timestamp_ms is None:
        raise invalid("Timestamp must be given when type is DELETE_ONE_VERSION.")
    if cell.op is Op.DELETE_ALL and cell.timestamp_ms is not None:
        raise invalid("Timestamp cannot be given when type is DELETE_ALL_VERSION.")


def _check_increments(cells: list[Cell]) -> None:
    # The rules are the vendor's ("Atomic counters"); the texts are inferred.
    times_named = Counter(cell.name for cell in cells)
    for cell in cells:
        if cell.op is not Op.INCREMENT:
            continue
        if type(cell.value) is not int:
            raise invalid(f"Column '{cell.name}' can only be incremented by an INTEGER.")
        if cell.timestamp_ms is not None:
            raise invalid("Timestamp cannot be given when type is INCREMENT.")
        if times_named[cell.name] > 1:
            raise invalid(f"Column '{cell.name}' is incremented and modified in one request.")


def _check_delete(row: PlainRow) -> None:
    if row.cells:
        raise invalid("Invalid delete row request: unexpected cells in request.")


_CELL_CHECKS = {
    ots_pb2.PUT: _check_put,
    ots_pb2.UPDATE: _check_update,
    ots_pb2.DELETE: _check_delete,
}


def _check_return(change: Change) -> None:
    # As the Java SDK's IncrementRequest test has it: only incremented columns can be returned.
    # Inferred: the text for other columns than those.
    if not change.return_names:
        return
    incremented = {cell.name for cell in change.cells if cell.op is Op.INCREMENT}
    if change.return_type != ots_pb2.RT_AFTER_MODIFY or not incremented.issuperset(
        change.return_names
    ):
        raise invalid("Only incremented columns can be returned, with RT_AFTER_MODIFY.")


def _check_numbered(change: Change) -> None:
    if change.kind == ots_pb2.DELETE:
        raise invalid("Invalid row to delete which with pk auto increment.")
    if change.existence != ots_pb2.IGNORE:
        expect = ots_pb2.RowExistenceExpectation.Name(change.existence)
        raise invalid(f"Invalid expect: {expect} when modify row with pk auto increment.")
    if change.test is not None:
        raise invalid("Can't set condition when modify row with pk auto increment.")
