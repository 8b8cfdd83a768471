"""The gateway on Alibaba Cloud SMS (Dysmsapi 2017-05-25), through the official SDK.

The SDK puts number and code into the URL and the URL into its errors: no text of its exceptions
leaves this file, and nothing of it is chained.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import date
from typing import Any, Literal

# Cost: some 0.3 s of CPU at cold start. Only functions that send import this file.
os.environ.pop("DEBUG", None)  # DEBUG=sdk makes the SDK print URLs, tokens and signatures

from alibabacloud_dysmsapi20170525.client import Client
from alibabacloud_dysmsapi20170525.models import (
    QuerySendDetailsRequest,
    SendBatchSmsRequest,
    SendSmsRequest,
)
from darabonba.runtime import RuntimeOptions

from shared.aliyun.openapi import failure_of, openapi_config
from shared.errors import ProviderUnavailable
from shared.phone import PhoneNumber
from shared.send_outcome import SendAccepted, SendOutcome, SendUnknown
from shared.sms.beijing import beijing_ms
from shared.sms.codes import outcome_of
from shared.sms.gateway import SentDetail, SmsMessage

READ_TIMEOUT_MS = 2_500  # the provider asks for at least 1 s

_PAGE_SIZE = 50
_PAGES = 4
"""More than 200 messages to one number on one day are not looked through."""
_STATUSES: dict[str, Literal["waiting", "failed", "delivered"]] = {
    "1": "waiting",
    "2": "failed",
    "3": "delivered",
}


class DysmsapiGateway:
    """Implements BatchGateway and SentLookup. endpoint: `host[:port]` or a URL; empty for the
    region's own.
    """

    def __init__(self, *, endpoint: str = "", region: str = "cn-hangzhou") -> None:
        self._client = Client(
            openapi_config(endpoint=endpoint, region=region, read_timeout_ms=READ_TIMEOUT_MS)
        )

    def send(self, message: SmsMessage) -> SendOutcome:
        """How one SendSms ended."""
        request = SendSmsRequest(
            phone_numbers=provider_number(message.phone),
            sign_name=message.sign_name,
            template_code=message.template_code,
            template_param=_json(dict(message.params)),
            out_id=message.out_id,
        )
        return _outcome(self._client.send_sms_with_options, request)

    def send_batch(self, messages: Sequence[SmsMessage]) -> SendOutcome:
        """How one SendBatchSms ended: one code and one BizId for all."""
        request = SendBatchSmsRequest(
            phone_number_json=_json([provider_number(each.phone) for each in messages]),
            sign_name_json=_json([each.sign_name for each in messages]),
            template_param_json=_json([dict(each.params) for each in messages]),
            template_code=messages[0].template_code,
            out_id=messages[0].out_id,
        )
        return _outcome(self._client.send_batch_sms_with_options, request)

    def find(self, *, phone: PhoneNumber, day: date, out_id: str) -> list[SentDetail]:
        """What QuerySendDetails tells. Raises ProviderUnavailable."""
        found: list[SentDetail] = []
        for page in range(1, _PAGES + 1):
            records, total = self._page(phone, day, page)
            found += [_detail(record) for record in records if record.out_id == out_id]
            if page * _PAGE_SIZE >= total or not records:
                break
        return found

    def _page(
        self, phone: PhoneNumber, day: date, page: int
    ) -> tuple[list[Any], int]:  # the SDK's untyped records
        request = QuerySendDetailsRequest(
            phone_number=provider_number(phone),
            send_date=day.strftime("%Y%m%d"),
            page_size=_PAGE_SIZE,
            current_page=page,
        )
        try:
            body = self._client.query_send_details_with_options(request, RuntimeOptions()).body
            code = str(body.code or "empty_answer")
            listed = body.sms_send_detail_dtos
            records = list((listed.sms_send_detail_dto if listed else None) or [])
            total = int(body.total_count or 0)
        except Exception as error:  # the SDK's transport raises more kinds than it names
            raise ProviderUnavailable(failure_of(error).code) from None
        if code != "OK":
            raise ProviderUnavailable(code)
        return records, total


def provider_number(phone: PhoneNumber) -> str:
    """The number as the provider wants it: national for the mainland, else digits without `+`."""
    return phone.e164[3:] if phone.is_mainland else phone.e164[1:]


def _outcome(call: Any, request: Any) -> SendOutcome:  # the SDK's untyped methods and requests
    try:
        body = call(request, RuntimeOptions()).body
    except Exception as error:  # the SDK's transport raises more kinds than it names
        failure = failure_of(error)
        if not failure.is_clear:
            return SendUnknown(failure.code)
        return outcome_of(failure.code, "", retry_after_s=failure.retry_after_s)
    if body is None or not body.code:
        return SendUnknown("empty_answer")
    if body.code == "OK":
        return SendAccepted(body.biz_id or "")
    return outcome_of(body.code, body.message or "")


def _detail(record: Any) -> SentDetail:  # the SDK's untyped record; its content is never kept
    return SentDetail(
        # A status that is not known settles nothing, so it is still waited for.
        status=_STATUSES.get(str(record.send_status), "waiting"),
        err_code=str(record.err_code or ""),
        sent_ms=beijing_ms(record.send_date),
        received_ms=beijing_ms(record.receive_date),
        out_id=record.out_id,
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
