"""POST /v1/callbacks/{secret}/sms-report and /sms-up: what the provider tells us.

Nothing about a push is signed: whoever knows the address can forge one. So the address holds a
secret, and a receipt changes nothing but a message of ours that was sent under the same number.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence

from shared.api.json_body import refuse_what_never_fits
from shared.clock import Clock
from shared.errors import NotFound
from shared.fc.events import HttpRequest
from shared.fc.responses import HttpResponse
from shared.notifications.receipts import DeliveryReport
from shared.observability.events import REPLIES_RECEIVED
from shared.observability.logs import log_event
from shared.phone import PhoneNumber
from shared.rows import RowChange, RowStore
from shared.sms.meanings import is_opt_out
from shared.sms.receipts import Reply, parse_replies, parse_reports

MAX_BODY_BYTES = 2 * 1024 * 1024
_PREFIX = "/v1/callbacks/"
_TAKEN = {"code": 0, "msg": "接收成功"}
_ROWS_A_TRIP = 200

CloseConsent = Callable[[PhoneNumber, "str | None", int], RowChange]


class ReceiveReceiptEndpoint:
    """The provider's two pushes.

    secrets: what the address may hold, the current one first and the last one while the console
    still has it. close: the change that ends promotions of a sign (None: of all) for a phone.
    """

    def __init__(
        self,
        *,
        secrets: Sequence[str],
        record: Callable[[Sequence[DeliveryReport]], int],
        store: RowStore,
        close: CloseConsent,
        clock: Clock,
    ) -> None:
        self._secrets = [secret.encode() for secret in secrets]
        self._record = record
        self._store = store
        self._close = close
        self._clock = clock

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """200 with `{"code": 0}` once all of it is written down; anything else, and it comes
        again.
        """
        secret, _, kind = request.path.removeprefix(_PREFIX).partition("/")
        given = secret.encode("utf-8", "replace")
        known = [hmac.compare_digest(given, held) for held in self._secrets]
        if not any(known) or kind not in ("sms-report", "sms-up"):
            raise NotFound
        refuse_what_never_fits(request, method="POST", max_bytes=MAX_BODY_BYTES)
        if kind == "sms-report":
            self._reports(request.body)
        else:
            self._replies(request.body)
        return HttpResponse(200, _TAKEN)

    def _reports(self, body: bytes) -> None:
        push = parse_reports(body)
        self._record(
            [
                DeliveryReport(
                    biz_id=each.biz_id,
                    phone=_phone(number),
                    out_id=each.out_id,
                    is_delivered=each.success,
                    err_code=each.err_code,
                    reported_ms=each.reported_ms,
                )
                for each in push.entries
                for number in (each.phone, each.other_phone)
                if number
            ]
        )

    def _replies(self, body: bytes) -> None:
        push = parse_replies(body)
        opt_outs = [each for each in push.entries if is_opt_out(each.content)]
        changes = list(
            {change.key: change for each in opt_outs for change in self._closings(each)}.values()
        )
        for start in range(0, len(changes), _ROWS_A_TRIP):
            self._store.apply(changes[start : start + _ROWS_A_TRIP])
        log_event(
            REPLIES_RECEIVED,
            received=len(push.entries),
            opt_outs=len(opt_outs),
            unreadable=push.problem_count,
        )

    def _closings(self, reply: Reply) -> list[RowChange]:
        at_ms = reply.sent_ms or self._clock.now_ms()
        return [
            self._close(_phone(number), reply.sign_name or None, at_ms)
            for number in (reply.phone, reply.other_phone)
            if number
        ]


def _phone(e164: str) -> PhoneNumber:
    """A number that the provider wrote; its country matters for nothing here."""
    code = 86 if e164.startswith("+86") else int(e164[1:2])
    return PhoneNumber(e164, "ZZ", code)
