"""Races whose batches interleave row by row, as the real store's may."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.errors import SesameError
from tests.fakes.interleaved_rows import InterleavedRows
from tests.fakes.service import KEY, OtpService


@pytest.fixture(params=range(6))
def otp(request: pytest.FixtureRequest) -> OtpService:
    return OtpService(store=InterleavedRows(request.param))


def at_once(times: int, call: Callable[[], object]) -> list[object]:
    """What each of the parallel calls gave, errors by their code."""

    def one(_: int) -> object:
        try:
            return call()
        except SesameError as error:
            return error.code

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def test_requests_at_once_send_one_message_that_opens(otp: OtpService) -> None:
    results = at_once(24, otp.request)

    issued = [each for each in results if each != "throttled"]
    assert len(otp.sender.sent) == len(issued) == 1
    otp.verify(issued[0].challenge_id)  # type: ignore[attr-defined]  # not an error's code


def test_requests_with_one_key_send_at_most_one_message(otp: OtpService) -> None:
    at_once(24, lambda: otp.request(key=KEY, client_ip="203.0.113.7"))

    assert len(otp.sender.sent) <= 1


def test_right_codes_at_once_open_at_most_once(otp: OtpService) -> None:
    issued = otp.request()

    results = at_once(24, lambda: otp.verify(issued.challenge_id))

    assert sum(each != "otp_invalid" for each in results) <= 1
    assert otp.refuses(issued.challenge_id)


def test_wrong_codes_at_once_are_three_guesses(otp: OtpService) -> None:
    issued = otp.request()
    wrong = otp.wrong_code()

    assert set(at_once(24, lambda: otp.verify(issued.challenge_id, wrong))) == {"otp_invalid"}

    row = next(row for key, row in otp.memory.rows.items() if key.item == "phone")
    assert sum(column.startswith("g_at_") for column in row) == 3


def test_an_address_never_admits_more_than_its_limit(otp: OtpService) -> None:
    numbers = iter(range(10**6))

    def request_one() -> object:
        return otp.request(f"+8613800{next(numbers):06d}", client_ip="203.0.113.7")

    for _ in range(4):
        at_once(20, request_one)

    assert 0 < len(otp.sender.sent) <= 60


def test_resends_at_once_send_one_message(otp: OtpService) -> None:
    issued = otp.request()
    otp.clock.advance(61)

    at_once(24, lambda: otp.request(challenge_id=issued.challenge_id))

    assert len(otp.sender.sent) == 2
    otp.verify(issued.challenge_id)
