"""What the provider knows of a notice, on the days on which it can have been sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.phone import PhoneNumber
from shared.sms.beijing import BEIJING
from shared.sms.gateway import SentDetail, SentLookup


@dataclass(frozen=True, slots=True)
class DysmsapiRecords:
    """Looks up sends around a time."""

    lookup: SentLookup

    def find(self, *, phone: PhoneNumber, at_ms: int, out_id: str) -> list[SentDetail]:
        """The sends to a phone under `out_id`, on the day of `at_ms` and, near midnight, the one
        beside it. Raises ProviderUnavailable.
        """
        days = {
            datetime.fromtimestamp(at_ms / 1000, BEIJING) + timedelta(minutes=minutes)
            for minutes in (-10, 10)
        }
        return [
            detail
            for day in sorted({at.date() for at in days})
            for detail in self.lookup.find(phone=phone, day=day, out_id=out_id)
        ]
