"""BatchGetRow and BatchWriteRow: many rows in one request, each with an outcome of its own."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, MutableSequence, Sequence
from dataclasses import dataclass

from infra.localcloud.tablestore import ots_pb2
from infra.localcloud.tablestore.behaviour import Behaviour
from infra.localcloud.tablestore.capacity import FREE, Cost
from infra.localcloud.tablestore.changes import Change, parse_change
from infra.localcloud.tablestore.errors import OtsError, invalid
from infra.localcloud.tablestore.keys import encode_key, parse_read_key
from infra.localcloud.tablestore.limits import (
    MAX_BATCH_GET_ROWS,
    MAX_BATCH_WRITE_ROWS,
    check_key_values,
    check_table_name,
    check_write_size,
)
from infra.localcloud.tablestore.reads import Reader, parse_selection
from infra.localcloud.tablestore.replies import Reply, failed_cost
from infra.localcloud.tablestore.rows import Overlay
from infra.localcloud.tablestore.store import Store
from infra.localcloud.tablestore.tables import Tables
from infra.localcloud.tablestore.transactions import Transaction, Transactions, out_of_scope
from infra.localcloud.tablestore.writes import Writer

_Rows = MutableSequence[ots_pb2.RowInBatchResponse]


@dataclass(slots=True)
class _Step:
    """What is done at once in a batch: a row, or rows that are changed together or in order."""

    table: str
    changes: dict[int, Change]
    """By their place among the table's rows."""


class Batches:
    """Reads and writes rows in batches. A table that does not exist fails its rows alone."""

    def __init__(
        self,
        store: Store,
        tables: Tables,
        transactions: Transactions,
        reader: Reader,
        writer: Writer,
        behaviour: Behaviour,
    ) -> None:
        self._store = store
        self._tables = tables
        self._transactions = transactions
        self._reader = reader
        self._writer = writer
        self._behaviour = behaviour

    async def get_rows(self, request: ots_pb2.BatchGetRowRequest) -> Reply:
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
            rows = answer.start_table(name, len(keys))
            for index, key in enumerate(keys):
                await self._let_others_go()
                try:
                    rows[index] = _accepted(*self._reader.get_one(name, key, selection))
                except OtsError as error:
                    rows[index] = _refused(error)
        return answer.reply()

    async def write_rows(self, request: ots_pb2.BatchWriteRowRequest) -> Reply:
        """BatchWriteRow: rows in their order, each atomic by itself, durable together.

        With is_atomic all rows of a table that have one partition key are changed, or none is.
        """
        if not request.tables:
            raise invalid("No row is specified in BatchWriteRow.")
        transaction = self._transactions.find(
            request.transaction_id, is_given=request.HasField("transaction_id")
        )
        _check_names([table.table_name for table in request.tables])
        _check_count(sum(len(table.rows) for table in request.tables), MAX_BATCH_WRITE_ROWS)
        writes = [(table.table_name, _changes(table)) for table in request.tables]
        size_bytes = sum(change.size_bytes for _, changes in writes for change in changes)
        check_write_size("BatchWriteRow", size_bytes)
        answer = _Answer()
        outcomes = {name: answer.start_table(name, len(changes)) for name, changes in writes}
        if request.is_atomic:
            for name, changes in writes:
                await self._let_others_go()
                outcomes[name][:] = self._write_together(name, changes, transaction)
        elif self._behaviour.interleaves_batches:
            steps = [step for name, changes in writes for step in _steps(name, changes)]
            self._behaviour.random.shuffle(steps)
            for step in steps:
                await self._let_others_go()
                self._write_step(step, transaction, outcomes[step.table])
        else:
            with self._store.transaction():
                for name, changes in writes:
                    step = _Step(name, dict(enumerate(changes)))
                    self._write_step(step, transaction, outcomes[name])
        return answer.reply()

    async def _let_others_go(self) -> None:
        """Where the switch is on, let other requests be carried out first, or not."""
        if self._behaviour.interleaves_batches:
            for _ in range(self._behaviour.random.randrange(4)):
                await asyncio.sleep(0)

    def _write_step(self, step: _Step, transaction: Transaction | None, rows: _Rows) -> None:
        refused = _refused_repetitions(step.changes)
        for index, change in step.changes.items():
            try:
                table = self._tables.find(step.table)
                if index in refused:
                    raise refused[index]
                written = self._writer.write(table, change, transaction)
            except OtsError as error:
                rows[index] = _refused(error)
            else:
                rows[index] = _accepted(written.row, written.cost)

    def _write_together(
        self, name: str, changes: Sequence[Change], transaction: Transaction | None
    ) -> list[ots_pb2.RowInBatchResponse]:
        """All of a table's rows or none.

        The table need not be one with local transactions (the Java SDK's OTSAPIBehaviorTest).
        Inferred: where one row of an atomic batch fails, each bears its error.
        """
        try:
            refused = _refused_repetitions(dict(enumerate(changes)))
            if refused:
                raise next(iter(refused.values()))
            table = self._tables.find(name)
            for change in changes:
                table.check_key(change.key)
            _check_partition(changes)
            size_bytes = sum(change.size_bytes for change in changes)
            rows = self._transactions.rows_to_write(transaction, table, changes[0].key, size_bytes)
            together = Overlay(rows)
            written = [self._writer.write_to(together, table, change) for change in changes]
            with self._store.transaction():
                for key, row in together.changes.items():
                    rows.put(table, key, row)
        except OtsError as error:
            return [_refused(error) for _ in changes]
        return [_accepted(each.row, each.cost) for each in written]


