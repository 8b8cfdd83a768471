"""The credentials of the moment, in the shape that the official SDKs ask for."""

from __future__ import annotations

from alibabacloud_credentials_api import ICredentials, ICredentialsProvider

from shared.aliyun.credentials import current_credentials


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
