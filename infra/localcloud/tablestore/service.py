"""The local Tablestore as a wire service: HTTP, authentication and the table of operations.

Not done here, each with a clean 400: search indexes and time series (listing them finds none), SQL,
streams, tunnels, and bulk import and export.
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from google.protobuf.message import Message

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.wire import WireAnswer, WireRequest
from infra.localcloud.tablestore import ots_pb2
from infra.localcloud.tablestore.auth import Authenticator, body_md5
from infra.localcloud.tablestore.authorization import authorize
from infra.localcloud.tablestore.batches import Batches
from infra.localcloud.tablestore.behaviour import Behaviour
from infra.localcloud.tablestore.capacity import FREE, Cost
from infra.localcloud.tablestore.errors import OtsError
from infra.localcloud.tablestore.indexes import IndexKeeper
from infra.localcloud.tablestore.limits import MAX_BODY_BYTES
from infra.localcloud.tablestore.messages import parse
from infra.localcloud.tablestore.ranges import RangeReader
from infra.localcloud.tablestore.reads import Reader
from infra.localcloud.tablestore.replies import Reply, failed_cost, unsupported
from infra.localcloud.tablestore.rows import CommittedRows
from infra.localcloud.tablestore.splits import Splitter
from infra.localcloud.tablestore.store import Store
from infra.localcloud.tablestore.tables import Tables
from infra.localcloud.tablestore.transactions import Transactions
from infra.localcloud.tablestore.versions import VersionClock
from infra.localcloud.tablestore.writes import Writer

# Any: each handler takes the message type that stands beside it.
Operation = tuple[type[Message], Callable[[Any], Reply | Awaitable[Reply]]]
TABLE_OPERATIONS = frozenset(
    ("CreateTable", "UpdateTable", "DeleteTable", "ListTable", "DescribeTable")
    + ("CreateIndex", "DropIndex", "AddDefinedColumn", "DeleteDefinedColumn")
)


class TablestoreService:
    """One Tablestore instance: a WireService. `behaviour` may be changed while it runs."""

    name = "tablestore"

    def __init__(self, cloud: Cloud, behaviour: Behaviour | None = None) -> None:
        self.behaviour = behaviour or Behaviour()
        self._cloud = cloud
        self._authenticator = Authenticator(cloud)
        self._store = Store(cloud.folder(self.name))
        self._table_operations_s: deque[float] = deque()
        self._operations = self._open()

    def _open(self) -> dict[str, Operation]:
        store, clock, behaviour = self._store, self._cloud.clock, self.behaviour
        indexes = IndexKeeper(store, clock, behaviour)
        committed = CommittedRows(store, indexes)
        tables = Tables(store, indexes, clock)
        transactions = Transactions(committed, tables, clock, behaviour)
        versions = VersionClock(clock, store.last_written_ms())
        reader = Reader(tables, transactions, clock)
        writer = Writer(tables, transactions, clock, versions, behaviour)
        batches = Batches(store, tables, transactions, reader, writer, behaviour)
        ranges = RangeReader(tables, transactions, clock)
        splitter = Splitter(tables, committed)
        return {
            "CreateTable": (ots_pb2.CreateTableRequest, tables.create),
            "ListTable": (ots_pb2.ListTableRequest, tables.list),
            "DescribeTable": (ots_pb2.DescribeTableRequest, tables.describe),
            "UpdateTable": (ots_pb2.UpdateTableRequest, tables.update),
            "DeleteTable": (ots_pb2.DeleteTableRequest, tables.delete),
            "CreateIndex": (ots_pb2.CreateIndexRequest, tables.create_index),
            "DropIndex": (ots_pb2.DropIndexRequest, tables.drop_index),
            "AddDefinedColumn": (ots_pb2.AddDefinedColumnRequest, tables.add_defined_columns),
            "DeleteDefinedColumn": (
                ots_pb2.DeleteDefinedColumnRequest,
                tables.delete_defined_columns,
            ),
            "ListTimeseriesTable": (
                ots_pb2.ListTimeseriesTableRequest,
                tables.list_timeseries_tables,
            ),
            "ListSearchIndex": (ots_pb2.ListSearchIndexRequest, tables.list_search_indexes),
            "ComputeSplitPointsBySize": (
                ots_pb2.ComputeSplitPointsBySizeRequest,
                splitter.compute,
            ),
            "GetRow": (ots_pb2.GetRowRequest, reader.get_row),
            "PutRow": (ots_pb2.PutRowRequest, writer.put_row),
            "UpdateRow": (ots_pb2.UpdateRowRequest, writer.update_row),
            "DeleteRow": (ots_pb2.DeleteRowRequest, writer.delete_row),
            "GetRange": (ots_pb2.GetRangeRequest, ranges.get_range),
            "BatchGetRow": (ots_pb2.BatchGetRowRequest, batches.get_rows),
            "BatchWriteRow": (ots_pb2.BatchWriteRowRequest, batches.write_rows),
            "StartLocalTransaction": (
                ots_pb2.StartLocalTransactionRequest,
                transactions.start,
            ),
            "CommitTransaction": (ots_pb2.EndTransactionRequest, transactions.commit),
            "AbortTransaction": (ots_pb2.EndTransactionRequest, transactions.abort),
        }

    def reset(self) -> None:
        """Start again from nothing: every table and row is gone."""
        self._store.clear()
        self._operations = self._open()

    def close(self) -> None:
        """Close the database; the service answers nothing afterwards."""
        self._store.close()

    def operation(self, request: WireRequest) -> str:
        """The API that the path names; "?" for a path that names none."""
        name = request.path[1:]
        return name if name.isascii() and name.isalpha() else "?"

    def caller(self, request: WireRequest) -> str:
        """The function whose role session the access key id is of."""
        identity = self._cloud.identities.find(request.headers.get("x-ots-accesskeyid", ""))
        return identity.function if identity else ""

    def failure(self, request: WireRequest, code: str) -> WireAnswer:
        """An error answer with the status and the text that go with the code."""
        return self._refusal(request, OtsError(code))

    async def answer(self, request: WireRequest) -> WireAnswer:
        """Verify, carry out, answer and sign."""
        try:
            reply = await self._carry_out(request)
        except OtsError as error:
            return self._refusal(request, error)
        return self._signed(request, 200, reply.message, reply.cost)

    async def _carry_out(self, request: WireRequest) -> Reply:
        if request.method != "POST":
            raise OtsError("OTSMethodNotAllowed")
        if len(request.body) > MAX_BODY_BYTES:
            raise OtsError("OTSRequestBodyTooLarge")
        signer = self._authenticator.verify(request)
        name = self.operation(request)
        if name not in self._operations:
            raise unsupported(name)
        message_type, handler = self._operations[name]
        message = parse(message_type, request.body, "Parse PBMessage from RawString failed.")
        authorize(self._cloud, signer, request, name, message)
        if name in TABLE_OPERATIONS:
            self._count_table_operation()
        reply = handler(message)
        return reply if isinstance(reply, Reply) else await reply

    def _count_table_operation(self) -> None:
        """Raises OtsError (OTSQuotaExhausted) for more than the limit in one second."""
        limit = self.behaviour.table_operations_per_s
        if limit is None:
            return
        now_s = self._cloud.clock.now_s()
        recent = self._table_operations_s
        while recent and not now_s - 1 < recent[0] <= now_s:
            recent.popleft()
        if len(recent) >= limit:
            raise OtsError("OTSQuotaExhausted")
        recent.append(now_s)

    def _refusal(self, request: WireRequest, error: OtsError) -> WireAnswer:
        # A header that the text quotes may hold bytes that are not UTF-8.
        text = error.text.encode("utf-8", "replace").decode()
        message = ots_pb2.Error(code=error.code, message=text)
        return self._signed(request, error.http_status, message, failed_cost(error))

    def _signed(
        self, request: WireRequest, status: int, message: Message, cost: Cost = FREE
    ) -> WireAnswer:
        body = message.SerializeToString()
        headers = {
            "x-ots-contentmd5": body_md5(body),
            "x-ots-contenttype": "protocol buffer",
            "x-ots-date": self._authenticator.answer_date(request),
            "x-ots-requestid": str(uuid.uuid4()),
        }
        signer = self._authenticator.signer(request)
        if signer is not None:
            headers["Authorization"] = signer.authorization(request.path, headers)
        return WireAnswer(status, body, headers, read_cu=cost.read, write_cu=cost.write)
