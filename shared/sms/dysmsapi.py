"""The gateway on Alibaba Cloud SMS (Dysmsapi 2017-05-25), through the official SDK.

The SDK puts number and code into the URL and the URL into its errors: no text of its exceptions
leaves this file, and nothing of it is chained.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any

# Cost: some 0.3 s of CPU at cold start. Only functions that send import this file.
os.environ.pop("DEBUG", None)  # DEBUG=sdk makes the SDK print URLs, tokens and signatures

from alibabacloud_credentials.client import Client as CredentialClient
from alibabacloud_credentials_api import ICredentials, ICredentialsProvider
from alibabacloud_dysmsapi20170525.client import Client
from alibabacloud_dysmsapi20170525.models import SendSmsRequest
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from alibabacloud_tea_openapi.utils_models import Config
from darabonba.runtime import RuntimeOptions

from shared.aliyun.credentials import current_credentials
from shared.observability.logs import quiet_library
from shared.phone import PhoneNumber
from shared.send_outcome import (
    RefusalKind,
    SendAccepted,
    SendOutcome,
    SendRefused,
    SendUnknown,
)
from shared.sms.codes import outcome_of
from shared.sms.gateway import SmsMessage

CONNECT_TIMEOUT_MS = 1_000
READ_TIMEOUT_MS = 2_500  # the provider asks for at least 1 s

# The SDK tells a failed connection from a lost answer only in words.
_NOT_SENT = re.compile(r"NewConnectionError|ConnectTimeout|NameResolution|Failed to resolve")


class _RoleCredentials(ICredentials):  # type: ignore[misc]  # untyped base
    """The credentials of the moment, in the SDK's shape."""

    def __init__(self) -> None:
        held = current_credentials()
        self._id, self._secret = held.access_key_id, held.access_key_secret
        self._token = held.security_token

    def get_access_key_id(self) -> str:
        return self._id

    def get_access_key_secret(self) -> str:
        return self._secret

    def get_security_token(self) -> str:
        return self._token

    def get_provider_name(self) -> str:
        return "function_role"


class RoleCredentialsProvider(ICredentialsProvider):  # type: ignore[misc]  # untyped base
    """Asked by the SDK at every request, so that no token outlives its invocation."""

    def get_credentials(self) -> ICredentials:
        """The credentials of the current invocation."""
        return _RoleCredentials()

    async def get_credentials_async(self) -> ICredentials:
        """The same; the asynchronous client is not used here, as it opens a connection a call."""
        return _RoleCredentials()

    def get_provider_name(self) -> str:
        """A name for the SDK's user agent."""
        return "function_role"


class DysmsapiGateway:
    """Implements SmsGateway. endpoint: `host[:port]` or a URL; empty for the region's own."""

    def __init__(self, *, endpoint: str = "", region: str = "cn-hangzhou") -> None:
        quiet_library("credentials", "alibabacloud-tea", "darabonba-core", "urllib3")
        config = Config(
            credential=CredentialClient(provider=RoleCredentialsProvider()),
            region_id=region,
            connect_timeout=CONNECT_TIMEOUT_MS,
            read_timeout=READ_TIMEOUT_MS,
        )
        if endpoint:
            config.endpoint = endpoint
        self._client = Client(config)

    def send(self, message: SmsMessage) -> SendOutcome:
        """How one SendSms ended."""
        request = SendSmsRequest(
            phone_numbers=provider_number(message.phone),
            sign_name=message.sign_name,
            template_code=message.template_code,
            template_param=json.dumps(dict(message.params), ensure_ascii=False),
            out_id=message.out_id,
        )
        try:
            response = self._client.send_sms_with_options(request, RuntimeOptions())
        except AlibabaCloudException as error:
            return _of_service_error(error)
        except Exception as error:  # the SDK's transport raises more kinds than it names
            return _of_transport_error(error)
        body = response.body
        if body is None or not body.code:
            return SendUnknown("empty_answer")
        if body.code == "OK":
            return SendAccepted(body.biz_id or "")
        return outcome_of(body.code, body.message or "")


def provider_number(phone: PhoneNumber) -> str:
    """The number as the provider wants it: national for the mainland, else digits without `+`."""
    return phone.e164[3:] if phone.is_mainland else phone.e164[1:]


def _of_service_error(error: Any) -> SendOutcome:  # the SDK's untyped exception
    code, status = str(error.code or ""), int(getattr(error, "status_code", 0) or 0)
    if not code or (status >= 500 and code != "ServiceUnavailable"):
        return SendUnknown(code or f"http_{status}")
    return outcome_of(code, "")


def _of_transport_error(error: Exception) -> SendOutcome:
    seen: BaseException | None = error
    for _ in range(6):
        if seen is None:
            break
        if _NOT_SENT.search(f"{type(seen).__name__} {seen}"):
            return SendRefused(RefusalKind.UNAVAILABLE, "not_sent")
        seen = getattr(seen, "inner_exception", None) or seen.__cause__ or seen.__context__
    return SendUnknown("answer_lost")
