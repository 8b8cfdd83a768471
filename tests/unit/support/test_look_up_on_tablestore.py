"""What a look-up costs on the wire: three round trips and a megabyte, however much is there."""

from __future__ import annotations

from shared.notifications.message_rows import MessageRef, MessageRows, message_id_of
from shared.phone_parser import parse_phone
from shared.rows import RECORDS, RowChange, RowKey, RowStore
from shared.support.asking import Asker, read_asked
from shared.support.codes import Codes, challenge_key
from shared.support.explanations import Explanations
from shared.support.look_up import CODES_READ, LISTED_READ, Found, LookUp, Places
from shared.support.messages import Messages
from shared.timeline import event
from tests.fakes.row_stores import rows_on
from tests.fakes.service import PHONE, OtpService
from tests.localcloud.tablestore.tablestore_server import RunningTablestore

MEGABYTE_CU = 256
"""Read capacity units of 4 KB."""


def test_a_crowded_phone_costs_three_round_trips_and_a_megabyte(
    tablestore: RunningTablestore,
) -> None:
    rows = rows_on(tablestore)
    otp = OtpService(store=rows)
    issued = otp.request()
    subject, names = otp.pseudonyms.of("phone", PHONE).hex(), MessageRows(otp.pseudonyms)
    crowd(rows, names, subject, otp.clock.now_ms(), codes=CODES_READ - 10)
    look_up = LookUp(
        store=rows,
        ranges=rows,
        places=Places(
            phone_subject=lambda phone: subject,
            person_subject=names.person,
            message_key=lambda text: ref.key if (ref := MessageRef.parse(text)) else None,
            message_id=message_id_of,
        ),
        codes=Codes(Explanations()),
        messages=Messages(Explanations()),
    )
    by = Asker.named(
        tenant="shop", sees=lambda tenant: tenant == "shop", key_name="k", who="Li", why="ticket"
    )

    def asks(what: str) -> tuple[Found, dict[str, int], int]:
        tablestore.cloud.meter.clear()
        found = look_up(read_asked(what, parse_phone), by=by, now_ms=otp.clock.now_ms())
        metered = tablestore.cloud.meter.as_json()["operations"]
        counts = {str(each["operation"]): int(str(each["count"])) for each in metered}
        return found, counts, sum(int(str(each["read_cu"])) for each in metered)

    found, counts, read_cu = asks(PHONE)
    assert counts == {"GetRange": 2, "BatchGetRow": 1}
    assert read_cu <= MEGABYTE_CU
    assert len(found.messages) == 20
    assert found.codes[0].verdict.kind == "throttled"
    assert found.last_sent is not None

    crowd(rows, names, subject, otp.clock.now_ms(), codes=CODES_READ + 100)
    found, counts, read_cu = asks(PHONE)
    assert found.is_partial
    assert found.last_sent is not None
    assert counts == {"GetRange": 1, "BatchGetRow": 2}
    assert read_cu <= MEGABYTE_CU

    found, counts, read_cu = asks(issued.challenge_id)
    assert found.latest is not None
    assert found.latest.verdict.kind == "under_way"
    assert counts == {"GetRange": 1, "BatchGetRow": 2}
    assert read_cu <= MEGABYTE_CU


def crowd(store: RowStore, names: MessageRows, subject: str, now_ms: int, *, codes: int) -> None:
    """Attempts that a limit held back a moment later, and a list full of messages."""
    person = names.person(parse_phone(PHONE))
    changes = [
        RowChange(
            challenge_key(subject, f"{number:032x}"),
            puts={
                "state": "void",
                "tenant": "shop",
                "purpose": "login",
                "country": "CN",
                "prefix": "+86138",
                "created_ms": now_ms + number,
                "expires_ms": now_ms + 300_000,
                "delivery": "sending",
                **event(now_ms + number, "requested"),
                **event(now_ms + number, "throttled", "phone_minute"),
            },
        )
        for number in range(codes)
    ]
    for number in range(LISTED_READ - 1):
        ref = MessageRef(f"{number:032x}", "0" * 16)
        at = f"at:{now_ms + number:013d}:{ref.message_id}"
        changes.append(RowChange(RowKey(person, at, RECORDS), puts={"message_id": ref.message_id}))
        if number >= LISTED_READ - 60:
            message = {"phase": 3, "status": "sent", "tenant": "shop", "template": "ship_update"}
            puts = {**message, "channel": "sms", "sealed": "x" * 900, "accepted_ms": now_ms}
            changes.append(RowChange(ref.key, puts=puts))
    for start in range(0, len(changes), 200):
        store.apply(changes[start : start + 200])
