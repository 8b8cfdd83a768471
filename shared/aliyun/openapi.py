"""What every client over the official OpenAPI core shares: its settings, and what its errors say.

The SDK puts parameters into the URL and the URL into its errors: no text of them leaves this file.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any

os.environ.pop("DEBUG", None)  # DEBUG=sdk makes the SDK print URLs, tokens and signatures

from alibabacloud_credentials.client import Client as CredentialClient
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from alibabacloud_tea_openapi.utils_models import Config

from shared.aliyun.role_provider import RoleCredentialsProvider
from shared.errors import ProviderUnavailable
from shared.observability.logs import quiet_library

CONNECT_TIMEOUT_MS = 1_000

# The SDK tells a failed connection from a lost answer only in words.
_NOT_SENT = re.compile(r"NewConnectionError|ConnectTimeout|NameResolution|Failed to resolve")


@dataclass(frozen=True, slots=True)
class OpenApiFailure:
    """How a call failed. code: the service's, `not_sent`, `answer_lost` or `http_<status>`.

    is_clear: nothing was done. retry_after_s: what the gateway asks for, if it does.
    """

    code: str
    is_clear: bool
    retry_after_s: int | None = None


def openapi_config(*, endpoint: str, region: str, read_timeout_ms: int) -> Any:  # untyped SDK
    """Settings for a client that signs as the invocation; empty endpoint: the region's own."""
    quiet_library("credentials", "alibabacloud-tea", "darabonba-core", "urllib3")
    config = Config(
        credential=CredentialClient(provider=RoleCredentialsProvider()),
        region_id=region,
        connect_timeout=CONNECT_TIMEOUT_MS,
        read_timeout=read_timeout_ms,
    )
    if endpoint:
        config.endpoint = endpoint
    return config


def failure_of(error: Exception) -> OpenApiFailure:
    """What an exception out of a client's call says."""
    if not isinstance(error, AlibabaCloudException):
        return _of_transport(error)
    code, status = str(error.code or ""), int(getattr(error, "status_code", 0) or 0)
    if not code or (status >= 500 and code != "ServiceUnavailable"):
        return OpenApiFailure(code or f"http_{status}", is_clear=False)
    wait_ms = getattr(error, "retry_after", None)  # `x-acs-retry-after`, in milliseconds
    wait_s = -(-wait_ms // 1000) if isinstance(wait_ms, int) and wait_ms > 0 else None
    return OpenApiFailure(code, is_clear=True, retry_after_s=wait_s)


def _of_transport(error: Exception) -> OpenApiFailure:
    seen: BaseException | None = error
    for _ in range(6):
        if seen is None:
            break
        if isinstance(seen, ProviderUnavailable):  # there are no credentials to sign with
            return OpenApiFailure(seen.reason, is_clear=True)
        if _NOT_SENT.search(f"{type(seen).__name__} {seen}"):
            return OpenApiFailure("not_sent", is_clear=True)
        seen = getattr(seen, "inner_exception", None) or seen.__cause__ or seen.__context__
    return OpenApiFailure("answer_lost", is_clear=False)
