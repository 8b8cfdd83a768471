"""The operations on signs and templates: put up for review, look up, change, remove.

The deprecated Add/Modify/QuerySms{Sign,Template} are not here: the vendor has taken them down.
Inferred throughout: the codes of an entry that is missing, taken, or in a state that forbids the
change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from infra.localcloud.dysmsapi.catalogue import Catalogue, Sign, State, Template
from infra.localcloud.dysmsapi.content import Kind, template_flaw
from infra.localcloud.dysmsapi.parameters import Parameters, SmsRefused
from infra.localcloud.dysmsapi.queries import PAGE_LIMIT, TEMPLATE_TYPES
from infra.localcloud.dysmsapi.records import beijing_time

NAME_LIMIT = 30
_STATUS: dict[State, int] = {"reviewing": 0, "approved": 1, "rejected": 2, "cancelled": 10}
_AUDIT_STATUS: dict[State, str] = {
    "reviewing": "AUDIT_STATE_INIT",
    "approved": "AUDIT_STATE_PASS",
    "rejected": "AUDIT_STATE_NOT_PASS",
    "cancelled": "AUDIT_STATE_CANCEL",
}
_OUTER_TYPE: dict[Kind, int] = {"code": 0, "notice": 1, "promotion": 2, "international": 3}
_LIST_TYPE: dict[Kind, int] = {"notice": 0, "promotion": 1, "code": 2, "international": 6}
"""QuerySmsTemplateList numbers TemplateType in its own way."""
_Entry = TypeVar("_Entry")


class Reviews:
    """The ten operations on signs and templates."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def create_sms_sign(self, call: Parameters) -> dict[str, object]:
        """Put a new sign up for review."""
        name = call.required("SignName")
        if self._catalogue.sign(name) is not None:
            raise SmsRefused("isv.SMS_SIGN_ILLEGAL")
        sign = self._catalogue.add_sign(name)
        return {"SignName": sign.name, "OrderId": sign.order_id}

    def update_sms_sign(self, call: Parameters) -> dict[str, object]:
        """Put a sign up for review again."""
        sign = self._sign(call)
        self._catalogue.set_sign_state(sign.name, "reviewing")
        return {"SignName": sign.name, "OrderId": sign.order_id}

    def delete_sms_sign(self, call: Parameters) -> dict[str, object]:
        """Remove a sign that is not under review."""
        sign = self._sign(call)
        if sign.state == "reviewing":
            raise SmsRefused("isv.SIGN_STATE_ILLEGAL")
        self._catalogue.remove_sign(sign.name)
        return {"SignName": sign.name}

    def get_sms_sign(self, call: Parameters) -> dict[str, object]:
        """A sign, its review, and its registration with each carrier."""
        sign = self._sign(call)
        return {
            "SignName": sign.name,
            "SignStatus": _STATUS[sign.state],
            "OrderId": sign.order_id,
            "CreateDate": beijing_time(sign.created_at),
            "AuditInfo": {"RejectInfo": sign.reason},
            "SignIspRegisterDetailList": [
                {"OperatorCode": operator, "RegisterStatus": status}
                for operator, status in self._catalogue.registrations(sign).items()
            ],
        }

    def query_sms_sign_list(self, call: Parameters) -> dict[str, object]:
        """The signs, newest first, by the page."""
        return _page(
            call,
            "SmsSignList",
            [
                {
                    "SignName": sign.name,
                    "AuditStatus": _AUDIT_STATUS[sign.state],
                    "CreateDate": beijing_time(sign.created_at),
                    "OrderId": sign.order_id,
                    "Reason": {"RejectInfo": sign.reason},
                }
                for sign in self._catalogue.signs()
            ],
        )

    def create_sms_template(self, call: Parameters) -> dict[str, object]:
        """Put a new template up for review; the answer has its code."""
        name, kind, content = _wording(call)
        template = self._catalogue.add_template(
            name=name, kind=kind, content=content, sign_name=call.text("RelatedSignName")
        )
        return _template_reference(template)

    def update_sms_template(self, call: Parameters) -> dict[str, object]:
        """Change a template that is not approved, which puts it up for review again."""
        template = self._template(call)
        name, kind, content = _wording(call)
        if template.state == "approved":
            raise SmsRefused("isv.SMS_TEMPLATE_ILLEGAL")
        self._catalogue.rewrite_template(template.code, name=name, kind=kind, content=content)
        return {**_template_reference(template), "TemplateName": name}

    def delete_sms_template(self, call: Parameters) -> dict[str, object]:
        """Remove a template that is not under review."""
        template = self._template(call)
        if template.state == "reviewing":
            raise SmsRefused("isv.SMS_TEMPLATE_ILLEGAL")
        self._catalogue.remove_template(template.code)
        return {"TemplateCode": template.code}

    def get_sms_template(self, call: Parameters) -> dict[str, object]:
        """A template and its review."""
        template = self._template(call)
        return {
            **_template_reference(template),
            "TemplateContent": template.content,
            "TemplateStatus": str(_STATUS[template.state]),
            "TemplateType": str(_OUTER_TYPE[template.kind]),
            "RelatedSignName": template.sign_name,
            "CreateDate": beijing_time(template.created_at),
            "AuditInfo": {"RejectInfo": template.reason},
        }

    def query_sms_template_list(self, call: Parameters) -> dict[str, object]:
        """The templates, newest first, by the page."""
        return _page(
            call,
            "SmsTemplateList",
            [
                {
                    **_template_reference(template),
                    "TemplateContent": template.content,
                    "AuditStatus": _AUDIT_STATUS[template.state],
                    "TemplateType": _LIST_TYPE[template.kind],
                    "OuterTemplateType": _OUTER_TYPE[template.kind],
                    "SignatureName": template.sign_name,
                    "CreateDate": beijing_time(template.created_at),
                    "Reason": {"RejectInfo": template.reason},
                }
                for template in self._catalogue.templates()
            ],
        )

    def _sign(self, call: Parameters) -> Sign:
        return _found(self._catalogue.sign(call.required("SignName")), "isv.SMS_SIGNATURE_ILLEGAL")

    def _template(self, call: Parameters) -> Template:
        code = call.required("TemplateCode")
        return _found(self._catalogue.template(code), "isv.SMS_TEMPLATE_ILLEGAL")


def _found(entry: _Entry | None, code: str) -> _Entry:
    if entry is None:
        raise SmsRefused(code)
    return entry


def _wording(call: Parameters) -> tuple[str, Kind, str]:
    name, content = call.required("TemplateName"), call.required("TemplateContent")
    kind = TEMPLATE_TYPES.get(call.required("TemplateType"))
    if kind is None or len(name) > NAME_LIMIT:
        raise SmsRefused("isv.INVALID_PARAMETERS")
    flaw = template_flaw(kind, content)
    if flaw is not None:
        raise SmsRefused(flaw)
    return name, kind, content


def _template_reference(template: Template) -> dict[str, object]:
    return {
        "TemplateCode": template.code,
        "TemplateName": template.name,
        "OrderId": template.order_id,
    }


def _page(call: Parameters, name: str, entries: Sequence[object]) -> dict[str, object]:
    page = call.number("PageIndex", low=1, high=999_999, default=1)
    page_size = call.number("PageSize", low=1, high=PAGE_LIMIT, default=10)
    return {
        name: list(entries[(page - 1) * page_size : page * page_size]),
        "TotalCount": len(entries),
        "CurrentPage": page,
        "PageSize": page_size,
    }
