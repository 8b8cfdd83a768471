"""The use cases over the real SDK and the real wire: races, lost answers, round trips."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from infra.localcloud.core.faults import Fault
from shared.errors import OtpInvalid, SesameError, StoreUnavailable, Throttled
from tests.fakes.hands import HandClock
from tests.fakes.row_stores import rows_on
from tests.fakes.service import OtpService
from tests.localcloud.tablestore.tablestore_server import RunningTablestore, sdk

KEY = "k" * 20


@pytest.fixture(params=[False, True], ids=["python-codec", "default-codec"])
def otp(request: pytest.FixtureRequest, tablestore: RunningTablestore) -> OtpService:
    return OtpService(
        store=rows_on(tablestore, native=request.param),
        clock=HandClock(tablestore.cloud.clock.now_ms()),
    )


def at_once(times: int, call: Callable[[], object]) -> list[object]:
    """What `times` parallel calls gave: a value, or the type of the error."""

    def one(_: int) -> object:
        try:
            return call()
        except SesameError as error:
            return type(error)

    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(one, range(times)))


def trips(server: RunningTablestore) -> dict[str, int]:
    operations = server.cloud.meter.as_json()["operations"]
    return {str(each["operation"]): int(str(each["count"])) for each in operations}


def test_request_costs_two_round_trips_and_verify_one(
    otp: OtpService, tablestore: RunningTablestore
) -> None:
    issued = otp.request(client_ip="203.0.113.7", key=KEY)
    assert trips(tablestore) == {"BatchWriteRow": 2}

    with pytest.raises(OtpInvalid):
        otp.verify(issued.challenge_id, otp.wrong_code())
    otp.verify(issued.challenge_id)
    assert trips(tablestore) == {"BatchWriteRow": 4}


def test_two_hundred_right_codes_at_once_open_the_door_once(otp: OtpService) -> None:
    issued = otp.request()

    results = at_once(200, lambda: otp.verify(issued.challenge_id))

    assert sum(result is not OtpInvalid for result in results) == 1


def test_two_hundred_wrong_codes_at_once_are_three_guesses(
    otp: OtpService, tablestore: RunningTablestore
) -> None:
    issued = otp.request()
    wrong = otp.wrong_code()

    assert set(at_once(200, lambda: otp.verify(issued.challenge_id, wrong))) == {OtpInvalid}

    row = phone_row(tablestore)
    assert sum(name.startswith("g_at_") for name in row) == 3
    with pytest.raises(OtpInvalid):
        otp.verify(issued.challenge_id)


def test_fifty_requests_at_once_send_one_message(otp: OtpService) -> None:
    results = at_once(50, lambda: otp.request(client_ip="203.0.113.7"))

    assert len(otp.sender.sent) == 1
    assert results.count(Throttled) == 49
    issued = next(result for result in results if result is not Throttled)
    otp.verify(issued.challenge_id)  # type: ignore[attr-defined]  # not an error's type


def test_fifty_requests_with_one_key_send_one_message(otp: OtpService) -> None:
    at_once(50, lambda: otp.request(key=KEY))

    assert len(otp.sender.sent) == 1


def test_what_losers_took_is_given_back(otp: OtpService) -> None:
    at_once(50, lambda: otp.request(client_ip="203.0.113.7"))

    sent = 1
    for number in range(70):
        try:
            otp.request(f"+86139001390{number:02d}", client_ip="203.0.113.7")
        except Throttled:
            break
        sent += 1
    assert sent == 60


@pytest.mark.parametrize("step", [1, 2])
def test_a_lost_answer_at_any_step_of_a_request_changes_nothing(
    otp: OtpService, tablestore: RunningTablestore, step: int
) -> None:
    original = otp.sender.send_code

    def lose_next() -> None:
        tablestore.cloud.faults.add(Fault("tablestore", "BatchWriteRow", "drop_after", 1))

    def send(**message: object) -> object:
        outcome = original(**message)  # type: ignore[arg-type]
        if step == 2:
            lose_next()
        return outcome

    otp.sender.send_code = send  # type: ignore[method-assign,assignment]
    if step == 1:
        lose_next()
    issued = otp.request(key=KEY)

    assert len(otp.sender.sent) == 1
    assert otp.request(key=KEY).challenge_id == issued.challenge_id
    otp.verify(issued.challenge_id)


def test_a_right_code_whose_answer_was_lost_is_verified_all_the_same(
    otp: OtpService, tablestore: RunningTablestore
) -> None:
    issued = otp.request()
    tablestore.cloud.faults.add(Fault("tablestore", "BatchWriteRow", "drop_after", 1))

    otp.verify(issued.challenge_id)

    with pytest.raises(OtpInvalid):
        otp.verify(issued.challenge_id)


def test_a_wrong_code_whose_answer_was_lost_is_one_guess(
    otp: OtpService, tablestore: RunningTablestore
) -> None:
    issued = otp.request()
    tablestore.cloud.faults.add(Fault("tablestore", "BatchWriteRow", "drop_after", 1))
    with pytest.raises(OtpInvalid):
        otp.verify(issued.challenge_id, otp.wrong_code())

    assert sum(name.startswith("g_at_") for name in phone_row(tablestore)) == 1
    otp.verify(issued.challenge_id)


def test_a_store_that_is_down_sends_nothing_and_keeps_no_key(
    otp: OtpService, tablestore: RunningTablestore
) -> None:
    tablestore.cloud.faults.add(Fault("tablestore", "*", "error:OTSServerBusy", 40))
    with pytest.raises(StoreUnavailable):
        otp.request(key=KEY)
    assert otp.sender.sent == []

    tablestore.cloud.faults.clear()
    assert not otp.request(key=KEY).is_replay


def phone_row(server: RunningTablestore) -> dict[str, object]:
    """The one phone's row, read apart from the product."""
    _, _, rows, _ = server.client().get_range(
        "sesame_state",
        "FORWARD",
        [("subject", sdk.INF_MIN), ("item", sdk.INF_MIN)],
        [("subject", sdk.INF_MAX), ("item", sdk.INF_MAX)],
        max_version=1,
    )
    (row,) = [row for row in rows if dict(row.primary_key)["item"] == "phone"]
    return {name: value for name, value, _ in row.attribute_columns}
