"""SendSms and SendBatchSms: check a call as the platform does, then keep a record and let the
phones receive it.

A call is accepted whole or refused whole (inferred: it has one Code for all of its numbers).
Nothing awaits between the count of the limits and the records, so parallel calls cannot share a
permit.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from infra.localcloud.core.clock import CloudClock
from infra.localcloud.dysmsapi.account import Account
from infra.localcloud.dysmsapi.catalogue import Catalogue, Template
from infra.localcloud.dysmsapi.content import count_segments, params_flaw, render, shown_text
from infra.localcloud.dysmsapi.deliveries import DeliveryPlan, Ending
from infra.localcloud.dysmsapi.limits import first_full
from infra.localcloud.dysmsapi.opt_outs import OptOuts
from infra.localcloud.dysmsapi.parameters import (
    Parameters,
    SmsRefused,
    read_json,
    read_template_params,
)
from infra.localcloud.dysmsapi.phone_states import PhoneStates
from infra.localcloud.dysmsapi.phones import NumberIllegal, is_mainland, read_number
from infra.localcloud.dysmsapi.push import ReceiptPusher
from infra.localcloud.dysmsapi.records import WAITING, SendRecord, SendRecords
from infra.localcloud.inbox.book import Inbox, InboxLoss, InboxMessage

SEND_LIMIT = 1000
BATCH_LIMIT = 100
OUT_ID_LIMIT = 255
_EXTENSION = re.compile(r"[0-9]{0,20}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Draft:
    """One message of a call, before it is checked against the template."""

    phone: str
    sign_name: str
    params: Mapping[str, str]


class Sending:
    """The two operations that send."""

    def __init__(
        self,
        catalogue: Catalogue,
        records: SendRecords,
        inbox: Inbox,
        clock: CloudClock,
        *,
        account: Account,
        deliveries: DeliveryPlan,
        opt_outs: OptOuts,
        phones: PhoneStates,
        receipts: ReceiptPusher,
    ) -> None:
        self._account = account
        self._catalogue = catalogue
        self._records = records
        self._inbox = inbox
        self._clock = clock
        self._deliveries = deliveries
        self._opt_outs = opt_outs
        self._phones = phones
        self._receipts = receipts

    def send_sms(self, call: Parameters) -> dict[str, object]:
        """One text to 1 to 1000 numbers."""
        numbers = call.required("PhoneNumbers").split(",")
        sign_name = call.required("SignName")
        template_code = call.required("TemplateCode")
        if len(numbers) > SEND_LIMIT:
            raise SmsRefused("isv.MOBILE_COUNT_OVER_LIMIT")
        is_abroad = self._is_international(template_code)
        _check_extension(call.text("SmsUpExtendCode"))
        phones = [_read_phone(number, is_abroad=is_abroad) for number in numbers]
        params = read_template_params(read_json(call.text("TemplateParam") or "{}"))
        drafts = [Draft(phone, sign_name, params) for phone in phones]
        return self._submit(call, template_code, drafts)

    def send_batch_sms(self, call: Parameters) -> dict[str, object]:
        """1 to 100 messages of one template, each with its own number, sign and variables."""
        numbers, sign_names = call.json_list("PhoneNumberJson"), call.json_list("SignNameJson")
        template_code = call.required("TemplateCode")
        if len(numbers) > BATCH_LIMIT:
            raise SmsRefused("isv.MOBILE_COUNT_OVER_LIMIT")
        has_params = bool(call.text("TemplateParamJson"))
        all_params = call.json_list("TemplateParamJson") if has_params else [{} for _ in numbers]
        has_extensions = bool(call.text("SmsUpExtendCodeJson"))
        extensions = (
            call.json_list("SmsUpExtendCodeJson") if has_extensions else [""] * len(numbers)
        )
        lengths = {len(each) for each in (numbers, sign_names, all_params, extensions)}
        if not numbers or len(lengths) > 1:
            raise SmsRefused("isv.INVALID_PARAMETERS")
        for extension in extensions:
            _check_extension(extension)
        is_abroad = self._is_international(template_code)
        drafts = [
            Draft(
                _read_phone(number, is_abroad=is_abroad),
                _read_sign_name(sign_name),
                read_template_params(params),
            )
            for number, sign_name, params in zip(numbers, sign_names, all_params, strict=True)
        ]
        return self._submit(call, template_code, drafts)

    def _submit(
        self, call: Parameters, template_code: str, drafts: list[Draft]
    ) -> dict[str, object]:
        out_id = call.text("OutId")
        if len(out_id) > OUT_ID_LIMIT:
            raise SmsRefused("isv.INVALID_PARAMETERS")
        for sign_name in dict.fromkeys(draft.sign_name for draft in drafts):
            self._check_sign(sign_name)
        template = self._usable_template(template_code)
        for draft in drafts:
            _check_draft(template, draft)
            self._check_opt_out(template, draft)
        biz_id = _new_biz_id()
        records = [self._record(template, draft, biz_id, out_id) for draft in drafts]
        full = first_full(self._records, records)
        if full is not None:
            raise SmsRefused("isv.BUSINESS_LIMIT_CONTROL", full.message)
        refusal = self._account.refusal(self._records, records)
        if refusal is not None:
            raise SmsRefused(refusal)
        endings = [self._deliveries.decide(record) for record in records]
        decided = [ending.record for ending in endings]
        self._records.add(decided)
        self._account.charge(decided)
        self._receipts.expect(decided)
        for draft, ending in zip(drafts, endings, strict=True):
            self._hand_over(draft, ending, call.request_id)
        return {"BizId": biz_id}

    def _hand_over(self, draft: Draft, ending: Ending, request_id: str) -> None:
        """Tell the inbox what becomes of a message."""
        record = ending.record
        if ending.arrives_at is None:
            self._inbox.lose(_inbox_loss(record, request_id))
            return
        message = _inbox_message(draft, record, request_id)
        if ending.arrives_at > record.sent_at:
            self._inbox.expect(message, at=ending.arrives_at)
        else:
            self._inbox.deliver(message)

    def _is_international(self, template_code: str) -> bool:
        template = self._catalogue.template(template_code)
        return template is not None and template.kind == "international"

    def _check_sign(self, name: str) -> None:
        sign = self._catalogue.sign(name)
        if sign is None:
            raise SmsRefused("isv.SMS_SIGNATURE_ILLEGAL")
        if sign.state != "approved":
            raise SmsRefused("isv.SIGN_STATE_ILLEGAL")

    def _check_opt_out(self, template: Template, draft: Draft) -> None:
        # Inferred: that it is the call that is refused, and not the receipt that tells.
        if template.kind == "promotion" and (
            self._phones.of(draft.phone) == "opted_out"
            or self._opt_outs.has(draft.phone, sign_name=draft.sign_name)
        ):
            raise SmsRefused("isv.CUSTOMER_REFUSED")

    def _usable_template(self, code: str) -> Template:
        template = self._catalogue.template(code)
        if template is None or template.state != "approved":
            raise SmsRefused("isv.SMS_TEMPLATE_ILLEGAL")
        return template

    def _record(self, template: Template, draft: Draft, biz_id: str, out_id: str) -> SendRecord:
        content = shown_text(
            template.kind,
            sign_name=draft.sign_name,
            text=render(template.content, draft.params),
        )
        return SendRecord(
            biz_id=biz_id,
            phone=draft.phone,
            sign_name=draft.sign_name,
            template_code=template.code,
            kind=template.kind,
            content=content,
            segment_count=count_segments(template.kind, content),
            out_id=out_id,
            sent_at=self._clock.now_s(),
            status=WAITING,
            err_code="",
            settles_at=None,
        )


def _read_phone(number: object, *, is_abroad: bool) -> str:
    if not isinstance(number, str):
        raise SmsRefused("isv.MOBILE_NUMBER_ILLEGAL")
    try:
        return read_number(number, is_abroad=is_abroad)
    except NumberIllegal as error:
        raise SmsRefused("isv.MOBILE_NUMBER_ILLEGAL") from error


def _check_extension(extension: object) -> None:
    # Inferred: what makes an extension wrong. The page has digits, and no length.
    if not isinstance(extension, str) or not _EXTENSION.fullmatch(extension):
        raise SmsRefused("isv.EXTEND_CODE_ERROR")


def _read_sign_name(name: object) -> str:
    if not isinstance(name, str):
        raise SmsRefused("isv.SMS_SIGNATURE_ILLEGAL")
    return name


def _check_draft(template: Template, draft: Draft) -> None:
    # The documentation has this code for a mainland number under an international template;
    # that the reverse has the same one is inferred.
    if is_mainland(draft.phone) == (template.kind == "international"):
        raise SmsRefused("isv.DOMESTIC_NUMBER_NOT_SUPPORTED")
    flaw = params_flaw(template.kind, template.content, draft.params)
    if flaw is not None:
        raise SmsRefused(flaw)


def _inbox_loss(record: SendRecord, request_id: str) -> InboxLoss:
    return InboxLoss(
        phone=record.phone,
        template_code=record.template_code,
        err_code=record.err_code,
        sent_at=record.sent_at,
        request_id=request_id,
    )


def _inbox_message(draft: Draft, record: SendRecord, request_id: str) -> InboxMessage:
    return InboxMessage(
        phone=record.phone,
        sign_name=record.sign_name,
        text=record.content,
        template_code=record.template_code,
        params=draft.params,
        out_id=record.out_id,
        biz_id=record.biz_id,
        sent_at=record.sent_at,
        request_id=request_id,
    )


def _new_biz_id() -> str:
    return f"{10**17 + secrets.randbelow(9 * 10**17)}^0"
