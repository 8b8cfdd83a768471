"""Local transactions: reads and writes under one partition key, durable together or not at all.

By the vendor's page "Local transaction" and its Java SDK's LocalTxnTest: a pessimistic lock on the
partition key, read committed for everyone else, a transaction reads its own writes, and after 60
seconds it is over. They live in memory: a restart ends them, and nothing of them was acknowledged.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from infra.localcloud.core.clock import CloudClock
from infra.localcloud.tablestore import ots_pb2
from infra.localcloud.tablestore.behaviour import Behaviour
from infra.localcloud.tablestore.capacity import Cost
from infra.localcloud.tablestore.errors import OtsError, invalid
from infra.localcloud.tablestore.keys import parse_read_key
from infra.localcloud.tablestore.limits import (
    MAX_WRITE_BYTES,
    check_key_values,
    check_table_name,
)
from infra.localcloud.tablestore.plainbuffer import Bound, Key, KeyValue, type_name
from infra.localcloud.tablestore.replies import Reply
from infra.localcloud.tablestore.rows import CommittedRows, Overlay, Rows
from infra.localcloud.tablestore.table import Table, check_key_columns
from infra.localcloud.tablestore.tables import Tables

LIFETIME_MS: Final = 60_000
_COST: Final = Cost(write=1)
"""What starting, committing and aborting cost, each (the page "Local transaction")."""
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_Lock = tuple[int, KeyValue]
"""A table's id and a partition key's value."""


@dataclass(slots=True)
class Transaction:
    """One open transaction; `written_bytes` is what its writes came to so far."""

    transaction_id: str
    table: Table
    partition: KeyValue
    ends_ms: int
    rows: Overlay
    written_bytes: int = 0

    @property
    def lock(self) -> _Lock:
        """What the transaction keeps others from writing."""
        return self.table.table_id, self.partition

    def check_covers(self, table: Table, keys: Sequence[Key]) -> None:
        """Raises OtsError (OTSDataOutOfRange) for another table or partition key.

        Inferred: the text for another table than the local transaction's; the rule is documented.
        """
        if table.table_id != self.table.table_id:
            raise OtsError("OTSDataOutOfRange", "Data out of scope of transaction.")
        for key in keys:
            if key[0][1] != self.partition:
                raise out_of_scope("transaction", "Transaction", self.partition, key[0][1])

    def count_write(self, size_bytes: int) -> None:
        """Raises OtsError (OTSOutOfTransactionDataSizeLimit) for more than 4 MB of writes in all.

        Inferred: the text for a local transaction that writes too much.
        """
        if self.written_bytes + size_bytes > MAX_WRITE_BYTES:
            raise OtsError(
                "OTSOutOfTransactionDataSizeLimit",
                "The total data size of the local transaction exceeds the limit, "
                f"limit size: {MAX_WRITE_BYTES}, data size: {self.written_bytes + size_bytes}.",
            )
        self.written_bytes += size_bytes


class Transactions:
    """The open transactions, and which rows a request reads and writes."""

    def __init__(
        self, committed: CommittedRows, tables: Tables, clock: CloudClock, behaviour: Behaviour
    ) -> None:
        self._committed = committed
        self._tables = tables
        self._clock = clock
        self._behaviour = behaviour
        self._open: dict[str, Transaction] = {}
        self._locks: dict[_Lock, Transaction] = {}

    def start(self, request: ots_pb2.StartLocalTransactionRequest) -> Reply:
        """StartLocalTransaction."""
        check_table_name(request.table_name)
        key = parse_read_key(request.key)
        check_key_values(key)
        if len(key) != 1:
            raise invalid("StartLocalTransaction support only one primary key.")
        table = self._tables.find(request.table_name)
        if table.base or not (table.allows_transactions or self._behaviour.transactions_everywhere):
            raise invalid(
                "Try to call method using explicit transaction "
                "on explicit-transaction-disabled table."
            )
        if table.has_auto_increment:
            # Inferred: where it shows that numbered keys and transactions exclude each other.
            raise invalid("Local transaction is not supported on table with pk auto increment.")
        check_key_columns(key, table.key_columns)
        lock = (table.table_id, key[0][1])
        if self._holder(lock) is not None:
            raise OtsError("OTSRowOperationConflict")
        transaction = Transaction(
            transaction_id=str(uuid.uuid4()),
            table=table,
            partition=key[0][1],
            ends_ms=self._clock.now_ms() + LIFETIME_MS,
            rows=Overlay(self._committed),
        )
        self._open[transaction.transaction_id] = transaction
        self._locks[lock] = transaction
        return Reply(
            ots_pb2.StartLocalTransactionResponse(transaction_id=transaction.transaction_id), _COST
        )

    def commit(self, request: ots_pb2.EndTransactionRequest) -> Reply:
        """CommitTransaction."""
        transaction = self._end(request)
        # The table as it is now: indexes may have come since.
        table = self._tables.find(transaction.table.name)
        self._committed.put_all(table, transaction.rows.changes)
        return Reply(ots_pb2.EndTransactionResponse(), _COST)

    def abort(self, request: ots_pb2.EndTransactionRequest) -> Reply:
        """AbortTransaction."""
        self._end(request)
        return Reply(ots_pb2.EndTransactionResponse(), _COST)

    def find(self, transaction_id: str, *, is_given: bool) -> Transaction | None:
        """The transaction that a request is part of. Raises OtsError for one that is not open.

        An id of a form that the service never gives is told from one that is over (the Elixir SDK's
        test of transactions). Inferred: the form of a transaction's id, and the text for another.
        """
        if not is_given:
            return None
        if not _ID.fullmatch(transaction_id):
            raise invalid("TransactionID is invalid.")
        transaction = self._open.get(transaction_id)
        if transaction is None or not self._is_alive(transaction):
            raise OtsError("OTSSessionNotExist")
        return transaction

    def rows_to_read(self, transaction: Transaction | None, table: Table, *keys: Key) -> Rows:
        """The rows as the request sees them. Raises OtsError for keys outside the transaction."""
        if transaction is None:
            return self._committed
        transaction.check_covers(table, keys)
        return transaction.rows

    def rows_to_write(
        self, transaction: Transaction | None, table: Table, key: Key, size_bytes: int
    ) -> Rows:
        """The rows that the request changes. Raises OtsError for an index, for keys outside the
        transaction, or, without one, for a key that a transaction has locked.
        """
        table.check_writable()
        if transaction is not None:
            transaction.check_covers(table, [key])
            transaction.count_write(size_bytes)
            return transaction.rows
        if self._locks and self._holder((table.table_id, key[0][1])) is not None:
            raise OtsError("OTSRowOperationConflict")
        return self._committed

    def _end(self, request: ots_pb2.EndTransactionRequest) -> Transaction:
        transaction = self.find(request.transaction_id, is_given=True)
        assert transaction is not None
        self._drop(transaction)
        return transaction

    def _holder(self, lock: _Lock) -> Transaction | None:
        """The transaction that holds the lock, if it has not timed out."""
        transaction = self._locks.get(lock)
        return transaction if transaction is not None and self._is_alive(transaction) else None

    def _is_alive(self, transaction: Transaction) -> bool:
        if self._clock.now_ms() < transaction.ends_ms and self._tables.has(transaction.table):
            return True
        self._drop(transaction)
        return False

    def _drop(self, transaction: Transaction) -> None:
        self._open.pop(transaction.transaction_id, None)
        self._locks.pop(transaction.lock, None)


def out_of_scope(scope: str, holder: str, expected: KeyValue, found: KeyValue) -> OtsError:
    """An OTSDataOutOfRange for a partition key that is not the transaction's or the atomic
    batch's, in the words of the vendor's Java test OTSAPIBehaviorTest and of the Elixir SDK's test
    of transactions. Inferred: how the text writes a partition key that is no STRING.
    """
    return OtsError(
        "OTSDataOutOfRange",
        f"Data out of scope of {scope}. "
        f"{holder} PartKey:{_key_text(expected)}. Data PartKey:{_key_text(found)}",
    )


def _key_text(value: KeyValue) -> str:
    if isinstance(value, Bound):
        return type_name(value)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
