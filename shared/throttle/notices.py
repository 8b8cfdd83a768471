"""Limits of notices: how many messages of one template and sign a phone may get."""

from __future__ import annotations

from dataclasses import dataclass

from shared.phone import PhoneNumber
from shared.pseudonym import Pseudonyms
from shared.rows import RowKey
from shared.template import Template
from shared.throttle.ledger import RollingLedger
from shared.throttle.model import Window


@dataclass(frozen=True, slots=True)
class NoticeLimits:
    """Finds the ledger that a notice counts in; the limits are its template's."""

    pseudonyms: Pseudonyms

    def ledger(self, *, phone: PhoneNumber, template: Template) -> RollingLedger:
        """The sends of `template` to `phone`, over all tenants: the provider counts so.

        No window may be longer than the two days that the table keeps an entry: it would admit
        again what was forgotten.
        """
        name = self.pseudonyms.of("notice", template.sign_name, template.name, phone.e164)
        windows = tuple(
            Window(f"notice_{span_s}s", limit, span_s) for limit, span_s in template.per_phone
        )
        return RollingLedger(RowKey(name.hex(), "notice"), "s", windows)
