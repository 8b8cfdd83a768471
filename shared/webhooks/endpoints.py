"""The tenants' endpoints, as a setting."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from shared.errors import SettingsInvalid
from shared.webhooks.sender import Endpoint


class _Endpoint(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    secrets: list[str]


def read_endpoints(text: str) -> Mapping[str, Endpoint]:
    """WEBHOOKS: `{"tenant": {"url": "https://...", "secrets": ["whsec_..."]}}`, the newest secret
    first. Raises SettingsInvalid, naming no value.
    """
    try:
        read = TypeAdapter(dict[str, _Endpoint]).validate_json(text)
        return {tenant: Endpoint(each.url, " ".join(each.secrets)) for tenant, each in read.items()}
    except (ValidationError, ValueError):
        raise SettingsInvalid("WEBHOOKS: not endpoints by tenant, with url and secrets") from None
