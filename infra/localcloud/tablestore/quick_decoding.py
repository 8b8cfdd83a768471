"""The hot half of reading PlainBuffer: one pass without a call for each field.

Rows are decoded once or twice in every request, and this is where half of its time would go.
"""

from __future__ import annotations

import struct
from typing import Final

from infra.localcloud.tablestore.cells import (
    BLOB,
    BOOLEAN,
    CELL,
    CELL_CHECKSUM,
    CELL_NAME,
    CELL_OP,
    CELL_TIMESTAMP,
    CELL_VALUE,
    CRC8,
    DELETE_MARKER,
    DOUBLE,
    HEADER_BYTES,
    INTEGER,
    ROW_CHECKSUM,
    ROW_DATA,
    ROW_PK,
    STRING,
    Bound,
    Cell,
    KeyValue,
    Op,
    PlainRow,
    Value,
)

_U32 = struct.Struct("<I").unpack_from
_I64 = struct.Struct("<q").unpack_from
_F64 = struct.Struct("<d").unpack_from
_BOUNDS: Final = {bound.value: bound for bound in Bound}
_OPS: Final = {op.value: op for op in Op}


def read_quickly(data: bytes, *, verifies: bool) -> PlainRow | None:
    """The row that fills `data` whole; None where anything about it is not as it should be.

    verifies: whether checksums are looked at.
    """
    try:
        return _read(data, verifies=verifies)
    except (IndexError, KeyError, ValueError, struct.error):
        return None


def _read(data: bytes, *, verifies: bool) -> PlainRow | None:
    if data[:4] != HEADER_BYTES:
        return None
    table = CRC8
    key: list[tuple[str, KeyValue]] = []
    cells: list[Cell] = []
    row_crc = 0
    at = 4
    for section in (ROW_PK, ROW_DATA):
        if data[at] != section:
            continue
        at += 1
        while data[at] == CELL:
            if data[at + 1] != CELL_NAME:
                return None
            start = at + 6
            at = start + _U32(data, at + 2)[0]
            name_bytes = data[start:at]
            checked = name_bytes
            value: Value | Bound | None = None
            if data[at] == CELL_VALUE:
                start = at + 5
                at = start + _U32(data, at + 1)[0]
                variant = data[start:at]
                value = _variant(variant)
                checked += variant
            op: Op | None = None
            if data[at] == CELL_OP:
                op = _OPS[data[at + 1]]
                at += 2
            timestamp_ms: int | None = None
            if data[at] == CELL_TIMESTAMP:
                timestamp_ms = _I64(data, at + 1)[0]
                checked += data[at + 1 : at + 9]
                at += 9
            if data[at] != CELL_CHECKSUM:
                return None
            if verifies:
                crc = 0
                for byte in checked:
                    crc = table[crc ^ byte]
                if op is not None:
                    crc = table[crc ^ op]
                if crc != data[at + 1]:
                    return None
                row_crc = table[row_crc ^ crc]
            at += 2
            name = name_bytes.decode()
            if section == ROW_DATA:
                if isinstance(value, Bound):
                    return None
                cells.append(Cell(name, value, timestamp_ms, op))
            elif value is None or op or timestamp_ms is not None or isinstance(value, float):
                return None
            else:
                key.append((name, value))
    is_deleted = data[at] == DELETE_MARKER
    at += is_deleted
    if data[at] != ROW_CHECKSUM or at + 2 != len(data):
        return None
    if verifies and table[row_crc ^ is_deleted] != data[at + 1]:
        return None
    return PlainRow(key, cells, is_deleted)


def _variant(data: bytes) -> Value | Bound:
    """Raises one of the errors that read_quickly expects."""
    kind, size = data[0], len(data)
    if kind == STRING and size == 5 + _U32(data, 1)[0]:
        return data[5:].decode()
    if kind == INTEGER and size == 9:
        value: int = _I64(data, 1)[0]
        return value
    if kind == BLOB and size == 5 + _U32(data, 1)[0]:
        return data[5:]
    if kind == DOUBLE and size == 9:
        real: float = _F64(data, 1)[0]
        return real
    if kind == BOOLEAN and size == 2:
        return data[1] != 0
    if size != 1:
        raise ValueError(kind)
    return _BOUNDS[kind]
