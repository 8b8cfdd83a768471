"""Receipts of codes: what the network says became of a send, on its challenge's row.

The send's mark and the challenge's random bits travel as `OutId`, which the provider echoes, so a
receipt needs no look-up. Neither opens anything: a challenge id is sealed under a key, and the code
follows from that key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from shared.otp.challenge_rows import challenge_row
from shared.phone import PhoneNumber
from shared.pseudonym import Pseudonyms
from shared.rows import Require, RowChange
from shared.timeline import event

_OUT_ID = re.compile(r"otp-([0-9a-f]{16})-([0-9a-f]{32})")
_RANKS = {"undelivered": 1, "delivered": 2}


@dataclass(frozen=True, slots=True)
class CodeReceipts:
    """Knows the rows that receipts of codes are about."""

    pseudonyms: Pseudonyms

    def change(
        self,
        *,
        out_id: str,
        phone: PhoneNumber,
        is_delivered: bool,
        err_code: str,
        reported_ms: int,
        push: str,
    ) -> tuple[RowChange, str] | None:
        """Write one down, if it says something new of a send of ours to that phone, and the mark of
        that send; None if it is of no code. push: names what brought it; whether it was news is
        then in the row.
        """
        found = _OUT_ID.fullmatch(out_id)
        if found is None:
            return None
        entry, nonce = found[1], found[2]
        status = "delivered" if is_delivered else "undelivered"
        mark = f"by_{status}_{entry}"
        change = RowChange(
            challenge_row(self.pseudonyms.of("phone", phone.e164).hex(), nonce),
            requires=(
                # Only a challenge that exists: a number or a mark that is not ours names no row.
                Require("created_ms", ">", 0),
                Require(f"rank_{entry}", "<", _RANKS[status], if_missing=True),
            ),
            puts={
                f"rank_{entry}": _RANKS[status],
                mark: push,
                f"code_{status}_{entry}": err_code or "-",
                f"{status}_ms_{entry}": reported_ms,
                **event(reported_ms, status, err_code),
            },
            proof=(mark, push),
        )
        return change, entry
