"""QuerySendDetails and QuerySendStatistics: what the platform tells of accepted messages."""

from __future__ import annotations

from infra.localcloud.core.clock import CloudClock
from infra.localcloud.dysmsapi.content import Kind
from infra.localcloud.dysmsapi.limits import DAY_S
from infra.localcloud.dysmsapi.parameters import Parameters, SmsRefused
from infra.localcloud.dysmsapi.phones import NumberIllegal, as_answered, read_number
from infra.localcloud.dysmsapi.records import (
    DayCount,
    SendRecord,
    SendRecords,
    beijing_day,
    beijing_time,
)

DAYS_KEPT = 30
PAGE_LIMIT = 50
TEMPLATE_TYPES: dict[str, Kind] = {
    "0": "code",
    "1": "notice",
    "2": "promotion",
    "3": "international",
}
"""TemplateType, as every operation but the template list names it."""


class Queries:
    """The two operations that tell of the past."""

    def __init__(self, records: SendRecords, clock: CloudClock) -> None:
        self._records = records
        self._clock = clock

    def query_send_details(self, call: Parameters) -> dict[str, object]:
        """What one number was sent on one day, of one BizId if it is given."""
        day = call.day("SendDate")
        page_size = call.number("PageSize", low=1, high=PAGE_LIMIT)
        page = call.number("CurrentPage", low=1, high=999_999)
        try:
            phone = read_number(call.required("PhoneNumber"))
        except NumberIllegal as error:
            raise SmsRefused("isv.MOBILE_NUMBER_ILLEGAL") from error
        now_s = self._clock.now_s()
        if not beijing_day(now_s - DAYS_KEPT * DAY_S) <= day <= beijing_day(now_s):
            raise SmsRefused("isv.INVALID_PARAMETERS")  # inferred: the code
        found = self._records.of_day(phone, day, call.text("BizId") or None)
        shown = found[(page - 1) * page_size : page * page_size]
        return {
            "TotalCount": len(found),
            "SmsSendDetailDTOs": {"SmsSendDetailDTO": [_detail(r.as_of(now_s)) for r in shown]},
        }

    def query_send_statistics(self, call: Parameters) -> dict[str, object]:
        """Segments per Beijing day, mainland (IsGlobe 1) or international (2)."""
        first_day, last_day = call.day("StartDate"), call.day("EndDate")
        scope = call.number("IsGlobe", low=1, high=2)
        page = call.number("PageIndex", low=1, high=999_999)
        page_size = call.number("PageSize", low=1, high=PAGE_LIMIT)
        template_type = call.text("TemplateType")
        if template_type and template_type not in TEMPLATE_TYPES:
            raise SmsRefused("isv.INVALID_PARAMETERS")
        found = self._records.per_day(
            first_day,
            last_day,
            is_international=scope == 2,
            kind=TEMPLATE_TYPES.get(template_type),
            sign_name=call.text("SignName") or None,
            now_s=self._clock.now_s(),
        )
        shown = found[(page - 1) * page_size : page * page_size]
        return {"Data": {"TotalSize": len(found), "TargetList": [_day(count) for count in shown]}}


def _detail(record: SendRecord) -> dict[str, object]:
    settled = "" if record.settles_at is None else beijing_time(record.settles_at)
    return {
        "PhoneNum": as_answered(record.phone),
        "SendStatus": record.status,
        "SendDate": beijing_time(record.sent_at),
        "ReceiveDate": settled,
        "ErrCode": record.err_code,
        "TemplateCode": record.template_code,
        "Content": record.content,
        "OutId": record.out_id,
    }


def _day(count: DayCount) -> dict[str, object]:
    # Inferred: that all four count segments; the documentation says so of the total.
    return {
        "SendDate": count.day,
        "TotalCount": count.total,
        "RespondedSuccessCount": count.delivered,
        "RespondedFailCount": count.failed,
        "NoRespondedCount": count.waiting,
    }
