"""The switch that lets the rows of concurrent batches be carried out in any order, and the product
under it: no promise of a batch but that of each row is kept, and none other may be relied on.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from tablestore_server import RunningTablestore, create_table, provided, read, sdk, where

from shared.errors import OtpInvalid, SesameError, Throttled
from tests.fakes.hands import HandClock
from tests.fakes.row_stores import rows_on
from tests.fakes.service import OtpService

ROWS = [f"r{number:02d}" for number in range(20)]


@pytest.fixture
def shuffling(server: RunningTablestore) -> RunningTablestore:
    """A server that interleaves batches."""
    server.service.behaviour.interleaves_batches = True
    return server


@pytest.fixture
def otp(tablestore: RunningTablestore) -> OtpService:
    """The product on a server that interleaves batches, with a clock that stands."""
    tablestore.service.behaviour.interleaves_batches = True
    now_ms = tablestore.cloud.clock.now_ms()
    return OtpService(store=rows_on(tablestore, native=False), clock=HandClock(now_ms))


def at_once(times: int, call: Callable[[int], object]) -> list[object]:
    """What `times` parallel calls gave: a value, or the type of the error."""

    def one(number: int) -> object:
        try:
            return call(number)
        except SesameError as error:
            return type(error)

    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(one, range(times)))


def put_all(client: sdk.OTSClient, value: int) -> None:
    items = [sdk.PutRowItem(sdk.Row([("pk", pk)], [("n", value)]), None) for pk in ROWS]
    request = sdk.BatchWriteRowRequest()
    request.add(sdk.TableInBatchWriteRowItem("t", items))
    assert client.batch_write_row(request).is_all_succeed()


def writers_seen(server: RunningTablestore) -> int:
    """How many of 16 parallel batches, each over all rows, left a row behind."""
    client = server.client()
    create_table(client)
    at_once(16, lambda number: put_all(client, number))
    return len({(read(client, pk) or {})["n"] for pk in ROWS})


def test_rows_of_concurrent_batches_mix(shuffling: RunningTablestore) -> None:
    assert writers_seen(shuffling) > 1


def test_rows_of_concurrent_batches_do_not_mix_without_the_switch(
    server: RunningTablestore,
) -> None:
    assert writers_seen(server) == 1


def test_changes_to_one_row_of_a_batch_stay_in_order(shuffling: RunningTablestore) -> None:
    client = shuffling.client()
    create_table(client)
    items = [sdk.PutRowItem(sdk.Row([("pk", "a")], [("n", n)]), None) for n in range(30)]
    request = sdk.BatchWriteRowRequest()
    request.add(sdk.TableInBatchWriteRowItem("t", items))
    client.batch_write_row(request)
    assert read(client, "a") == {"n": 29}


def test_increments_in_batches_pass_a_limit_exactly(shuffling: RunningTablestore) -> None:
    """In batches of 20 rows, of which one is the hot row."""
    client = shuffling.client()
    create_table(client)
    below = provided(where("n", "LESS_THAN", 50, pass_if_missing=True))

    def count(number: int) -> int:
        keys = ["hot", *(f"{number}-{cold}" for cold in range(19))]
        items = [
            sdk.UpdateRowItem(sdk.Row([("pk", pk)], {"INCREMENT": [("n", 1)]}), below)
            for pk in keys
        ]
        request = sdk.BatchWriteRowRequest()
        request.add(sdk.TableInBatchWriteRowItem("t", items))
        succeeded, _ = client.batch_write_row(request).get_update()
        return sum(row.index == 0 for row in succeeded)

    assert sum(map(int, at_once(200, count))) == 50  # type: ignore[arg-type]  # all are numbers
    assert read(client, "hot") == {"n": 50}


def test_two_hundred_right_codes_at_once_open_the_door_once(otp: OtpService) -> None:
    issued = otp.request()
    results = at_once(200, lambda _: otp.verify(issued.challenge_id))
    assert sum(result is not OtpInvalid for result in results) == 1


def test_wrong_codes_at_once_are_three_guesses(otp: OtpService) -> None:
    issued = otp.request()
    wrong = otp.wrong_code()
    assert set(at_once(200, lambda _: otp.verify(issued.challenge_id, wrong))) == {OtpInvalid}
    with pytest.raises(OtpInvalid):
        otp.verify(issued.challenge_id)


def test_fifty_requests_at_once_send_one_message(otp: OtpService) -> None:
    results = at_once(50, lambda _: otp.request(client_ip="203.0.113.7"))
    assert len(otp.sender.sent) == 1
    assert results.count(Throttled) == 49


def test_requests_with_one_key_at_once_send_one_message_or_leave_it_to_the_next(
    otp: OtpService,
) -> None:
    """One may hold the key and another the phone's place: then both are refused, and give back."""
    at_once(50, lambda _: otp.request(key="k" * 20))
    if not otp.sender.sent:
        otp.request(key="k" * 20)
    assert len(otp.sender.sent) == 1


def test_what_losers_took_is_given_back(otp: OtpService) -> None:
    at_once(50, lambda _: otp.request(client_ip="203.0.113.7"))
    sent = 1
    for number in range(70):
        try:
            otp.request(f"+86139001390{number:02d}", client_ip="203.0.113.7")
        except Throttled:
            break
        sent += 1
    assert sent == 60
