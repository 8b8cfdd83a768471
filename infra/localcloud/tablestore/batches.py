"""BatchGetRow and BatchWriteRow: many rows in one request, each with an outcome of its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from infra.localcloud.tablestore import ots_pb2
from infra.localcloud.tablestore.capacity import FREE, Cost
from infra.localcloud.tablestore.changes import Change, parse_change
from infra.localcloud.tablestore.errors import OtsError, invalid
from infra.localcloud.tablestore.keys import encode_key
from infra.localcloud.tablestore.limits import (
    MAX_BATCH_GET_ROWS,
    MAX_BATCH_WRITE_ROWS,
    check_key_values,
    check_table_name,
    check_write_size,
)
from infra.localcloud.tablestore.reads import Reader, parse_read_key, parse_selection
from infra.localcloud.tablestore.replies import (
    Reply,
    failed_cost,
    refuse_transaction,
    unsupported,
)
from infra.localcloud.tablestore.store import Store
from infra.localcloud.tablestore.tables import Tables
from infra.localcloud.tablestore.writes import Writer


class Batches:
    """Reads and writes rows in batches. A table that does not exist fails its rows alone."""

    def __init__(self, store: Store, tables: Tables, reader: Reader, writer: Writer) -> None:
        self._store = store
        self._tables = tables
        self._reader = reader
        self._writer = writer

    def get_rows(self, request: ots_pb2.BatchGetRowRequest) -> Reply:
        """BatchGetRow."""
        if not request.tables:
            raise invalid("No row specified in the request of BatchGetRow.")
        _check_names([table.table_name for table in request.tables])
        _check_count(sum(len(table.primary_key) for table in request.tables), MAX_BATCH_GET_ROWS)
        reads = []
        for table in request.tables:
            keys = [parse_read_key(data) for data in table.primary_key]
            for key in keys:
                check_key_values(key)
            reads.append((table.table_name, keys, parse_selection(table)))
        answer = _Answer()
        for name, keys, selection in reads:
            answer.start_table(name)
            for key in keys:
                try:
                    row, cost = self._reader.read(self._tables.find(name), key, selection)
                except OtsError as error:
                    answer.refuse(error)
                else:
                    answer.accept(row, cost)
        return answer.reply()

    def write_rows(self, request: ots_pb2.BatchWriteRowRequest) -> Reply:
        """BatchWriteRow: rows in their order, each atomic by itself, durable together."""
        if not request.tables:
            raise invalid("No row is specified in BatchWriteRow.")
        refuse_transaction(
            is_given=request.HasField("transaction_id"), transaction_id=request.transaction_id
        )
        if request.is_atomic:
            raise unsupported("BatchWriteRow with is_atomic")
        _check_names([table.table_name for table in request.tables])
        _check_count(sum(len(table.rows) for table in request.tables), MAX_BATCH_WRITE_ROWS)
        writes = [(table.table_name, _changes(table)) for table in request.tables]
        size_bytes = sum(change.size_bytes for _, changes in writes for change in changes)
        check_write_size("BatchWriteRow", size_bytes)
        answer = _Answer()
        with self._store.transaction():
            for name, changes in writes:
                answer.start_table(name)
                self._write_table(answer, name, changes)
        return answer.reply()

    def _write_table(self, answer: _Answer, name: str, changes: Sequence[Change]) -> None:
        refused = _refused_repetitions(changes)
        for index, change in enumerate(changes):
            try:
                table = self._tables.find(name)
                if index in refused:
                    raise refused[index]
                written = self._writer.write(table, change)
            except OtsError as error:
                answer.refuse(error)
            else:
                answer.accept(written.row, written.cost)


class _Answer:
    """Collects the outcomes, row after row."""

    def __init__(self) -> None:
        self._message = ots_pb2.BatchResponse()
        self._cost = FREE

    def start_table(self, name: str) -> None:
        self._message.tables.add(table_name=name)

    def accept(self, row: bytes, cost: Cost) -> None:
        self._message.tables[-1].rows.add(is_ok=True, row=row, consumed=cost.as_message())
        self._cost += cost

    def refuse(self, error: OtsError) -> None:
        cost = failed_cost(error)
        self._message.tables[-1].rows.add(
            is_ok=False,
            error=ots_pb2.Error(code=error.code, message=error.text),
            consumed=cost.as_message(),
        )
        self._cost += cost

    def reply(self) -> Reply:
        return Reply(self._message, self._cost)


def _check_names(names: Sequence[str]) -> None:
    seen: set[str] = set()
    for name in names:
        check_table_name(name)
        if name in seen:
            raise invalid(f"Duplicated table name: '{name}'.")
        seen.add(name)


def _check_count(count: int, limit: int) -> None:
    if count > limit:
        raise invalid(f"Rows count exceeds the upper limit: {limit}.")


def _changes(table: ots_pb2.TableInBatchWriteRowRequest) -> list[Change]:
    if not table.rows:
        raise invalid(f"No operation is specified for table: '{table.table_name}'.")
    return [
        parse_change(row.type, row.row_change, row.condition, row.return_content)
        for row in table.rows
    ]


def _refused_repetitions(changes: Sequence[Change]) -> dict[int, OtsError]:
    """The errors of rows that are changed twice and may not be, by their index.

    Plain repetitions are carried out in order; with a condition or an increment none of that row's
    changes is. Inferred: that each of them fails, and the text for an increment.
    """
    indexes: dict[bytes, list[int]] = defaultdict(list)
    for index, change in enumerate(changes):
        if not change.is_numbered_by_service:
            indexes[encode_key(change.key)].append(index)
    refused: dict[int, OtsError] = {}
    for repeated in indexes.values():
        if len(repeated) > 1:
            error = _repetition_error([changes[index] for index in repeated])
            refused.update((index, error) for index in repeated if error is not None)
    return refused


def _repetition_error(changes: Sequence[Change]) -> OtsError | None:
    if any(change.existence != ots_pb2.IGNORE for change in changes):
        return invalid("Repeated rows do not support row exist expectation check in BatchModify.")
    if any(change.test is not None for change in changes):
        return invalid("Repeated rows do not support row condition check in BatchModify.")
    if any(change.increments for change in changes):
        return invalid("Repeated rows do not support increment in BatchModify.")
    return None
