"""PlainBuffer, the binary form of a row: in requests, in answers, and in the store.

Layout (the vendor's page "PlainBuffer"), all numbers little-endian:

    row  = u32 0x75, [0x01 cell*], [0x02 cell*], [0x08], 0x09 crc8
    cell = 0x03, 0x04 u32 name, [0x05 u32 variant], [0x06 op], [0x07 i64 ms], 0x0A crc8
    variant = type byte, payload

A cell's checksum runs over name, variant, timestamp and operation, in this order, which is not the
order on the wire; a row's runs over its cells' checksums and then 1 or 0 for the delete marker.

Longer than most modules here, since the two directions are best read side by side.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from infra.localcloud.tablestore.errors import OtsError, invalid


class Bound(enum.Enum):
    """What may stand in a key in place of a value; the number is the type byte."""

    INF_MIN = 9
    INF_MAX = 10
    AUTO_INCREMENT = 11


class Op(enum.IntEnum):
    """What an UpdateRow cell does to its column. A cell without one is a put."""

    DELETE_ALL = 1
    DELETE_ONE = 3
    INCREMENT = 4


Value = bool | int | float | str | bytes
"""INTEGER, DOUBLE, BOOLEAN, STRING and BLOB are told apart by the Python type."""

KeyValue = int | str | bytes | bool | Bound
Key = Sequence[tuple[str, KeyValue]]

HEADER: Final = 0x75
HEADER_BYTES: Final = struct.pack("<I", HEADER)
ROW_PK, ROW_DATA, CELL, CELL_NAME, CELL_VALUE = 0x01, 0x02, 0x03, 0x04, 0x05
CELL_OP, CELL_TIMESTAMP, DELETE_MARKER, ROW_CHECKSUM, CELL_CHECKSUM = 0x06, 0x07, 0x08, 0x09, 0x0A
INTEGER, DOUBLE, BOOLEAN, STRING, BLOB = 0, 1, 2, 3, 7

_U32 = struct.Struct("<I")
_I64 = struct.Struct("<q")
_TYPED_I64 = struct.Struct("<Bq")
_TYPED_DOUBLE = struct.Struct("<Bd")
_TYPED_LENGTH = struct.Struct("<BI")


def _crc8_table() -> bytes:
    table = bytearray()
    for byte in range(256):
        for _ in range(8):
            byte = (byte << 1) ^ 0x07 if byte & 0x80 else byte << 1
        table.append(byte & 0xFF)
    return bytes(table)


_CRC8: Final = _crc8_table()


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of ROW_DATA. `timestamp_ms` is its version."""

    name: str
    value: Value | None = None
    timestamp_ms: int | None = None
    op: Op | None = None


@dataclass(frozen=True, slots=True)
class PlainRow:
    """A row as it was read; `is_deleted` is the delete marker."""

    key: list[tuple[str, KeyValue]]
    cells: list[Cell]
    is_deleted: bool = False


def crc8(crc: int, data: bytes) -> int:
    """CRC-8, polynomial 0x07, carried on from `crc`."""
    table = _CRC8
    for byte in data:
        crc = table[crc ^ byte]
    return crc


# ---- writing ----


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
    parts.append(bytes((ROW_CHECKSUM, _CRC8[crc ^ is_deleted])))
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
    return _CRC8[row_crc ^ crc]


# ---- reading ----


def decode_variant(data: bytes) -> Value | Bound:
    """A bare variant that fills `data` whole. Raises OtsError."""
    reader = _Reader(data)
    value = reader.variant()
    reader.expect_end()
    return value


def decode_row(data: bytes) -> PlainRow:
    """A row that fills `data` whole, its checksums verified. Raises OtsError.

    Zeros behind it are taken: the Node SDK reserves a byte too many for each bound of a range.
    """
    reader = _Reader(data)
    reader.header()
    row = reader.row()
    reader.skip_zeros()
    reader.expect_end()
    return row


def decode_rows(data: bytes) -> list[PlainRow]:
    """Rows back to back under one header; none for empty bytes. Raises OtsError."""
    if not data:
        return []
    reader = _Reader(data)
    reader.header()
    rows = []
    while reader.at < len(data):
        rows.append(reader.row())
    return rows


