"""The service's limits and the checks that need nothing but the request.

Numbers are those of the vendor's pages "Limits on the wide column model" and "General limits",
texts those that the vendor's SDK tests expect.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Final

from infra.localcloud.tablestore.errors import invalid
from infra.localcloud.tablestore.plainbuffer import Bound, Cell, Key, Value, type_name

MAX_TABLES: Final = 64
MAX_KEY_COLUMNS: Final = 4
MAX_DEFINED_COLUMNS: Final = 32
MAX_NAME_BYTES: Final = 255
MAX_KEY_BYTES: Final = 1024
MAX_VALUE_BYTES: Final = 2 * 1024 * 1024
MAX_COLUMNS: Final = 1024
MAX_WRITE_BYTES: Final = 4 * 1024 * 1024
MAX_BATCH_WRITE_ROWS: Final = 200
MAX_BATCH_GET_ROWS: Final = 100
MAX_RANGE_ROWS: Final = 5000
MAX_RANGE_BYTES: Final = 4 * 1024 * 1024
MAX_BODY_BYTES: Final = 5 * 1024 * 1024
MIN_TTL_S: Final = 86_400
MAX_TIMESTAMP_MS: Final = (2**63 - 1) // 1000
MAX_DEVIATION_S: Final = (2**63 - 1) // 1_000_000
MAX_INT32: Final = 2**31 - 1
MAX_FILTERS: Final = 10
"""The vendor's pages say 10 in some places and 32 in others: what passes here passes there."""

_TABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")


def check_table_name(name: str) -> None:
    """Raises OtsError for a name that no table can have."""
    if not _TABLE_NAME.fullmatch(name):
        raise invalid(f"Invalid table name: '{name}'.")


def check_column_name(name: str) -> None:
    """Raises OtsError for a name that no column can have: an empty or a long one, or one with a
    leading `#`.
    """
    if not name or name[0] == "#" or len(name.encode()) > MAX_NAME_BYTES:
        raise invalid(f"Invalid column name: '{name}'.")


def check_columns_to_get(names: Sequence[str]) -> None:
    """Raises OtsError for too many names or an impossible one."""
    if len(names) > MAX_COLUMNS:
        raise invalid(
            "The number of columns from the request exceeds the limit, "
            f"limit count: {MAX_COLUMNS}, column count: {len(names)}."
        )
    for name in names:
        check_column_name(name)


def check_key_values(key: Key, allowed: Iterable[Bound] = ()) -> None:
    """Raises OtsError for a bound where it cannot stand, a name given twice or a long value."""
    if not key:
        raise invalid("Cell data broken, PK is empty.")
    names = set()
    for name, value in key:
        if name in names:
            raise invalid(f"Duplicated primary key name: '{name}'.")
        names.add(name)
        if isinstance(value, Bound):
            if value is Bound.AUTO_INCREMENT and value not in allowed:
                raise invalid("PKAutoIncr can't be used for read operations.")
            if value not in allowed:
                raise invalid(f"{type_name(value)} is an invalid type for the primary key.")
        elif isinstance(value, (str, bytes)):
            size = value_size(value)
            if size > MAX_KEY_BYTES:
                raise invalid(
                    f"The length of primary key column: '{name}' exceeds the "
                    f"MaxLength:{MAX_KEY_BYTES} with CurrentLength:{size}."
                )


def check_cells(cells: Sequence[Cell], key: Key) -> None:
    """Raises OtsError for too many cells, or for one whose name, value or version cannot be."""
    if len(cells) > MAX_COLUMNS:
        raise invalid(
            "The number of attribute columns exceeds the limit, "
            f"limit count: {MAX_COLUMNS}, column count: {len(cells)}."
        )
    key_names = {name for name, _ in key}
    for cell in cells:
        check_column_name(cell.name)
        if cell.name in key_names:
            raise invalid(
                f"Duplicated attribute column name with primary key column: '{cell.name}'."
            )
        if cell.value is not None:
            _check_value(cell.name, cell.value)
        if cell.timestamp_ms is not None:
            check_timestamp(cell.timestamp_ms)


def _check_value(name: str, value: Value) -> None:
    if isinstance(value, float):
        if math.isnan(value):
            raise invalid("NaN can't be set to double value.")
        if math.isinf(value):
            raise invalid("Infinity can't be set to double value.")
    size = value_size(value)
    if size > MAX_VALUE_BYTES:
        raise invalid(
            f"The length of attribute column: '{name}' exceeds the "
            f"MaxLength:{MAX_VALUE_BYTES} with CurrentLength:{size}."
        )


def check_timestamp(timestamp_ms: int) -> None:
    """Raises OtsError for a version number that no cell can have."""
    if not 0 <= timestamp_ms < MAX_TIMESTAMP_MS:
        raise invalid("Timestamp must be in range [0, INT64_MAX/1000).")


def check_write_size(operation: str, size_bytes: int) -> None:
    """Raises OtsError for a write of more data than one request may carry."""
    if size_bytes > MAX_WRITE_BYTES:
        raise invalid(
            f"The total data size of {operation} request exceeds the limit, "
            f"limit size: {MAX_WRITE_BYTES}, data size: {size_bytes}."
        )


def value_size(value: object) -> int:
    """The bytes that a value counts for, in limits and in capacity units alike."""
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode())
    if isinstance(value, bytes):
        return len(value)
    return 1 if isinstance(value, bool) else 8
