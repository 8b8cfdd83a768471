"""The local Tablestore as a wire service: HTTP, authentication and the table of operations.

Not done here, each with a clean 400: secondary indexes, local transactions, atomic batches, search
indexes (listing them finds none), SQL, streams and time series.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from google.protobuf.message import Message

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.wire import WireAnswer, WireRequest
from infra.localcloud.tablestore import ots_pb2
from infra.localcloud.tablestore.auth import Authenticator, body_md5
from infra.localcloud.tablestore.authorization import authorize
from infra.localcloud.tablestore.batches import Batches
from infra.localcloud.tablestore.capacity import FREE, Cost
from infra.localcloud.tablestore.errors import OtsError
from infra.localcloud.tablestore.limits import MAX_BODY_BYTES
from infra.localcloud.tablestore.messages import parse
from infra.localcloud.tablestore.ranges import RangeReader
from infra.localcloud.tablestore.reads import Reader
from infra.localcloud.tablestore.replies import Reply, failed_cost, unsupported
from infra.localcloud.tablestore.store import Store
from infra.localcloud.tablestore.tables import Tables
from infra.localcloud.tablestore.writes import Writer

# Any: each handler takes the message type that stands beside it.
Operation = tuple[type[Message], Callable[[Any], Reply]]


class TablestoreService:
    """One Tablestore instance: a WireService.

    returns_key_after_modify: see writes.Writer.
    """

    name = "tablestore"

    def __init__(self, cloud: Cloud, *, returns_key_after_modify: bool = False) -> None:
        self._cloud = cloud
        self._returns_key_after_modify = returns_key_after_modify
        self._authenticator = Authenticator(cloud)
        self._store = Store(cloud.folder(self.name))
        self._operations = self._open()

    def _open(self) -> dict[str, Operation]:
        store, clock = self._store, self._cloud.clock
        tables = Tables(store, clock)
        reader = Reader(store, tables, clock)
        writer = Writer(
            store, tables, clock, returns_key_after_modify=self._returns_key_after_modify
        )
        batches = Batches(store, tables, reader, writer)
        ranges = RangeReader(store, tables, clock)
        return {
            "CreateTable": (ots_pb2.CreateTableRequest, tables.create),
            "ListTable": (ots_pb2.ListTableRequest, tables.list),
            "DescribeTable": (ots_pb2.DescribeTableRequest, tables.describe),
            "UpdateTable": (ots_pb2.UpdateTableRequest, tables.update),
            "DeleteTable": (ots_pb2.DeleteTableRequest, tables.delete),
            "ListSearchIndex": (ots_pb2.ListSearchIndexRequest, tables.list_search_indexes),
            "GetRow": (ots_pb2.GetRowRequest, reader.get_row),
            "PutRow": (ots_pb2.PutRowRequest, writer.put_row),
            "UpdateRow": (ots_pb2.UpdateRowRequest, writer.update_row),
            "DeleteRow": (ots_pb2.DeleteRowRequest, writer.delete_row),
            "GetRange": (ots_pb2.GetRangeRequest, ranges.get_range),
            "BatchGetRow": (ots_pb2.BatchGetRowRequest, batches.get_rows),
            "BatchWriteRow": (ots_pb2.BatchWriteRowRequest, batches.write_rows),
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
            reply = self._carry_out(request)
        except OtsError as error:
            return self._refusal(request, error)
        return self._signed(request, 200, reply.message, reply.cost)

    def _carry_out(self, request: WireRequest) -> Reply:
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
        return handler(message)

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
