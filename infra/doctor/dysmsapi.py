"""Signs, templates and statistics (Dysmsapi 2017-05-25), through the official SDK."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from alibabacloud_dysmsapi20170525 import models
from alibabacloud_dysmsapi20170525.client import Client

from infra.doctor.model import Sent
from infra.foundation.failures import failure_of_code
from infra.foundation.model import FoundationFailed
from infra.foundation.openapi import answer, openapi_config
from infra.foundation.settings import Settings
from infra.templates.dysmsapi import DysmsapiProvider
from infra.templates.plan import Held, HeldSign, ProviderRefused

_PAGE_SIZE = 50
_MAINLAND = 1
Told = TypeVar("Told")


class DysmsapiAccount:
    """Implements SmsAccount. The templates are read once."""

    def __init__(self, settings: Settings, environment: Mapping[str, str]) -> None:
        endpoint = environment.get("SESAME_SMS_ENDPOINT", "")
        self._provider = DysmsapiProvider(
            key_id=settings.access_key_id,
            key_secret=settings.access_key_secret,
            token=settings.security_token,
            endpoint=endpoint,
        )
        self._client = Client(openapi_config(settings, endpoint))
        self._templates: Sequence[Held] | None = None

    def templates(self) -> Sequence[Held]:
        """QuerySmsTemplateList, page by page."""
        if self._templates is None:
            self._templates = _asked(self._provider.templates)
        return self._templates

    def sign(self, name: str) -> HeldSign | None:
        """GetSmsSign."""
        return _asked(lambda: self._provider.sign(name))

    def sent(self, first_day: str, last_day: str) -> Sent:
        """QuerySendStatistics."""
        request = models.QuerySendStatisticsRequest(
            start_date=first_day,
            end_date=last_day,
            is_globe=_MAINLAND,
            page_index=1,
            page_size=_PAGE_SIZE,
        )
        try:
            body = answer(self._client.query_send_statistics_with_options, request)
        except FoundationFailed as failure:
            raise _failure(failure.detail or failure.code) from None
        if body is None or body.code != "OK":
            raise _failure("answer_lost" if body is None else str(body.code))
        days = (body.data.target_list or []) if body.data else []
        return Sent(
            total=sum(each.total_count or 0 for each in days),
            delivered=sum(each.responded_success_count or 0 for each in days),
            failed=sum(each.responded_fail_count or 0 for each in days),
            waiting=sum(each.no_responded_count or 0 for each in days),
        )


def _asked(call: Callable[[], Told]) -> Told:
    try:
        return call()
    except ProviderRefused as refused:
        # Its text is the provider's code, or says in words that there was none.
        text = str(refused)
        raise _failure("answer_lost" if " " in text else text) from None


def _failure(code: str) -> FoundationFailed:
    if code == "isp.RAM_PERMISSION_DENY":
        return FoundationFailed("forbidden", code)
    return failure_of_code(code)
