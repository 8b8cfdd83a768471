"""Figures over the real SDK and wire: what they cost the paths, and that they come out right."""

from __future__ import annotations

import pytest

from shared.errors import OtpInvalid, Throttled
from shared.notifications.receipts import DeliveryReport
from shared.phone_parser import parse_phone
from tests.fakes.hands import HandClock
from tests.fakes.row_stores import rows_on
from tests.localcloud.tablestore.tablestore_server import RunningTablestore
from tests.unit.rollup.conftest import Desk

NOTICES = 150


def trips(server: RunningTablestore) -> dict[str, int]:
    operations = server.cloud.meter.as_json()["operations"]
    found = {str(each["operation"]): int(str(each["count"])) for each in operations}
    server.cloud.meter.clear()
    return found


@pytest.mark.usefixtures("no_proxies")
def test_counting_costs_no_round_trip_and_agrees(tablestore: RunningTablestore) -> None:
    clock = HandClock(tablestore.cloud.clock.now_ms())
    desk = Desk(rows_on(tablestore), clock)  # type: ignore[arg-type]  # of the same protocol

    issued = desk.otp.request()
    assert trips(tablestore) == {"BatchWriteRow": 2}
    with pytest.raises(OtpInvalid):
        desk.otp.verify(issued.challenge_id, desk.otp.wrong_code())
    desk.otp.verify(issued.challenge_id)
    assert trips(tablestore) == {"BatchWriteRow": 2}
    with pytest.raises(Throttled):
        desk.otp.request()
    assert trips(tablestore) == {"BatchWriteRow": 2, "BatchGetRow": 1}

    phones = [f"+86139{number:08d}" for number in range(NOTICES)]
    desk.notices.accept(*phones)
    accepted = trips(tablestore)["BatchWriteRow"]
    desk.notices.dispatch()
    assert (accepted, trips(tablestore)) == (3, {"BatchWriteRow": 2 * -(-NOTICES // 45)})
    reports = [
        DeliveryReport(
            biz_id="biz-1",
            phone=parse_phone(phone),
            out_id=desk.notices.sms.sent[0].out_id,
            is_delivered=True,
            err_code="DELIVERED",
            reported_ms=clock.now_ms() + 4_000,
        )
        for phone in phones
    ]
    desk.notices.receive(reports)
    assert trips(tablestore) == {"BatchWriteRow": 1}
    desk.notices.receive(reports)  # once more, for nothing
    trips(tablestore)

    clock.advance(361)
    desk.fold()
    assert trips(tablestore)["BatchWriteRow"] < 20
    figures = desk.figures()
    assert figures["accepted"] == NOTICES + 1
    assert figures["delivered"] == NOTICES
    assert (figures["verified"], figures["throttled.phone_minute"]) == (1, 1)
    assert desk.total().latency_s(95) == 5
