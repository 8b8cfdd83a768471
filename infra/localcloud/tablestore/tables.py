"""Tables: their life from CreateTable to DeleteTable, and what a row operation must know of one.

A table is kept as the DescribeTable answer that it gives. One namespace serves every instance name,
and a table can be used at once; the service's limit of 10 table operations a second is not imposed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from infra.localcloud.core.clock import CloudClock
from infra.localcloud.tablestore import ots_pb2
from infra.localcloud.tablestore.errors import OtsError, invalid
from infra.localcloud.tablestore.limits import (
    MAX_DEFINED_COLUMNS,
    MAX_DEVIATION_S,
    MAX_KEY_COLUMNS,
    MAX_TABLES,
    MIN_TTL_S,
    check_column_name,
    check_table_name,
)
from infra.localcloud.tablestore.plainbuffer import Bound, Key, type_name
from infra.localcloud.tablestore.replies import Reply, unsupported
from infra.localcloud.tablestore.store import Store

_DEFAULT_DEVIATION_S = 86_400
_KEY_TYPES: dict[int, type] = {
    ots_pb2.INTEGER: int,
    ots_pb2.STRING: str,
    ots_pb2.BINARY: bytes,
}
_KEY_TYPE_NAMES = {int: "VT_INTEGER", str: "VT_STRING", bytes: "VT_BLOB"}


@dataclass(frozen=True, slots=True)
class KeyColumn:
    """One primary key column."""

    name: str
    type: type
    is_auto_increment: bool


@dataclass(frozen=True, slots=True)
class Table:
    """What row operations must know of a table."""

    table_id: int
    name: str
    key_columns: tuple[KeyColumn, ...]
    ttl_ms: int | None
    max_versions: int
    deviation_ms: int
    allows_update: bool

    def oldest_live_ms(self, now_ms: int) -> int:
        """Versions at or before this moment have expired."""
        return -1 if self.ttl_ms is None else now_ms - self.ttl_ms

    @property
    def has_auto_increment(self) -> bool:
        """Whether a key column is numbered by the service."""
        return any(column.is_auto_increment for column in self.key_columns)

    def check_key(self, key: Key, bounds: Collection[Bound] = ()) -> None:
        """Raises OtsError (OTSInvalidPK) for a key that is not of the table's schema."""
        if len(key) != len(self.key_columns):
            raise OtsError(
                "OTSInvalidPK",
                f"Validate PK size fail. Input: {len(key)}, Meta: {len(self.key_columns)}.",
            )
        for (name, value), column in zip(key, self.key_columns, strict=True):
            if name != column.name:
                raise OtsError(
                    "OTSInvalidPK",
                    f"Validate PK name fail. Input: {name}, Meta: {column.name}.",
                )
            if value is Bound.AUTO_INCREMENT:
                is_fit = column.is_auto_increment
            else:
                is_fit = type(value) is column.type or value in bounds
            if not is_fit:
                raise OtsError(
                    "OTSInvalidPK",
                    f"Validate PK type fail. Input: {type_name(value)}, "
                    f"Meta: {_KEY_TYPE_NAMES[column.type]}.",
                )


class Tables:
    """Every table of the instance, and the operations on them."""

    def __init__(self, store: Store, clock: CloudClock) -> None:
        self._store = store
        self._clock = clock
        self._descriptions: dict[str, ots_pb2.DescribeTableResponse] = {}
        self._tables: dict[str, Table] = {}
        for table_id, data in store.tables():
            self._remember(table_id, ots_pb2.DescribeTableResponse.FromString(data))

    def find(self, name: str) -> Table:
        """The table. Raises OtsError (OTSObjectNotExist)."""
        table = self._tables.get(name)
        if table is None:
            raise OtsError("OTSObjectNotExist")
        return table

    def forget_all(self) -> None:
        """Start again without tables; the store is the caller's to clear."""
        self._descriptions.clear()
        self._tables.clear()

    def create(self, request: ots_pb2.CreateTableRequest) -> Reply:
        """CreateTable."""
        meta = request.table_meta
        check_table_name(meta.table_name)
        _check_schema(meta)
        if request.index_metas or request.enable_local_txn:
            raise unsupported("CreateTable with secondary indexes or local transactions")
        unit = request.reserved_throughput.capacity_unit
        _check_capacity(unit)
        options = _new_options(request.table_options)
        if meta.table_name in self._tables:
            raise OtsError("OTSObjectAlreadyExist")
        if len(self._tables) >= MAX_TABLES:
            raise OtsError("OTSQuotaExhausted", "Number of tables exceeded the quota.")
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
        )
        table_id = self._store.add_table(description.SerializeToString())
        self._remember(table_id, description)
        return Reply(ots_pb2.CreateTableResponse())

    def list(self, request: ots_pb2.ListTableRequest) -> Reply:
        """ListTable."""
        return Reply(ots_pb2.ListTableResponse(table_names=sorted(self._tables)))

    def describe(self, request: ots_pb2.DescribeTableRequest) -> Reply:
        """DescribeTable."""
        check_table_name(request.table_name)
        self.find(request.table_name)
        return Reply(self._descriptions[request.table_name])

    def update(self, request: ots_pb2.UpdateTableRequest) -> Reply:
        """UpdateTable: options and reserved throughput, effective at once."""
        check_table_name(request.table_name)
        table = self.find(request.table_name)
        description = ots_pb2.DescribeTableResponse()
        description.CopyFrom(self._descriptions[table.name])
        if not (request.HasField("table_options") or request.HasField("reserved_throughput")):
            raise invalid("No parameter is specified in table options.")
        if request.HasField("table_options"):
            if not request.table_options.ListFields():
                raise invalid("No parameter is specified in table options.")
            _check_options(request.table_options)
            description.table_options.MergeFrom(request.table_options)
        if request.HasField("reserved_throughput"):
            unit = request.reserved_throughput.capacity_unit
            _check_capacity(unit)
            description.reserved_throughput_details.capacity_unit.MergeFrom(unit)
            description.reserved_throughput_details.last_increase_time = int(self._clock.now_s())
        self._store.save_table(table.table_id, description.SerializeToString())
        self._remember(table.table_id, description)
        return Reply(
            ots_pb2.UpdateTableResponse(
                reserved_throughput_details=description.reserved_throughput_details,
                table_options=description.table_options,
            )
        )

    def delete(self, request: ots_pb2.DeleteTableRequest) -> Reply:
        """DeleteTable, with every row."""
        check_table_name(request.table_name)
        table = self.find(request.table_name)
        self._store.drop_table(table.table_id)
        del self._descriptions[table.name], self._tables[table.name]
        return Reply(ots_pb2.DeleteTableResponse())

    def list_search_indexes(self, request: ots_pb2.ListSearchIndexRequest) -> Reply:
        """ListSearchIndex: there are none, which clients that clean up must be able to hear."""
        return Reply(ots_pb2.ListSearchIndexResponse())

    def _remember(self, table_id: int, description: ots_pb2.DescribeTableResponse) -> None:
        meta, options = description.table_meta, description.table_options
        self._descriptions[meta.table_name] = description
        self._tables[meta.table_name] = Table(
            table_id=table_id,
            name=meta.table_name,
            key_columns=tuple(
                KeyColumn(column.name, _KEY_TYPES[column.type], column.HasField("option"))
                for column in meta.primary_key
            ),
            ttl_ms=None if options.time_to_live == -1 else options.time_to_live * 1000,
            max_versions=options.max_versions,
            deviation_ms=options.deviation_cell_version_in_sec * 1000,
            allows_update=options.allow_update,
        )


