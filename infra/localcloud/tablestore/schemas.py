"""What CreateTable and UpdateTable refuse: schemas, options and capacities that cannot be."""

from __future__ import annotations

from infra.localcloud.tablestore import ots_pb2
from infra.localcloud.tablestore.errors import invalid
from infra.localcloud.tablestore.limits import (
    MAX_DEFINED_COLUMNS,
    MAX_DEVIATION_S,
    MAX_KEY_COLUMNS,
    MIN_TTL_S,
    check_column_name,
)

_DEFAULT_DEVIATION_S = 86_400


def check_schema(meta: ots_pb2.TableMeta) -> None:
    """Raises OtsError for key or defined columns that no table can have."""
    if not 1 <= len(meta.primary_key) <= MAX_KEY_COLUMNS:
        raise invalid(
            f"The number of primary key columns must be in range: [1, {MAX_KEY_COLUMNS}]."
        )
    names: set[str] = set()
    for column in meta.primary_key:
        check_column_name(column.name)
        # Any column but the first may be BOOLEAN, as the Java SDK's BoolPkFunctiontest has it.
        if column.type == ots_pb2.PK_BOOLEAN and not names:
            raise invalid("BOOLEAN is an invalid type for the primary key.")
        if column.name in names:
            raise invalid(f"Duplicated primary key name: '{column.name}'.")
        names.add(column.name)
    _check_auto_increment(meta)
    check_defined_columns(meta)


def check_defined_columns(meta: ots_pb2.TableMeta) -> None:
    """Raises OtsError for defined columns that a table of this key cannot have."""
    names = {column.name for column in meta.primary_key}
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


def new_options(given: ots_pb2.TableOptions) -> ots_pb2.TableOptions:
    """The options of a new table, with the defaults filled in. Raises OtsError."""
    if not given.HasField("time_to_live"):
        raise invalid("Time-to-live is missing while creating table.")
    if not given.HasField("max_versions"):
        raise invalid("MaxVersions is missing while creating table.")
    check_options(given)
    options = ots_pb2.TableOptions(
        deviation_cell_version_in_sec=_DEFAULT_DEVIATION_S, allow_update=True
    )
    options.MergeFrom(given)
    return options


def check_options(options: ots_pb2.TableOptions) -> None:
    """Raises OtsError for an option that is given and cannot be."""
    if options.HasField("time_to_live"):
        if options.time_to_live == 0 or options.time_to_live < -1:
            raise invalid("TimeToLive cannot be 0 or less than -1.")
        if 0 < options.time_to_live < MIN_TTL_S:
            # Inferred: the text for a shorter life than 86,400 s; the minimum is documented.
            raise invalid(f"TimeToLive cannot be less than {MIN_TTL_S}.")
    if options.HasField("max_versions") and options.max_versions <= 0:
        raise invalid("The maximum versions cannot be less than or equal to 0.")
    if not 0 <= options.deviation_cell_version_in_sec <= MAX_DEVIATION_S:
        raise invalid("The maximum deviation must be in range [0, INT64_MAX/1000000].")


def check_new_capacity(unit: ots_pb2.CapacityUnit) -> None:
    """Raises OtsError for a new table's reserved throughput that is not whole, or negative."""
    if not (unit.HasField("read") and unit.HasField("write")):
        # The text is that of the .NET SDK's CapacityUnitTest.
        raise invalid("Both read and write capacity unit are required to create table.")
    check_capacity(unit)


def check_capacity(unit: ots_pb2.CapacityUnit) -> None:
    """Raises OtsError for a negative reserved throughput."""
    if unit.read < 0:
        raise invalid("The value of read capacity unit can not be less than 0.")
    if unit.write < 0:
        raise invalid("The value of write capacity unit can not be less than 0.")
