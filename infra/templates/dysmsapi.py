"""The account's signs and templates (Dysmsapi 2017-05-25), through the official SDK.

No text of the SDK's exceptions leaves this file: they hold URLs and signatures.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import Any

os.environ.pop("DEBUG", None)  # DEBUG=sdk makes the SDK print URLs, tokens and signatures

from alibabacloud_dysmsapi20170525 import models
from alibabacloud_dysmsapi20170525.client import Client
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from alibabacloud_tea_openapi.utils_models import Config
from darabonba.runtime import RuntimeOptions

from infra.sms_catalogue import SIGN_NAME, Kind, Template, catalogue
from infra.templates.plan import Held, HeldSign, ProviderRefused, Registration, State
from shared.template import Template as Notification
from shared.template import VariableKind

PAGE_SIZE = 50
_TYPES: dict[Kind, int] = {"code": 0, "notice": 1, "promotion": 2, "international": 3}
_AUDIT_STATES: dict[str, State] = {
    "AUDIT_STATE_INIT": "reviewing",
    "AUDIT_STATE_PASS": "approved",
    "AUDIT_STATE_NOT_PASS": "rejected",
    "AUDIT_STATE_CANCEL": "cancelled",
}
_STATES: dict[str, State] = {"0": "reviewing", "1": "approved", "2": "rejected", "10": "cancelled"}
_REGISTRATIONS: dict[int, Registration] = {
    -2: "none",
    -1: "in_progress",
    0: "failed",
    1: "unverified",
    2: "lapsed",
    3: "registered",
}
# Variable attributes (document 2806243). `money` takes bare figures, ours may be masked or have a
# currency. That `others` is right for those is inferred.
_ATTRIBUTES: dict[VariableKind, str] = {
    "text": "others",
    "number": "other_number2",
    "code": "other_number2",
    "amount": "others",
    "time": "time",
}
_NO_SIGN = "isv.SMS_SIGNATURE_ILLEGAL"  # inferred: the code for a sign that is not there


class DysmsapiProvider:
    """Implements Provider. endpoint: `host[:port]` or a URL; empty for the region's own."""

    def __init__(
        self, *, key_id: str, key_secret: str, token: str = "", endpoint: str = ""
    ) -> None:
        config = Config(
            access_key_id=key_id,
            access_key_secret=key_secret,
            security_token=token or None,
            region_id="cn-hangzhou",
            connect_timeout=3_000,
            read_timeout=10_000,
        )
        if endpoint:
            config.endpoint = endpoint.partition("://")[2] or endpoint
            if endpoint.startswith("http://"):
                config.protocol = "http"
        self._client = Client(config)

    def templates(self) -> list[Held]:
        """Every template of the account, page by page; the reasons are those of the reviewers."""
        held: list[Held] = []
        page = 1
        while True:
            body = _answer(
                self._client.query_sms_template_list_with_options,
                models.QuerySmsTemplateListRequest(page_index=page, page_size=PAGE_SIZE),
            )
            listed = body.sms_template_list or []
            held += [self._held(each) for each in listed]
            if len(listed) < PAGE_SIZE:
                return held
            page += 1

    def sign(self, name: str) -> HeldSign | None:
        """A sign, its review, and its registration with each carrier."""
        try:
            body = _answer(
                self._client.get_sms_sign_with_options, models.GetSmsSignRequest(sign_name=name)
            )
        except ProviderRefused as refused:
            if str(refused) == _NO_SIGN:
                return None
            raise
        return HeldSign(
            name=name,
            state=_known(_STATES, str(body.sign_status)),
            reason=(body.audit_info.reject_info or "") if body.audit_info else "",
            registrations={
                each.operator_code: _known(_REGISTRATIONS, each.register_status)
                for each in body.sign_isp_register_detail_list or []
            },
        )

    def create(self, template: Template) -> str:
        """Put a new template up for review; its code."""
        body = _answer(
            self._client.create_sms_template_with_options,
            models.CreateSmsTemplateRequest(**wording(template)),
        )
        return str(body.template_code)

    def update(self, code: str, template: Template) -> None:
        """Change a template, which puts it up for review again."""
        _answer(
            self._client.update_sms_template_with_options,
            models.UpdateSmsTemplateRequest(template_code=code, **wording(template)),
        )

    def _held(self, listed: Any) -> Held:  # the SDK's untyped model
        return Held(
            code=listed.template_code,
            name=listed.template_name,
            content=listed.template_content or "",
            state=_known(_AUDIT_STATES, listed.audit_status),
            reason=(listed.reason.reject_info or "") if listed.reason else "",
        )


def provider_from(environment: Mapping[str, str]) -> DysmsapiProvider:
    """By SESAME_SMS_ENDPOINT and ALIBABA_CLOUD_*. Raises KeyError for a key that is not set."""
    return DysmsapiProvider(
        key_id=environment["ALIBABA_CLOUD_ACCESS_KEY_ID"],
        key_secret=environment["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
        token=environment.get("ALIBABA_CLOUD_SECURITY_TOKEN", ""),
        endpoint=environment.get("SESAME_SMS_ENDPOINT", ""),
    )


def wording(template: Template) -> dict[str, Any]:  # keywords of the SDK's models
    """What is submitted of a template, for a new one and for a change."""
    fields: dict[str, Any] = {
        "template_name": template.name,
        "template_type": _TYPES[template.kind],
        "template_content": template.content,
        "template_rule": json.dumps(_rule(template)),
        "remark": f"{template.purpose}: {template.content}",
    }
    if template.kind == "international":
        fields["intl_type"] = _international_type(template)
    else:
        fields["related_sign_name"] = SIGN_NAME
    return fields


def _rule(template: Template) -> dict[str, str]:
    if not template.is_notification:
        return {"code": "numberCaptcha"}
    return {each.name: _ATTRIBUTES[each.kind] for each in _notification(template).variables}


def _international_type(template: Template) -> int:
    if not template.is_notification:
        return 2
    return 1 if _notification(template).kind == "promotion" else 0


def _notification(template: Template) -> Notification:
    return next(each for each in catalogue() if each.name == template.purpose)


def _answer(call: Callable[..., Any], request: object) -> Any:
    try:
        body = call(request, RuntimeOptions()).body
    except AlibabaCloudException as error:
        raise ProviderRefused(str(error.code or "no_code")) from None
    except Exception as error:  # the SDK's transport raises more kinds than it names
        raise ProviderRefused(f"no answer: {type(error).__name__}") from None
    if body is None or body.code != "OK":
        raise ProviderRefused(str(body.code) if body is not None else "empty answer")
    return body


def _known(table: Mapping[Any, Any], value: object) -> Any:
    if value not in table:
        raise ProviderRefused(f"a state that is not known: {value}")
    return table[value]
