"""The name under which a phone's row keeps the live challenge of one tenant and purpose."""

from __future__ import annotations

from shared.pseudonym import Pseudonyms


def slot_of(pseudonyms: Pseudonyms, tenant: str, purpose: str) -> str:
    """Twelve hex digits that stand for tenant and purpose."""
    return pseudonyms.of("slot", tenant, purpose)[:6].hex()
