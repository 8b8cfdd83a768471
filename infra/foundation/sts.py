"""Whose credentials these are, by STS 2015-04-01 through the official SDK."""

from __future__ import annotations

from alibabacloud_sts20150401.client import Client

from infra.foundation.model import FoundationFailed
from infra.foundation.openapi import answer, openapi_config
from infra.foundation.settings import Settings


class StsIdentity:
    """Implements Identity."""

    def __init__(self, settings: Settings) -> None:
        self._client = Client(openapi_config(settings, settings.sts_endpoint))

    def account_id(self) -> str:
        """The account's number, by GetCallerIdentity, which needs no permission."""
        body = answer(self._client.get_caller_identity_with_options)
        if body is None or not body.account_id:
            raise FoundationFailed("answer_lost", "empty_answer")
        return str(body.account_id)
