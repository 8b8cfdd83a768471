"""What both use cases stand on."""

from __future__ import annotations

from dataclasses import dataclass

from shared.clock import Clock
from shared.ids import RandomBytes
from shared.otp.challenge_id import ChallengeRef
from shared.otp.challenge_rows import ChallengeRows
from shared.otp.keyring import Keyring
from shared.otp.policy import Policies
from shared.pseudonym import Pseudonyms
from shared.rows import RowStore


@dataclass(frozen=True, slots=True, repr=False)
class OtpCore:
    """The store, the keys, the policies, time and chance."""

    store: RowStore
    keyring: Keyring
    pseudonyms: Pseudonyms
    policies: Policies
    clock: Clock
    random: RandomBytes

    def rows_of(self, ref: ChallengeRef, *, tenant: str) -> ChallengeRows:
        """The rows of a tenant's challenge."""
        # Six bytes: the slot only tells the few tenants and purposes of one phone apart.
        slot = self.pseudonyms.of("slot", tenant, ref.purpose)[:6].hex()
        subject = self.pseudonyms.of("phone", ref.phone.e164)
        return ChallengeRows(ref, subject, slot, tenant)

    def new_entry(self) -> str:
        """A mark for what one request writes."""
        return self.random(8).hex()
