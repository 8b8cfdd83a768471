"""Requests at the same moment, whose batches interleave row by row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.abuse.model import Burst, Enumeration, PrefixConversion
from tests.fakes.interleaved_rows import InterleavedRows
from tests.fakes.service import OtpService
from tests.unit.abuse.traffic import Serve, number, only, outcome

AT_ONCE = 16


def at_once(calls: Sequence[Callable[[], object]]) -> list[object]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [each.result() for each in [pool.submit(call) for call in calls]]


def sends(otp: OtpService, tails: Sequence[int]) -> list[object]:
    return at_once([lambda tail=tail: outcome(otp, number(tail)) for tail in tails])  # type: ignore[misc]


@pytest.mark.parametrize("seed", range(4))
def test_a_block_closes_at_most_as_late_as_many_are_under_way(serve: Serve, seed: int) -> None:
    otp = serve(
        only(enumeration=Enumeration(mode="enforce", limit=12)), store=InterleavedRows(seed)
    )

    outcomes = sends(otp, range(80))

    assert set(outcomes) <= {"sent", "throttled"}
    assert 12 <= outcomes.count("sent") <= 12 + 2 * AT_ONCE
    assert outcome(otp, number(99)) == "throttled"


@pytest.mark.parametrize("seed", range(4))
def test_shadow_refuses_nobody_at_once(serve: Serve, seed: int) -> None:
    otp = serve(
        only(enumeration=Enumeration(limit=3), burst=Burst(limit=5)), store=InterleavedRows(seed)
    )

    assert set(sends(otp, range(60))) == {"sent"}


@pytest.mark.parametrize("seed", range(4))
def test_what_was_sent_and_typed_at_once_is_counted_to_the_last(serve: Serve, seed: int) -> None:
    otp = serve(
        only(prefix_conversion=PrefixConversion("enforce", min_sent=7)), store=InterleavedRows(seed)
    )
    issued = [otp.request(number(tail)).challenge_id for tail in range(24)]
    codes = [code for _, code in otp.sender.sent]

    verdicts = at_once(
        [
            lambda each=each, code=code: otp.refuses(each, code)  # type: ignore[misc]
            for each, code in zip(issued, codes, strict=True)
        ]
    )

    (row,) = (row for key, row in otp.memory.rows.items() if key.item == "sends")
    assert not any(verdicts)
    assert [row[name] for name in sorted(row) if name[0] in "sv" and name[1].isdigit()] == [24, 24]
