"""What a row operation must know of a table, and of the indexes that follow it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from infra.localcloud.tablestore import ots_pb2
from infra.localcloud.tablestore.errors import OtsError, invalid
from infra.localcloud.tablestore.plainbuffer import Bound, Key, type_name

KEY_TYPES: Final[dict[ots_pb2.PrimaryKeyType, type]] = {
    ots_pb2.INTEGER: int,
    ots_pb2.STRING: str,
    ots_pb2.BINARY: bytes,
    ots_pb2.PK_BOOLEAN: bool,
}
_WIRE_TYPES = {type_: code for code, type_ in KEY_TYPES.items()}
_KEY_TYPE_NAMES = {int: "VT_INTEGER", str: "VT_STRING", bytes: "VT_BLOB", bool: "VT_BOOLEAN"}


@dataclass(frozen=True, slots=True)
class KeyColumn:
    """One primary key column."""

    name: str
    type: type
    is_auto_increment: bool

    def as_message(self) -> ots_pb2.PrimaryKeySchema:
        """The column as answers describe it."""
        schema = ots_pb2.PrimaryKeySchema(name=self.name, type=_WIRE_TYPES[self.type])
        if self.is_auto_increment:
            schema.option = ots_pb2.AUTO_INCREMENT
        return schema


@dataclass(frozen=True, slots=True)
class Index:
    """A secondary index: the table that it is read as, and the columns that it copies."""

    table: Table
    attributes: tuple[str, ...]
    is_global: bool


@dataclass(frozen=True, slots=True)
class Table:
    """One table, or an index as a table. base: the name of an index's table, empty for a table."""

    table_id: int
    name: str
    key_columns: tuple[KeyColumn, ...]
    ttl_ms: int | None
    max_versions: int
    deviation_ms: int
    allows_update: bool
    allows_transactions: bool
    has_auto_increment: bool
    base: str
    indexes: tuple[Index, ...]

    def oldest_live_ms(self, now_ms: int) -> int:
        """Versions at or before this moment have expired."""
        return -1 if self.ttl_ms is None else now_ms - self.ttl_ms

    def check_key(self, key: Key, bounds: Collection[Bound] = ()) -> None:
        """Raises OtsError (OTSInvalidPK) for a key that is not of the table's schema."""
        if len(key) != len(self.key_columns):
            raise OtsError(
                "OTSInvalidPK",
                f"Validate PK size fail. Input: {len(key)}, Meta: {len(self.key_columns)}.",
            )
        check_key_columns(key, self.key_columns, bounds)

    def check_writable(self) -> None:
        """Raises OtsError for an index: it is written through its table alone."""
        if self.base:
            raise invalid("Can't write index table directly.")


def check_key_columns(
    key: Key, columns: Sequence[KeyColumn], bounds: Collection[Bound] = ()
) -> None:
    """Raises OtsError (OTSInvalidPK) for a name or a type that is not the column's."""
    for (name, value), column in zip(key, columns):  # noqa: B905  # counted before, and hot
        if name != column.name:
            raise OtsError(
                "OTSInvalidPK",
                f"Validate PK name fail. Input: {name}, Meta: {column.name}.",
            )
        if type(value) is column.type:
            continue
        is_fit = column.is_auto_increment if value is Bound.AUTO_INCREMENT else value in bounds
        if not is_fit:
            raise OtsError(
                "OTSInvalidPK",
                f"Validate PK type fail. Input: {type_name(value)}, "
                f"Meta: {_KEY_TYPE_NAMES[column.type]}.",
            )


def table_from(
    description: ots_pb2.DescribeTableResponse,
    *,
    table_id: int,
    allows_transactions: bool = False,
    base: str = "",
    indexes: tuple[Index, ...] = (),
) -> Table:
    """The table that a DescribeTable answer describes."""
    meta, options = description.table_meta, description.table_options
    key_columns = tuple(
        KeyColumn(column.name, KEY_TYPES[column.type], column.HasField("option"))
        for column in meta.primary_key
    )
    return Table(
        table_id=table_id,
        name=meta.table_name,
        key_columns=key_columns,
        ttl_ms=None if options.time_to_live == -1 else options.time_to_live * 1000,
        max_versions=options.max_versions,
        deviation_ms=options.deviation_cell_version_in_sec * 1000,
        allows_update=options.allow_update,
        allows_transactions=allows_transactions,
        has_auto_increment=any(column.is_auto_increment for column in key_columns),
        base=base,
        indexes=indexes,
    )