class _Reader:
    """A cursor over encoded bytes. Whatever is wrong with them is an OtsError of status 400."""

    __slots__ = ("at", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def header(self) -> None:
        actual = self.u32()
        if actual != HEADER:
            raise invalid(f"Cell data broken, mismatch header, actual: {actual}, expect: {HEADER}.")

    def expect_end(self) -> None:
        if self.at != len(self.data):
            raise invalid("Cell data broken, has more data in cell, but they can't be parsed.")

    def skip_zeros(self) -> None:
        while self.peek() == 0:
            self.at += 1

    def row(self) -> PlainRow:
        key: list[tuple[str, KeyValue]] = []
        cells: list[Cell] = []
        crc = 0
        if self.peek() == ROW_PK:
            self.at += 1
            while self.peek() == CELL:
                cell, value, crc = self.cell(crc)
                key.append((cell.name, _key_value(cell, value)))
        if self.peek() == ROW_DATA:
            self.at += 1
            while self.peek() == CELL:
                cell, value, crc = self.cell(crc)
                if isinstance(value, Bound):
                    raise _type_is_invalid(value, "attribute column")
                cells.append(cell)
        is_deleted = self.peek() == DELETE_MARKER
        self.at += is_deleted
        if self.u8() != ROW_CHECKSUM:
            raise invalid("Cell data broken, row is not end with checksum tag.")
        self.check(self.u8(), _CRC8[crc ^ is_deleted])
        return PlainRow(key, cells, is_deleted)

    def cell(self, row_crc: int) -> tuple[Cell, Value | Bound | None, int]:
        """The cell, its value where that may be a bound, and the row's checksum so far."""
        self.at += 1
        if self.peek() != CELL_NAME:
            raise invalid("Cell data broken, attr has no name.")
        self.at += 1
        name_bytes = self.take(self.u32())
        checked = name_bytes
        value: Value | Bound | None = None
        if self.peek() == CELL_VALUE:
            self.at += 1
            size = self.u32()
            start = self.at
            value = self.variant()
            if self.at - start != size:
                raise invalid("data format is invalid.")
            checked += self.data[start : self.at]
        op: int | None = None
        if self.peek() == CELL_OP:
            self.at += 1
            op = self.u8()
        timestamp_ms: int | None = None
        if self.peek() == CELL_TIMESTAMP:
            self.at += 1
            stamp = self.take(8)
            timestamp_ms = _I64.unpack(stamp)[0]
            checked += stamp
        if op is not None:
            checked += bytes((op,))
        if self.u8() != CELL_CHECKSUM:
            raise invalid("Cell data broken, cell is not end with checksum tag.")
        crc = crc8(0, checked)
        self.check(self.u8(), crc)
        known = None if isinstance(value, Bound) else value
        cell = Cell(_text(name_bytes), known, timestamp_ms, None if op is None else _op(op))
        return cell, value, _CRC8[row_crc ^ crc]

    def variant(self) -> Value | Bound:
        kind = self.u8()
        if kind == INTEGER:
            return int(_I64.unpack(self.take(8))[0])
        if kind == STRING:
            return _text(self.take(self.u32()))
        if kind == BLOB:
            return self.take(self.u32())
        if kind == DOUBLE:
            return float(struct.unpack("<d", self.take(8))[0])
        if kind == BOOLEAN:
            return self.u8() != 0
        try:
            return Bound(kind)
        except ValueError:
            raise invalid("data format is invalid, unknown variant type occured.") from None

    def peek(self) -> int:
        """The byte under the cursor, or -1 at the end."""
        return self.data[self.at] if self.at < len(self.data) else -1

    def u8(self) -> int:
        return self.take(1)[0]

    def u32(self) -> int:
        return int(_U32.unpack(self.take(4))[0])

    def take(self, size: int) -> bytes:
        end = self.at + size
        if end > len(self.data):
            raise invalid("Input encoded PK broken, length is shorter than expect.")
        taken = self.data[self.at : end]
        self.at = end
        return taken

    @staticmethod
    def check(given: int, computed: int) -> None:
        if given != computed:
            raise invalid(f"Cell data broken, checksum is mismatch, {given} : {computed}.")


def _key_value(cell: Cell, value: Value | Bound | None) -> KeyValue:
    if value is None:
        raise invalid(f"Cell data broken, PK value cannot be NULL, name: {cell.name}.")
    if cell.op is not None:
        raise invalid(f"OpType cannot be given for primary key name :'{cell.name}'.")
    if cell.timestamp_ms is not None:
        raise invalid(f"Timestamp cannot be given for primary key name:'{cell.name}'.")
    if isinstance(value, float):
        raise invalid("double can not be used as primary key.")
    return value


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise invalid(f"Cell data broken, wrong string format, size: {len(data)}.") from None


def _op(code: int) -> Op:
    try:
        return Op(code)
    except ValueError:
        raise invalid(f"Invalid op type of cell: {code}.") from None


def type_name(value: Value | Bound) -> str:
    """The service's name for the type of `value`, as its error texts use it."""
    if isinstance(value, Bound):
        return f"VT_{value.name}"
    return _TYPE_NAMES[type(value)]


def _type_is_invalid(value: Bound, place: str) -> OtsError:
    return invalid(f"{type_name(value)} is an invalid type for the {place}.")


_TYPE_NAMES: Final = {
    int: "VT_INTEGER",
    float: "VT_DOUBLE",
    bool: "VT_BOOLEAN",
    str: "VT_STRING",
    bytes: "VT_BLOB",
}