def _check_schema(meta: ots_pb2.TableMeta) -> None:
    if not 1 <= len(meta.primary_key) <= MAX_KEY_COLUMNS:
        raise invalid(
            f"The number of primary key columns must be in range: [1, {MAX_KEY_COLUMNS}]."
        )
    names: set[str] = set()
    for column in meta.primary_key:
        check_column_name(column.name)
        if column.type not in _KEY_TYPES:
            raise invalid("BOOLEAN is an invalid type for the primary key.")
        if column.name in names:
            raise invalid(f"Duplicated primary key name: '{column.name}'.")
        names.add(column.name)
    _check_auto_increment(meta)
    if len(meta.defined_column) > MAX_DEFINED_COLUMNS:
        raise invalid(
            f"The number of defined columns must be in range: [0, {MAX_DEFINED_COLUMNS}]."
        )
    for defined in meta.defined_column:
        check_column_name(defined.name)
        if defined.name in names:
            raise invalid(
                f"Duplicated attribute column name with primary key column: '{defined.name}'."
            )


def _check_auto_increment(meta: ots_pb2.TableMeta) -> None:
    numbered = [column for column in meta.primary_key if column.HasField("option")]
    if len(numbered) > 1:
        raise invalid("AUTO_INCREMENT primary key count must <= 1.")
    if numbered and numbered[0].type != ots_pb2.INTEGER:
        raise invalid("AUTO_INCREMENT primary key must be integer.")
    if numbered and meta.primary_key[0].HasField("option"):
        raise invalid(f"First primary key can't be auto increment, table: '{meta.table_name}'.")


def _new_options(given: ots_pb2.TableOptions) -> ots_pb2.TableOptions:
    if not given.HasField("time_to_live"):
        raise invalid("Time-to-live is missing while creating table.")
    if not given.HasField("max_versions"):
        raise invalid("MaxVersions is missing while creating table.")
    _check_options(given)
    options = ots_pb2.TableOptions(
        deviation_cell_version_in_sec=_DEFAULT_DEVIATION_S, allow_update=True
    )
    options.MergeFrom(given)
    return options


def _check_options(options: ots_pb2.TableOptions) -> None:
    if options.HasField("time_to_live"):
        if options.time_to_live == 0 or options.time_to_live < -1:
            raise invalid("TimeToLive cannot be 0 or less than -1.")
        if 0 < options.time_to_live < MIN_TTL_S:
            # inferred: the minimum is documented (86,400 s), the text is not
            raise invalid(f"TimeToLive cannot be less than {MIN_TTL_S}.")
    if options.HasField("max_versions") and options.max_versions <= 0:
        raise invalid("The maximum versions cannot be less than or equal to 0.")
    if not 0 <= options.deviation_cell_version_in_sec <= MAX_DEVIATION_S:
        raise invalid("The maximum deviation must be in range [0, INT64_MAX/1000000].")


def _check_capacity(unit: ots_pb2.CapacityUnit) -> None:
    if unit.read < 0:
        raise invalid("The value of read capacity unit can not be less than 0.")
    if unit.write < 0:
        raise invalid("The value of write capacity unit can not be less than 0.")