class _Answer:
    """Collects the outcomes, each in its row's place."""

    def __init__(self) -> None:
        self._tables: list[tuple[str, list[ots_pb2.RowInBatchResponse]]] = []

    def start_table(self, name: str, count: int) -> list[ots_pb2.RowInBatchResponse]:
        """A table's outcomes, to be filled in."""
        rows = [ots_pb2.RowInBatchResponse() for _ in range(count)]
        self._tables.append((name, rows))
        return rows

    def reply(self) -> Reply:
        message = ots_pb2.BatchResponse()
        cost = FREE
        for name, rows in self._tables:
            message.tables.add(table_name=name, rows=rows)
            for row in rows:
                unit = row.consumed.capacity_unit
                cost += Cost(read=unit.read, write=unit.write)
        return Reply(message, cost)


def _accepted(row: bytes, cost: Cost) -> ots_pb2.RowInBatchResponse:
    return ots_pb2.RowInBatchResponse(is_ok=True, row=row, consumed=cost.as_message())


def _refused(error: OtsError) -> ots_pb2.RowInBatchResponse:
    return ots_pb2.RowInBatchResponse(
        is_ok=False,
        error=ots_pb2.Error(code=error.code, message=error.text),
        consumed=failed_cost(error).as_message(),
    )


def _check_partition(changes: Sequence[Change]) -> None:
    """Raises OtsError (OTSDataOutOfRange) for more than one partition key."""
    first = changes[0].key[0][1]
    for change in changes:
        if change.key[0][1] != first:
            raise out_of_scope("atomic", "Atomic", first, change.key[0][1])


def _steps(table: str, changes: Sequence[Change]) -> list[_Step]:
    """A step for each row; changes to one and the same row stay in their order."""
    by_key: dict[object, _Step] = {}
    for index, change in enumerate(changes):
        key = index if change.is_numbered_by_service else encode_key(change.key)
        by_key.setdefault(key, _Step(table, {})).changes[index] = change
    return list(by_key.values())


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
        parse_change(row.type, row.row_change, row.condition, row.return_content, is_in_batch=True)
        for row in table.rows
    ]


def _refused_repetitions(changes: Mapping[int, Change]) -> dict[int, OtsError]:
    """The errors of rows that are changed twice and may not be, by their index.

    Plain repetitions are carried out in order; with a condition or an increment none of that row's
    changes is. Inferred: that each of a row's repeated changes fails, and the text for an
    increment.
    """
    if len(changes) == 1:
        return {}
    indexes: dict[bytes, list[int]] = defaultdict(list)
    for index, change in changes.items():
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
