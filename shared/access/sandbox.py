"""Numbers with which a tenant tries things out: their codes are fixed, and nothing is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.phone import PhoneNumber


@dataclass(frozen=True, slots=True, repr=False)
class Sandbox:
    """Codes by tenant and by number in E.164. Another tenant's numbers are numbers like any."""

    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def code_for(self, tenant: str, phone: PhoneNumber) -> str | None:
        """The one code of a test number; None if it is a real one."""
        return self.codes.get(tenant, {}).get(phone.e164)

    def holds(self, tenant: str, phone: PhoneNumber) -> bool:
        """True for a test number: nothing may be sent to it."""
        return self.code_for(tenant, phone) is not None
