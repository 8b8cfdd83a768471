"""Writing PlainBuffer; see plainbuffer.py for the layout."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from infra.localcloud.tablestore.cells import (
    BLOB,
    BOOLEAN,
    CELL_CHECKSUM,
    CELL_OP,
    CRC8,
    DOUBLE,
    HEADER_BYTES,
    INTEGER,
    ROW_CHECKSUM,
    STRING,
    Bound,
    Cell,
    Key,
    Value,
    crc8,
)

_U32 = struct.Struct("<I")
_I64 = struct.Struct("<q")
_TYPED_I64 = struct.Struct("<Bq")
_TYPED_DOUBLE = struct.Struct("<Bd")
_TYPED_LENGTH = struct.Struct("<BI")


def encode_variant(value: Value | Bound) -> bytes:
    """A bare variant: type byte and payload."""
    kind = type(value)
    if kind is int:
        return _TYPED_I64.pack(INTEGER, value)
    if kind is str:
        data = value.encode()  # type: ignore[union-attr]  # `kind is str` does not narrow
        return _TYPED_LENGTH.pack(STRING, len(data)) + data
    if kind is float:
        return _TYPED_DOUBLE.pack(DOUBLE, value)
    if kind is bool:
        return bytes((BOOLEAN, 1 if value else 0))
    if isinstance(value, Bound):
        return bytes((value.value,))
    assert isinstance(value, bytes)
    return _TYPED_LENGTH.pack(BLOB, len(value)) + value


def encode_row(key: Key, cells: Iterable[Cell] = (), *, is_deleted: bool = False) -> bytes:
    """A whole row with its header and checksums. Sections without cells are left out."""
    return HEADER_BYTES + encode_body(key, cells, is_deleted=is_deleted)


def encode_body(key: Key, cells: Iterable[Cell] = (), *, is_deleted: bool = False) -> bytes:
    """A row without the header, as rows stand back to back in a range's answer."""
    parts: list[bytes] = []
    crc = 0
    if key:
        parts.append(b"\x01")
        for name, value in key:
            crc = _encode_cell(parts, crc, name, encode_variant(value), None, None)
    is_first = True
    for cell in cells:
        if is_first:
            parts.append(b"\x02")
            is_first = False
        variant = None if cell.value is None else encode_variant(cell.value)
        crc = _encode_cell(parts, crc, cell.name, variant, cell.timestamp_ms, cell.op)
    if is_deleted:
        parts.append(b"\x08")
    parts.append(bytes((ROW_CHECKSUM, CRC8[crc ^ is_deleted])))
    return b"".join(parts)


def _encode_cell(
    parts: list[bytes],
    row_crc: int,
    name: str,
    variant: bytes | None,
    timestamp_ms: int | None,
    op: int | None,
) -> int:
    """Append one cell; gives the row's checksum carried on over it."""
    name_bytes = name.encode()
    checked = name_bytes
    parts.append(b"\x03\x04" + _U32.pack(len(name_bytes)) + name_bytes)
    if variant is not None:
        parts.append(b"\x05" + _U32.pack(len(variant)) + variant)
        checked += variant
    if op is not None:
        parts.append(bytes((CELL_OP, op)))
    if timestamp_ms is not None:
        stamp = _I64.pack(timestamp_ms)
        parts.append(b"\x07" + stamp)
        checked += stamp
    if op is not None:
        checked += bytes((op,))
    crc = crc8(0, checked)
    parts.append(bytes((CELL_CHECKSUM, crc)))
    return CRC8[row_crc ^ crc]
