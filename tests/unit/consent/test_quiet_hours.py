"""Quiet hours against a model that asks every offset."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.consent.quiet_hours import wait_s
from shared.consent.utc_offsets import OFFSETS_MIN

NIGHT = (21 * 60, 8 * 60)
MINUTE = st.integers(0, 1439)


def is_quiet(quiet: tuple[int, int], offset_min: int, at_s: int) -> bool:
    minute = (at_s // 60 + offset_min) % 1440
    start, end = quiet
    return start <= minute < end if start < end else minute >= start or minute < end


@given(
    st.tuples(MINUTE, MINUTE).filter(lambda quiet: quiet[0] != quiet[1]),
    st.sampled_from(sorted(OFFSETS_MIN)),
    st.integers(1_760_000_000, 1_800_000_000),
)
def test_the_wait_ends_with_the_quiet_of_the_whole_country(
    quiet: tuple[int, int], country: str, now_s: int
) -> None:
    least, greatest = OFFSETS_MIN[country]
    if (quiet[1] - quiet[0]) % 1440 + greatest - least >= 1440:
        least = greatest = (least + greatest) // 2
    wait = wait_s(quiet=quiet, country=country, time_zone=None, now_ms=now_s * 1000)

    def anywhere(at_s: int) -> bool:
        return any(is_quiet(quiet, offset, at_s) for offset in range(least, greatest + 1))

    assert (wait > 0) == anywhere(now_s)
    assert not anywhere(now_s + wait)
    assert wait == 0 or anywhere(now_s + wait - 1)


@given(
    st.sampled_from(["Europe/Berlin", "America/New_York"]),
    st.integers(1_760_000_000, 1_800_000_000),
)
def test_a_known_zone_decides(zone: str, now_s: int) -> None:
    wait = wait_s(quiet=NIGHT, country="CN", time_zone=zone, now_ms=now_s * 1000)
    after = now_s + wait
    assert wait_s(quiet=NIGHT, country="CN", time_zone=zone, now_ms=after * 1000) == 0


@pytest.mark.parametrize("zone", [None, "", "Nowhere/City", "../etc", "America"])
def test_an_unknown_zone_leaves_it_to_the_country(zone: str | None) -> None:
    noon_utc8_ms = 1_763_870_400_000
    assert wait_s(quiet=NIGHT, country="CN", time_zone=zone, now_ms=noon_utc8_ms) == 0


def test_every_country_of_phone_numbers_has_offsets() -> None:
    assert set(phonenumbers.SUPPORTED_REGIONS) <= set(OFFSETS_MIN)
