"""What a caller must be allowed to do, by the page "Custom RAM policy" of Tablestore.

The action is the operation's name, batches too; the resource is each table that the request names.
A batch is refused whole if one of its tables is.
"""

from __future__ import annotations

from google.protobuf.message import Message

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.identities import Identity
from infra.localcloud.core.wire import WireRequest
from infra.localcloud.tablestore import ots_pb2
from infra.localcloud.tablestore.errors import OtsError


def authorize(
    cloud: Cloud, signer: Identity, request: WireRequest, operation: str, message: Message
) -> None:
    """Raises OtsError (OTSNoPermissionAccess) unless the signer may do all that is asked."""
    instance = request.headers["x-ots-instancename"].lower()
    resources = [
        cloud.access.resource("ots", f"instance/{instance}/table/{table}")
        for table in _tables_of(message)
    ]
    if not cloud.access.allows(signer, f"ots:{operation}", resources, source_ip=request.peer_ip):
        raise OtsError("OTSNoPermissionAccess")


def _tables_of(message: Message) -> set[str]:
    """The tables by name; "*" for a request that is about all of them."""
    match message:
        case ots_pb2.BatchGetRowRequest() | ots_pb2.BatchWriteRowRequest():
            names = {table.table_name for table in message.tables}
        case ots_pb2.CreateTableRequest():
            names = {message.table_meta.table_name}
        case ots_pb2.ListTableRequest() | ots_pb2.ListTimeseriesTableRequest():
            names = set()
        case ots_pb2.CreateIndexRequest() | ots_pb2.DropIndexRequest():
            names = {message.main_table_name}
        case _:
            names = {getattr(message, "table_name", "")}
    return {name or "*" for name in names} or {"*"}
