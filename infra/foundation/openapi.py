"""What the adapters over the official OpenAPI core share: its settings, and what its errors say.

No text of the SDK's exceptions leaves this file: they hold addresses and signatures.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

os.environ.pop("DEBUG", None)  # DEBUG=sdk makes the SDK print URLs, tokens and signatures

from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from alibabacloud_tea_openapi.utils_models import Config
from darabonba.runtime import RuntimeOptions

from infra.foundation.failures import failure_of_code
from infra.foundation.model import FoundationFailed
from infra.foundation.settings import Settings
from shared.aliyun.openapi import failure_of
from shared.observability.logs import quiet_library

_CONNECT_TIMEOUT_MS = 3_000
_READ_TIMEOUT_MS = 15_000


def openapi_config(settings: Settings, endpoint: str) -> Any:  # untyped SDK
    """Settings for a client. endpoint: a URL; empty for the service's own."""
    quiet_library("alibabacloud-tea", "darabonba-core", "urllib3")
    config = Config(
        access_key_id=settings.access_key_id,
        access_key_secret=settings.access_key_secret,
        security_token=settings.security_token or None,
        region_id=settings.region,
        connect_timeout=_CONNECT_TIMEOUT_MS,
        read_timeout=_READ_TIMEOUT_MS,
    )
    if endpoint:
        scheme, _, address = endpoint.rpartition("://")
        config.endpoint = address
        config.protocol = scheme or "https"
    return config


def answer(call: Callable[..., Any], *arguments: object) -> Any:
    """The body of an answer, None for one that has none. Raises FoundationFailed."""
    try:
        answered = call(*arguments, RuntimeOptions())
    except Exception as error:  # the SDK's transport raises more kinds than it names
        raise failed(error) from None
    return getattr(answered, "body", None)


def failed(error: Exception) -> FoundationFailed:
    """What an exception out of a client says. SLS's gateway wraps the service's code."""
    seen: BaseException | None = error
    for _ in range(6):
        if seen is None:
            break
        code = getattr(seen, "code", None)
        if isinstance(code, str) and code and not isinstance(seen, AlibabaCloudException):
            return failure_of_code(code)
        if isinstance(seen, AlibabaCloudException):
            break
        seen = getattr(seen, "inner_exception", None) or seen.__cause__ or seen.__context__
    return failure_of_code(failure_of(error).code)
