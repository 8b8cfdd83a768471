"""Secrets of KMS Secrets Manager (2016-01-20), through the official OpenAPI core.

Read once an instance, as it starts: an instance keeps the keys that it began with, so a rotation
reaches all of them when the last old instance has ended.
"""

from __future__ import annotations

from alibabacloud_tea_openapi.client import Client
from alibabacloud_tea_openapi.utils_models import OpenApiRequest, Params
from darabonba.runtime import RuntimeOptions

from shared.aliyun.openapi import failure_of, openapi_config
from shared.errors import ProviderUnavailable, SettingsInvalid

READ_TIMEOUT_MS = 3_000
_GET_SECRET_VALUE = {
    "action": "GetSecretValue",
    "version": "2016-01-20",
    "protocol": "HTTPS",
    "pathname": "/",
    "method": "POST",
    "auth_type": "AK",
    "style": "RPC",
    "req_body_type": "formData",
    "body_type": "json",
}


class KmsSecrets:
    """Implements SecretSource. endpoint: `host[:port]` or a URL; empty: the region's own."""

    def __init__(self, *, endpoint: str, region: str) -> None:
        self._client = Client(
            openapi_config(
                endpoint=endpoint or f"kms.{region}.aliyuncs.com",
                region=region,
                read_timeout_ms=READ_TIMEOUT_MS,
            )
        )

    def __call__(self, name: str) -> str:
        """The current version of the secret. Raises SettingsInvalid with the service's code if it
        is not there for this role, ProviderUnavailable if KMS cannot be asked now.
        """
        request = OpenApiRequest(query={"SecretName": name})
        try:
            answer = self._client.call_api(Params(**_GET_SECRET_VALUE), request, RuntimeOptions())
        except Exception as error:  # the SDK's transport raises more kinds than it names
            failure = failure_of(error)
            if failure.is_clear and failure.code.startswith("Forbidden"):
                raise SettingsInvalid(f"kms:{name}: {failure.code}") from None
            raise ProviderUnavailable(f"kms:{failure.code}") from None
        text = answer.get("body", {}).get("SecretData")
        if not isinstance(text, str) or not text:
            raise SettingsInvalid(f"kms:{name}: empty_answer")
        return text
