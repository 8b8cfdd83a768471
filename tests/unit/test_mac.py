"""Parts of a MAC cannot run into each other."""

from __future__ import annotations

import pytest

from shared.mac import mac_of


@pytest.mark.parametrize(
    "other", [(b"a", b"bc"), (b"abc",), (b"ab", b"c", b""), (b"", b"ab", b"c"), (b"c", b"ab")]
)
def test_other_parts_give_another_mac(other: tuple[bytes, ...]) -> None:
    assert mac_of(b"k" * 32, b"ab", b"c") != mac_of(b"k" * 32, *other)


def test_another_key_gives_another_mac() -> None:
    assert mac_of(b"k" * 32, b"ab") != mac_of(b"j" * 32, b"ab")
