"""CRC-64 with the polynomial of ECMA-182, reflected, as OSS and Function Compute tell it of a zip.

Two bytes at a time over one table of 65,536 entries; a package of 10 MB takes a second or two, so
call it beside the loop.
"""

from __future__ import annotations

import sys
from array import array
from functools import lru_cache

_POLYNOMIAL = 0xC96C5795D7870F42
_ALL_ONES = 0xFFFFFFFFFFFFFFFF


def crc64(data: bytes) -> str:
    """The checksum as the API writes it: a decimal number."""
    table = _table()
    whole = len(data) & ~1
    words = array("H")
    words.frombytes(data[:whole])
    if sys.byteorder == "big":
        words.byteswap()
    crc = _ALL_ONES
    for word in words:
        crc = table[(crc ^ word) & 0xFFFF] ^ (crc >> 16)
    for byte in data[whole:]:
        crc = _shifted((crc ^ byte) & 0xFF, 8) ^ (crc >> 8)
    return str(crc ^ _ALL_ONES)


@lru_cache(maxsize=1)
def _table() -> list[int]:
    low = [_shifted(byte, 8) for byte in range(256)]
    # The word's first byte goes through first: what it leaves meets the second.
    return [
        low[((word >> 8) ^ low[word & 0xFF]) & 0xFF] ^ (low[word & 0xFF] >> 8)
        for word in range(1 << 16)
    ]


def _shifted(crc: int, count: int) -> int:
    for _ in range(count):
        crc = (crc >> 1) ^ _POLYNOMIAL if crc & 1 else crc >> 1
    return crc
