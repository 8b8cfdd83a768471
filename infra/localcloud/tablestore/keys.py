"""Keys as bytes that sort as the keys do, so that SQLite's BLOB order is the table's order.

One column is a marker and a body: 00 for the least bound, ff for the greatest, 01 before a value.
Integers are big-endian with the sign bit flipped; strings and binaries have their zero bytes
written as 00 ff and end in 00 00, so that a prefix sorts before what it begins.
"""

from __future__ import annotations

from infra.localcloud.tablestore.errors import invalid
from infra.localcloud.tablestore.plainbuffer import Bound, Key, KeyValue, decode_row

_SIGN_BIT = 1 << 63
_BOUNDS = {Bound.INF_MIN: b"\x00", Bound.INF_MAX: b"\xff"}


def encode_key(key: Key) -> bytes:
    """The key's bytes. Columns must be in the table's order and of its types."""
    return b"".join(_encode(value) for _, value in key)


def parse_read_key(data: bytes) -> Key:
    """The key that a read names, as PlainBuffer. Raises OtsError."""
    row = decode_row(data)
    if row.cells:
        raise invalid("Attribute column cannot be given while reading data.")
    if row.is_deleted:
        raise invalid("Delete marker cannot be given.")
    return row.key


def _encode(value: KeyValue) -> bytes:
    if isinstance(value, Bound):
        return _BOUNDS[value]
    if isinstance(value, int):
        return b"\x01" + (value + _SIGN_BIT).to_bytes(8, "big")
    data = value.encode() if isinstance(value, str) else value
    return b"\x01" + data.replace(b"\x00", b"\x00\xff") + b"\x00\x00"
