"""Tables: their life from CreateTable to DeleteTable, and that of their secondary indexes.

A table is kept as the DescribeTable answer that it gives; an index as the table that it is read as.
One namespace serves every instance name, and a table can be used at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from infra.localcloud.core.clock import CloudClock
from infra.localcloud.tablestore import ots_pb2
from infra.localcloud.tablestore.defined_columns import add_columns, delete_columns
from infra.localcloud.tablestore.errors import OtsError, invalid
from infra.localcloud.tablestore.index_schemas import (
    check_can_be_indexed,
    check_index,
    check_index_count,
    description_of,
)
from infra.localcloud.tablestore.indexes import IndexKeeper
from infra.localcloud.tablestore.limits import MAX_TABLES, check_table_name
from infra.localcloud.tablestore.presplits import shard_splits
from infra.localcloud.tablestore.replies import Reply
from infra.localcloud.tablestore.schemas import (
    check_capacity,
    check_new_capacity,
    check_options,
    check_schema,
    new_options,
)
from infra.localcloud.tablestore.store import Store
from infra.localcloud.tablestore.table import Index, Table, table_from

_NO_OPTION = "No parameter is specified in table options."


@dataclass(frozen=True, slots=True)
class _Entry:
    """A table or an index, as it is described and as row operations know it."""

    description: ots_pb2.DescribeTableResponse
    table: Table


class Tables:
    """Every table and index of the instance, and the operations on them."""

    def __init__(self, store: Store, indexes: IndexKeeper, clock: CloudClock) -> None:
        self._store = store
        self._indexes = indexes
        self._clock = clock
        self._entries: dict[str, _Entry] = {}
        self._load()

    def find(self, name: str) -> Table:
        """The table or index. Raises OtsError (OTSObjectNotExist)."""
        return self._entry(name).table

    def has(self, table: Table) -> bool:
        """Whether this very table is there: not one of its name that was made after it."""
        entry = self._entries.get(table.name)
        return entry is not None and entry.table.table_id == table.table_id

    def describe(self, request: ots_pb2.DescribeTableRequest) -> Reply:
        """DescribeTable, of an index as well."""
        check_table_name(request.table_name)
        return Reply(self._entry(request.table_name).description)

    def list(self, request: ots_pb2.ListTableRequest) -> Reply:
        """ListTable. Inferred: indexes are not listed (the Java SDK's tests delete all that is)."""
        names = [name for name, entry in self._entries.items() if not entry.table.base]
        return Reply(ots_pb2.ListTableResponse(table_names=sorted(names)))

    def create(self, request: ots_pb2.CreateTableRequest) -> Reply:
        """CreateTable, with its first indexes."""
        meta = request.table_meta
        check_table_name(meta.table_name)
        check_schema(meta)
        unit = request.reserved_throughput.capacity_unit
        check_new_capacity(unit)
        options = new_options(request.table_options)
        if request.index_metas:
            check_index_count(len(request.index_metas))
            for index in request.index_metas:
                check_index(index, meta)
            check_can_be_indexed(options)
        names = [meta.table_name, *(index.name for index in request.index_metas)]
        if len(set(names)) < len(names) or any(name in self._entries for name in names):
            raise OtsError("OTSObjectAlreadyExist")
        self._check_count(len(names))
        now_s = self._clock.now_s()
        description = ots_pb2.DescribeTableResponse(
            table_meta=meta,
            reserved_throughput_details=ots_pb2.ReservedThroughputDetails(
                capacity_unit=ots_pb2.CapacityUnit(read=unit.read, write=unit.write),
                last_increase_time=int(now_s),
            ),
            table_options=options,
            table_status=ots_pb2.TS_ACTIVE,
            creation_time=int(now_s * 1_000_000),
            index_metas=request.index_metas,
            shard_splits=shard_splits(meta, request.partitions),
        )
        with self._store.transaction():
            table_id = self._store.add_table(
                description.SerializeToString(), allows_transactions=request.enable_local_txn
            )
            for index in request.index_metas:
                self._add_index(table_id, index, description)
        self._load()
        return Reply(ots_pb2.CreateTableResponse())

    def update(self, request: ots_pb2.UpdateTableRequest) -> Reply:
        """UpdateTable: options and reserved throughput, effective at once."""
        check_table_name(request.table_name)
        entry = self._own(request.table_name)
        if not (request.HasField("table_options") or request.HasField("reserved_throughput")):
            raise invalid(_NO_OPTION)
        description = _copy(entry.description)
        if request.HasField("table_options"):
            if not request.table_options.ListFields():
                raise invalid(_NO_OPTION)
            check_options(request.table_options)
            description.table_options.MergeFrom(request.table_options)
            if description.index_metas:
                check_can_be_indexed(description.table_options)
        if request.HasField("reserved_throughput"):
            unit = request.reserved_throughput.capacity_unit
            check_capacity(unit)
            description.reserved_throughput_details.capacity_unit.MergeFrom(unit)
            description.reserved_throughput_details.last_increase_time = int(self._clock.now_s())
        with self._store.transaction():
            self._store.save_table(entry.table.table_id, description.SerializeToString())
            for index in entry.table.indexes:
                followed = _copy(self._entry(index.table.name).description)
                followed.table_options.CopyFrom(description.table_options)
                self._store.save_table(index.table.table_id, followed.SerializeToString())
        self._load()
        return Reply(
            ots_pb2.UpdateTableResponse(
                reserved_throughput_details=description.reserved_throughput_details,
                table_options=description.table_options,
            )
        )

    def delete(self, request: ots_pb2.DeleteTableRequest) -> Reply:
        """DeleteTable, with every row and index."""
        check_table_name(request.table_name)
        table = self._own(request.table_name).table
        with self._store.transaction():
            for index in table.indexes:
                self._store.drop_table(index.table.table_id)
            self._store.drop_table(table.table_id)
        self._load()
        return Reply(ots_pb2.DeleteTableResponse())

    def create_index(self, request: ots_pb2.CreateIndexRequest) -> Reply:
        """CreateIndex. Without base data it holds the rows that are written from now on."""
        check_table_name(request.main_table_name)
        entry = self._own(request.main_table_name)
        meta = request.index_meta
        check_index(meta, entry.description.table_meta)
        check_can_be_indexed(entry.description.table_options)
        if meta.name in self._entries:
            raise OtsError("OTSObjectAlreadyExist")
        check_index_count(len(entry.table.indexes) + 1)
        self._check_count(1)
        description = _copy(entry.description)
        description.index_metas.add().CopyFrom(meta)
        with self._store.transaction():
            self._store.save_table(entry.table.table_id, description.SerializeToString())
            self._add_index(entry.table.table_id, meta, description)
            self._load()
            if request.include_base_data:
                self._indexes.build(entry.table, self._index(entry.table.name, meta.name))
        return Reply(ots_pb2.CreateIndexResponse())

    def drop_index(self, request: ots_pb2.DropIndexRequest) -> Reply:
        """DropIndex."""
        check_table_name(request.main_table_name)
        entry = self._own(request.main_table_name)
        index = self._index(entry.table.name, request.index_name)
        description = _copy(entry.description)
        kept = [each for each in description.index_metas if each.name != request.index_name]
        del description.index_metas[:]
        description.index_metas.extend(kept)
        with self._store.transaction():
            self._store.save_table(entry.table.table_id, description.SerializeToString())
            self._store.drop_table(index.table.table_id)
        self._load()
        return Reply(ots_pb2.DropIndexResponse())

    def add_defined_columns(self, request: ots_pb2.AddDefinedColumnRequest) -> Reply:
        """AddDefinedColumn."""
        self._redefine(request.table_name, lambda table: add_columns(table, request.columns))
        return Reply(ots_pb2.AddDefinedColumnResponse())

    def delete_defined_columns(self, request: ots_pb2.DeleteDefinedColumnRequest) -> Reply:
        """DeleteDefinedColumn."""
        self._redefine(request.table_name, lambda table: delete_columns(table, request.columns))
        return Reply(ots_pb2.DeleteDefinedColumnResponse())

    def _redefine(self, name: str, change: Callable[[ots_pb2.DescribeTableResponse], None]) -> None:
        """Keep what `change` makes of a table's description."""
        check_table_name(name)
        entry = self._own(name)
        description = _copy(entry.description)
        change(description)
        self._save(entry.table, description)

    def list_timeseries_tables(self, request: ots_pb2.ListTimeseriesTableRequest) -> Reply:
        """ListTimeseriesTable: there are none, which the Java SDK's tests must be able to hear."""
        return Reply(ots_pb2.ListTimeseriesTableResponse())

    def list_search_indexes(self, request: ots_pb2.ListSearchIndexRequest) -> Reply:
        """ListSearchIndex: there are none, which clients that clean up must be able to hear."""
        return Reply(ots_pb2.ListSearchIndexResponse())

    def _save(self, table: Table, description: ots_pb2.DescribeTableResponse) -> None:
        with self._store.transaction():
            self._store.save_table(table.table_id, description.SerializeToString())
        self._load()

    def _entry(self, name: str) -> _Entry:
        entry = self._entries.get(name)
        if entry is None:
            raise OtsError("OTSObjectNotExist")
        return entry

    def _own(self, name: str) -> _Entry:
        """The table. Inferred: how an index that is treated as a table is refused."""
        entry = self._entry(name)
        if entry.table.base:
            raise invalid(f"'{name}' is an index table of '{entry.table.base}'.")
        return entry

    def _index(self, table_name: str, name: str) -> Index:
        for index in self._entry(table_name).table.indexes:
            if index.table.name == name:
                return index
        raise OtsError("OTSObjectNotExist")

    def _check_count(self, added: int) -> None:
        """Raises OtsError for more tables, indexes among them, than an instance may have."""
        if len(self._entries) + added > MAX_TABLES:
            raise OtsError("OTSQuotaExhausted", "Number of tables exceeded the quota.")

    def _add_index(
        self, base_id: int, index: ots_pb2.IndexMeta, base: ots_pb2.DescribeTableResponse
    ) -> None:
        self._store.add_table(description_of(index, base).SerializeToString(), base_id=base_id)

    def _load(self) -> None:
        """Read all descriptions anew: table operations are rare."""
        stored = self._store.tables()
        described = {
            each.table_id: ots_pb2.DescribeTableResponse.FromString(each.description)
            for each in stored
        }
        followers: dict[int, dict[str, Table]] = {}
        entries: dict[str, _Entry] = {}
        for each in stored:
            if each.base_id is not None:
                description = described[each.table_id]
                base = described[each.base_id].table_meta.table_name
                table = table_from(description, table_id=each.table_id, base=base)
                followers.setdefault(each.base_id, {})[table.name] = table
                entries[table.name] = _Entry(description, table)
        for each in stored:
            if each.base_id is None:
                description = described[each.table_id]
                table = table_from(
                    description,
                    table_id=each.table_id,
                    allows_transactions=each.allows_transactions,
                    indexes=tuple(
                        Index(
                            table=followers[each.table_id][meta.name],
                            attributes=tuple(meta.defined_column),
                            is_global=meta.index_type == ots_pb2.IT_GLOBAL_INDEX,
                        )
                        for meta in description.index_metas
                    ),
                )
                entries[table.name] = _Entry(description, table)
        self._entries = entries


def _copy(description: ots_pb2.DescribeTableResponse) -> ots_pb2.DescribeTableResponse:
    copied = ots_pb2.DescribeTableResponse()
    copied.CopyFrom(description)
    return copied
